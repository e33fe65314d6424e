// SPDX-License-Identifier: MIT
// Preloaded in two copies around the library: the time between their constructors is its start.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* The copy that is loaded last starts first and leaves its time in the environment. */
__attribute__((constructor)) static void stamp(void)
{
	struct timespec time;
	uint64_t nanoseconds;
	const char *before = getenv("BENCH_STAMP");
	char text[32];

	clock_gettime(CLOCK_MONOTONIC, &time);
	nanoseconds = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
	if (before) {
		dprintf(STDERR_FILENO, "%llu\n",
			(unsigned long long)nanoseconds - strtoull(before, NULL, 10));
		return;
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)nanoseconds);
	setenv("BENCH_STAMP", text, 1);
}
