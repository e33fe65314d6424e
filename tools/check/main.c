// SPDX-License-Identifier: MIT
// replyfrom-check MODE[:PROFILE] LIBRARY[:ENGINE[:no-connect]] COMMAND [ARGUMENT]...: the check
// before a start as a program of its own, for replyfrom --unit and for a replyfrom of another ABI.
// PROFILE is the one of AppArmor that the command will be started with; ENGINE the second engine's
// path, if that may be taken. No path of ours has a colon in it: LD_PRELOAD could not express it.

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "./check.h"

int main(int count, char **arguments)
{
	struct start start = { .engine = ENGINE_PRELOAD, .checker = program_invocation_name };
	char *profile, *engine, *end;

	if (count == 2 && !strcmp(arguments[1], LIBRARY_ALIVE)) {
		library_answer();
		return 0;
	}
	profile = count >= 4 ? strchr(arguments[1], ':') : NULL;
	if (profile)
		*profile++ = '\0';
	start.profile = profile;
	engine = count >= 4 ? strchr(arguments[2], ':') : NULL;
	if (engine) {
		*engine++ = '\0';
		start.engine = ENGINE_AUTO;
		start.bpf = engine;
		end = strchr(engine, ':');
		start.no_connect = end && !strcmp(end, NO_CONNECT);
		if (end)
			*end = '\0';
	}
	for (int mode = CHECK_START; count >= 4 && mode <= CHECK_FORCE; mode++) {
		start.mode = (enum check_mode)mode;
		start.library = arguments[2];
		if (!strcmp(arguments[1], check_mode_name(start.mode)))
			check_run(&start, arguments + 3);
	}
	message_fail(EXIT_OURS, "replyfrom-check is a part of replyfrom: start that");
}
