// SPDX-License-Identifier: MIT
// A process as /proc shows it (proc(5)).

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "./process.h"

#define LIBRARY	 "/libreplyfrom.so"
#define REPLACED " (deleted)" /* the kernel puts it behind the path */

FILE *process_open(pid_t pid, const char *name)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/%s", name);
	return fopen(path, "re");
}

void process_name(pid_t pid, char name[NAME_MOST])
{
	FILE *file = process_open(pid, "comm");

	if (!file || !fgets(name, NAME_MOST, file))
		strcpy(name, "?");
	name[strcspn(name, "\n")] = '\0';
	/* A process chooses its name. */
	for (char *letter = name; *letter; letter++)
		if (*letter < ' ' || *letter > '~' || *letter == '"' || *letter == '\\')
			*letter = '?';
	if (file)
		fclose(file);
}

/* Cuts `end` off `text`; false if it does not end so. */
static bool cut(char *text, const char *end)
{
	size_t length = strlen(text), rest = strlen(end);

	if (length < rest || strcmp(text + length - rest, end))
		return false;
	text[length - rest] = '\0';
	return true;
}

enum mapped process_library(pid_t pid, struct mapping *mapping)
{
	FILE *maps = process_open(pid, "maps");
	enum mapped found = NOT_MAPPED;
	char line[PATH_MAX + 128];
	bool empty = true;

	if (!maps)
		return errno == ENOENT || errno == ESRCH ? NOT_MAPPED : NOT_SEEN;
	errno = 0;
	while (found == NOT_MAPPED && fgets(line, sizeof(line), maps)) {
		uint64_t offset;

		empty = false;
		cut(line, "\n");
		mapping->replaced = cut(line, REPLACED);
		if (cut(line, LIBRARY) &&
		    sscanf(line, "%" SCNx64 "-%*x %*s %" SCNx64, &mapping->base, &offset) == 2 &&
		    !offset)
			found = MAPPED;
	}
	if (empty && errno) /* the file opens, but may not be read */
		found = NOT_SEEN;
	fclose(maps);
	return found;
}
