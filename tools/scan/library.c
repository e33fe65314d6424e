// SPDX-License-Identifier: MIT
// Finds the library among the mappings of a process (proc_pid_maps(5)).

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "./library.h"
#include "./process.h"

#define REPLACED " (deleted)" /* the kernel puts it behind the path */

enum { FILES_MOST = 16, LOOKS = 3 };

/* A mapped file whose name is the library's. */
struct file {
	uint64_t device, inode, base;
	unsigned int mappings;
	bool based, executable, replaced;
};

/* Cuts `end` off `text`; returns false if it does not end so. */
static bool cut(char *text, const char *end)
{
	size_t length = strlen(text), rest = strlen(end);

	if (length < rest || strcmp(text + length - rest, end))
		return false;
	text[length - rest] = '\0';
	return true;
}

/* libreplyfrom.so, or such as libreplyfrom-musl.so and libreplyfrom.so.1. */
static bool is_named(const char *path)
{
	const char *name = strrchr(path, '/');

	return name && !strncmp(name, "/libreplyfrom", strlen("/libreplyfrom")) &&
	       strstr(name, ".so");
}

/* Notes a line of maps; returns the number of files that are known then. */
static unsigned int read_line(char *line, struct file *files, unsigned int count)
{
	uint64_t start, offset, inode;
	unsigned int major, minor, i;
	char permissions[5];
	int length = 0;
	bool replaced;

	if (sscanf(line, "%" SCNx64 "-%*x %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &start,
		   permissions, &offset, &major, &minor, &inode, &length) != 6 ||
	    !length)
		return count;
	line += length;
	cut(line, "\n");
	replaced = cut(line, REPLACED);
	if (!is_named(line))
		return count;
	for (i = 0; i < count; i++)
		if (files[i].inode == inode && files[i].device == ((uint64_t)major << 32 | minor))
			break;
	if (i == FILES_MOST)
		return count;
	if (i == count)
		files[count++] =
			(struct file){ .device = (uint64_t)major << 32 | minor, .inode = inode };
	files[i].mappings++;
	files[i].replaced |= replaced;
	files[i].executable |= permissions[2] == 'x';
	if (!offset && !files[i].based) {
		files[i].based = true;
		files[i].base = start;
	}
	return count;
}

/* Finds the files. Returns how many, or -1 and an errno. */
static int read_maps(pid_t thread, struct file *files)
{
	FILE *maps = process_open(thread, "maps");
	char *line = NULL;
	size_t room = 0;
	unsigned int count = 0;
	bool empty = true;

	if (!maps)
		return -1;
	errno = 0;
	while (getline(&line, &room, maps) > 0) {
		empty = false;
		count = read_line(line, files, count);
	}
	free(line);
	fclose(maps);
	return empty && errno ? -1 : (int)count; /* it opens, but may not be read */
}

/* A library that is loaded has several mappings, one of which is executable. */
static void judge(pid_t thread, const struct file *file, struct library *library)
{
	struct library found = { .replaced = file->replaced };

	if (file->mappings == 1)
		found.state = file->executable ? LIBRARY_STRANGER : LIBRARY_UNUSABLE;
	else if (!file->based)
		found.state = LIBRARY_STRANGER;
	else if (!file->executable)
		found.state = LIBRARY_UNUSABLE;
	else
		found.state = counters_read(thread, file->base, &found);
	if (found.state > library->state)
		*library = found;
}

void library_find(pid_t thread, struct library *library)
{
	struct file files[FILES_MOST];

	/* Again if the process executed another program while it was examined. */
	for (int look = 0; look < LOOKS; look++) {
		int count = read_maps(thread, files);

		*library = (struct library){ .state = LIBRARY_ABSENT };
		if (count < 0)
			library->state =
				errno == ENOENT || errno == ESRCH ? LIBRARY_GONE : LIBRARY_HIDDEN;
		for (int i = 0; i < count; i++)
			judge(thread, &files[i], library);
		if (library->state != LIBRARY_UNKNOWN && library->state != LIBRARY_STRANGER)
			break;
	}
}
