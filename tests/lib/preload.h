/* SPDX-License-Identifier: MIT */
/* A test program that starts itself again with the library in front of it. */
#ifndef PRELOAD_H
#define PRELOAD_H

#include <stdbool.h>

/* The library under test, $abs_top_builddir/shim/libreplyfrom.so. */
const char *library_path(void);

/* Is the library in front of this program? */
bool library_is_loaded(void);

/* Goes on under the library: starts the program again unless it is there already. */
void run_under_library(char **argv);

/* Ends the test as skipped; in continuous integration, with root's rights, as failed. */
_Noreturn void unavailable(const char *reason);

#endif
