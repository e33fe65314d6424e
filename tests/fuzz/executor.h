/* SPDX-License-Identifier: MIT */
/* A process that executes sequences, with the library in front or without. */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include <stdint.h>
#include <sys/types.h>

#include "sequence.h"
#include "world.h"

struct executor {
	pid_t process;
	int requests, answers;
	struct trace *trace;  /* of the last run */
	const char *preload;  /* NULL: none */
	const char *fault;    /* what fails for the library (tests/transparency/faults/fault.h), NULL: nothing */
	uint32_t environment; /* the library's settings (environment.h) */
};

/* Calls to leave out are 0 bits in `keep`. */
struct request {
	struct sequence sequence;
	uint64_t keep;
	uint16_t base;
};
_Static_assert(sizeof(struct request) <= 4096, "written to a pipe in one piece");

/* Starts a run; executor_await() returns how it ended, in words, NULL for "in time and well". */
void executor_start(struct executor *executor, const struct request *request);
const char *executor_await(struct executor *executor);
void executor_end(struct executor *executor);

/* What the process itself does, never to return: started again by this name. */
#define EXECUTOR_NAME "executor"
_Noreturn void executor_main(void);

#endif
