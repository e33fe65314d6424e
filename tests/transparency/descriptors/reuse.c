// SPDX-License-Identifier: MIT
// A number that the library knows as a helped socket, closed in all ways and used again.

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "../../lib/kernel_call.h"
#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "reuse.h"

static void by_close(int fd)
{
	close(fd);
}

static void by_close_range(int fd)
{
	need(kernel_call(SYS_close_range, fd, fd, 0), "close_range");
}

static void by_fclose(int fd)
{
	fclose(fdopen(fd, "r+"));
}

static void by_system_call(int fd)
{
	kernel_call(SYS_close, fd);
}

const struct way ways_to_close[] = {
	{ "close", by_close },
	{ "close_range", by_close_range },
	{ "fclose", by_fclose },
	{ "kernel_call(SYS_close)", by_system_call },
};
const size_t ways_to_close_count = sizeof(ways_to_close) / sizeof(*ways_to_close);

int reuse_number(const struct way *way, make_ends *make, bool hidden, int *other)
{
	int number = wildcard_socket(AF_INET, SERVER_PORT), ends[2];

	answers(number, SERVER_PORT);
	if (!hidden) {
		way->close(number);
		make(ends, false);
		if (ends[0] != number) {
			need(dup2(ends[0], number), "dup2");
			close(ends[0]);
		}
	} else {
		make(ends, true);
		way->close(number);
		need(kernel_call(SYS_dup3, ends[0], number, 0), "dup3");
		kernel_call(SYS_close, ends[0]);
	}
	*other = ends[1];
	return number;
}

int count_open(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}
