// SPDX-License-Identifier: MIT
// Starts a program with libreplyfrom.so preloaded, or one of the programs behind its other options.
// Each of them takes the place of this process: nothing of the wrapper is left, and nothing but
// LD_PRELOAD and REPLYFROM_* changes for the program.

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/check.h"
#include "./message.h"
#include "./options.h"
#include "./parts.h"

/* Becomes the part with these arguments, NULL after the last, and then the rest of the command
 * line. */
static _Noreturn void become(const char *part, const char *const *before, char **rest)
{
	size_t count = 0, kept = 0, next = 0;
	const char **arguments;

	while (before[count])
		count++;
	while (rest[kept])
		kept++;
	arguments = calloc(1 + count + kept + 1, sizeof(*arguments));
	if (!arguments)
		message_fail(EXIT_OURS, "no memory for the arguments");
	arguments[next++] = part;
	for (size_t i = 0; i < count; i++)
		arguments[next++] = before[i];
	for (size_t i = 0; i < kept; i++)
		arguments[next++] = rest[i];
	execv(part, (char **)(uintptr_t)arguments);
	message_fail(EXIT_OURS, "%s: %s", part, strerror(errno));
}

#define BECOME(part, rest, ...) become(part, (const char *const[]){ __VA_ARGS__, NULL }, rest)

int main(int count, char **arguments)
{
	static struct parts parts;
	struct options options;
	const char *format;

	options_read(&options, arguments + !!count);
	parts_find(&parts);
	format = options.json ? "json" : "text";
	switch (options.mode) {
	case PROBE:
		BECOME(parts.probe, options.rest, format, options.request ? options.request : "");
	case SCAN:
		BECOME(parts.scan, options.rest, format);
	case STATUS:
		BECOME(parts.status, options.rest, format, options.all ? "--all" : NULL);
	case UNIT:
		BECOME(parts.unit, options.rest, parts.check, parts.library, options.unit_action);
	case CHECK:
		check_run(CHECK_ONLY, NULL, parts.library, parts.check, options.rest);
	case FORCE:
		check_run(CHECK_FORCE, NULL, parts.library, parts.check, options.rest);
	case START:
		break;
	}
	check_run(CHECK_START, NULL, parts.library, parts.check, options.rest);
}
