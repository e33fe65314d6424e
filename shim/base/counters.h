/* SPDX-License-Identifier: MIT */
/*
 * Counters of this process: `replyfrom --status` reads them from outside, and REPLYFROM_STATS=1 has
 * them written at exit.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdint.h>

#include "base/compiler.h"

/* One row each: the name of the counter and what it counts. */
#define COUNTERS(COUNTER)                                      \
	COUNTER(learnt, "datagrams recorded")                  \
	COUNTER(sourced, "replies with an attached source")    \
	COUNTER(bare, "sends and connects left to the kernel") \
	COUNTER(refused, "sources refused")                    \
	COUNTER(forgotten, "entries deleted after a refusal")  \
	COUNTER(connects, "connects with the recorded address")

#define COUNTER_NAME(name, text) COUNTER_##name,
enum counter { COUNTERS(COUNTER_NAME) COUNTER_COUNT };

/*
 * Each thread counts in a cache line of its own. If there are more threads than lines, two share
 * one and may lose counts.
 */
enum { COUNTER_LINES = 32 };

struct counters {
	uint64_t magic; /* COUNTERS_MAGIC, once the library is at work */
	uint64_t reserved[7];
	unsigned long lines[COUNTER_LINES][64 / sizeof(unsigned long)];
};

#define COUNTERS_MAGIC UINT64_C(0x7265706c7966726d)

/* `replyfrom --status` finds it by its symbol. */
extern struct counters replyfrom_counters;

/* Marks the counters as valid; with `print` they are written at exit. */
void counters_start(bool print);

/* Returns the line for a thread that counts for the first time. */
unsigned long *counters_take(void);

static inline void counters_add(unsigned long *line, enum counter counter)
{
	__atomic_store_n(&line[counter], __atomic_load_n(&line[counter], __ATOMIC_RELAXED) + 1,
			 __ATOMIC_RELAXED);
}

#endif
