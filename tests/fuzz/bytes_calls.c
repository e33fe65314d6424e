// SPDX-License-Identifier: MIT
/*
 * Fuzz target: any bytes as a sequence of socket calls, done without the library and with it
 * (differential.c). The processes that do the calls write their coverage, the library's above all,
 * to the memory that the fuzzer of this one reads, when it is AFL++.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "both.h"
#include "executor.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	if (!strcmp(**argv, EXECUTOR_NAME))
		executor_main();
	signal(SIGPIPE, SIG_IGN);
	both_start(NULL, 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sequence sequence;
	const char *difference;

	sequence_read(&sequence, data, size);
	difference = both_run(&sequence, UINT64_MAX);
	if (!difference)
		return 0;
	fprintf(stderr, "%s\n", difference);
	abort();
}
