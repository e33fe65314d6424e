/* SPDX-License-Identifier: MIT */
/* Compares the traces of the same sequence without and with the library. */
#ifndef COMPARE_H
#define COMPARE_H

#include "world.h"

/*
 * May answers leave as they do without the library, although it should know better? Where it is
 * hindered, by faults.
 */
extern bool compare_lenient;

/* NULL when they agree, else what does not, for people; valid until the next call. */
const char *traces_differ(const struct trace *plain, const struct trace *helped);

#endif
