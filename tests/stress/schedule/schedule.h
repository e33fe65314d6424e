/* SPDX-License-Identifier: MIT */
/*
 * Workers that take turns at a random point of the code under test, and are stopped or killed
 * there: what processes that share memory do to each other on one processor, a million times as
 * often, and the same again for the same seed.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

enum { WORKERS = 6 };

/* Everything random in a run comes from its seed. */
void schedule_seed(uint64_t seed);
uint32_t schedule_random(uint32_t below);
uint64_t schedule_random_word(void);

/* Makes a worker anew, whatever it was in the middle of; `work` never returns. */
void schedule_start(unsigned int worker, void (*work)(void));

/* Which worker runs. */
unsigned int schedule_worker(void);

/* The worker goes on for so many points. */
void schedule_run(unsigned int worker, uint32_t points);

/* Makes `count` runs of the kind with that number, from the seed `first` on; returns true if all went well. */
typedef bool run_kind_function(unsigned int number, uint64_t first, uint64_t count);

/*
 * main() of a test: PROGRAM [COUNT [SEED]] makes so many runs of each kind; without COUNT as many as
 * the environment variable SCHEDULE_TABLES says, else `count`. Returns the exit status.
 */
int schedule_main(int argc, char **argv, uint64_t count, unsigned int kinds, run_kind_function *run_kind);

#endif
