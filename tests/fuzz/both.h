/* SPDX-License-Identifier: MIT */
/* The same sequence without the library and with it, in two processes that live on. */
#ifndef BOTH_H
#define BOTH_H

#include <stdint.h>

#include "sequence.h"

/*
 * The settings that the library finds (environment.h), chosen anew whenever the processes start
 * afresh; BOTH_ANY lets chance choose, by the number of the runs before.
 */
enum { BOTH_ANY = -1 };

/* `fault` fails for the library (tests/transparency/faults/fault.h); NULL: nothing does. */
void both_start(const char *fault, int64_t environment);

/*
 * Does the calls that are kept (a bit each) on both sides at once. NULL when the program saw the
 * same, else what not, for people; valid until the next run.
 */
const char *both_run(const struct sequence *sequence, uint64_t keep);

/* The settings of the last run. */
uint32_t both_environment(void);

/* Ends the processes; the next run starts others, with those settings. */
void both_afresh(int64_t environment);
void both_end(void);

/* Prints what each side of the last run saw. */
void both_show(void);

#endif
