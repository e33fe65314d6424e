/* SPDX-License-Identifier: MIT */
/* How long the tests wait for what has to happen. */
#ifndef DEADLINE_H
#define DEADLINE_H

#include <stdlib.h>

/*
 * Returns the seconds after which what has to happen counts as failed, however slow the machine is: those of
 * REPLYFROM_TEST_DEADLINE, or 20. No test that passes waits that long.
 */
static inline int deadline(void)
{
	const char *seconds = getenv("REPLYFROM_TEST_DEADLINE");

	return seconds && atoi(seconds) > 0 ? atoi(seconds) : 20;
}

/* Returns the same in milliseconds, for poll(2). */
static inline int deadline_ms(void)
{
	return deadline() * 1000;
}

#endif
