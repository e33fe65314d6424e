/* SPDX-License-Identifier: MIT */
/* Compares the traces of the same sequence without and with the library. */
#ifndef COMPARE_H
#define COMPARE_H

#include "world.h"

/* NULL when they agree, else what does not, for people; valid until the next call. */
const char *traces_differ(const struct trace *plain, const struct trace *helped);

#endif
