/* SPDX-License-Identifier: MIT */
/* A process that executes sequences, with the library in front or without. */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include <sys/types.h>

#include "world.h"

struct executor {
	pid_t process;
	int requests, answers;
	struct trace *trace; /* of the last run */
	const char *preload; /* NULL: none */
	const char *fault;   /* what fails for the library (tests/faults/fault.h), NULL: nothing */
	unsigned int runs;
};

/* Calls to leave out are 0 bits in `keep`. */
struct request {
	uint64_t seed, keep;
	uint16_t base;
};

/* Starts a run; executor_await() returns how it ended, in words, NULL for "in time and well". */
void executor_start(struct executor *executor, const struct request *request);
const char *executor_await(struct executor *executor);
void executor_end(struct executor *executor);

/* What the process itself does, never to return: started again by this name. */
#define EXECUTOR_NAME "executor"
_Noreturn void executor_main(void);

#endif
