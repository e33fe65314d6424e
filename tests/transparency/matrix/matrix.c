// SPDX-License-Identifier: MIT
// Compares receiving and sending under the library with the kernel itself, over a generated matrix.
// and buffers.

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "matrix.h"
#include "outcome.h"
#include "../../lib/deadline.h"
#include "../../lib/loopback.h"
#include "../../lib/preload.h"

/* Deadlines, many times what the test takes: a call that should not have blocked ends it. */
enum { PATIENCE = 30, REPORTS = 10 };

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*compare)(void);
	} parts[] = {
#ifndef BY_NUMBER /* behind the hooks it is the same code, and these take the most time */
		{ "control data", matrix_control },   { "vectors", matrix_vectors },
#endif
		{ "shapes of calls", matrix_shapes }, { "queued errors", matrix_errors },
		{ "socket options", matrix_options }, { "sending", matrix_sends },
	};

	run_under_library(argv);
	alarm((unsigned int)deadline() * PATIENCE);
	make_sides(true);
	loopback_await_timestamps();
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		unsigned long combinations_before = combinations, before = differences;

		if (argc > 1 && strcmp(argv[1], parts[i].name))
			continue;
		reports_left = REPORTS;
		parts[i].compare();
		printf("%s: %lu combinations, %lu different\n", parts[i].name,
		       combinations - combinations_before, differences - before);
		fflush(stdout);
	}
	printf("%lu combinations, %lu different\n", combinations, differences);
	return differences || !combinations;
}
