// SPDX-License-Identifier: MIT
// replyfrom-check MODE[:PROFILE] LIBRARY COMMAND [ARGUMENT]...: the check before a start as a
// program of its own, for replyfrom --unit and for a replyfrom of another ABI. PROFILE is the one
// of AppArmor that the command will be started with.

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "./check.h"

int main(int count, char **arguments)
{
	char *profile;

	if (count == 2 && !strcmp(arguments[1], LIBRARY_ALIVE)) {
		library_answer();
		return 0;
	}
	profile = count >= 4 ? strchr(arguments[1], ':') : NULL;
	if (profile)
		*profile++ = '\0';
	for (int mode = CHECK_START; count >= 4 && mode <= CHECK_FORCE; mode++)
		if (!strcmp(arguments[1], check_mode_name((enum check_mode)mode)))
			check_run((enum check_mode)mode, profile, arguments[2],
				  program_invocation_name, arguments + 3);
	message_fail(EXIT_OURS, "replyfrom-check is a part of replyfrom: start that");
}
