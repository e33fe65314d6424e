/* SPDX-License-Identifier: MIT */
/* The library's settings at random: a number says which, 0 that none is set. */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>

/* REPLYFROM_PORTS alone, and not those that the kernel chooses. */
enum { ENVIRONMENT_PORTS = 4 << 3 * 3 };

/* The settings of a round of runs; those of the first are the defaults. */
uint32_t environment_random(uint64_t round);

/* Sets them in this process, and takes away what else was set. */
void environment_set(uint32_t environment);

/* May answers leave as without the library, since it was told not to help, or to forget? */
bool environment_hinders(uint32_t environment);

/* Assignments, for people; valid until the next call. */
const char *environment_text(uint32_t environment);

#endif
