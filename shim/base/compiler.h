/* SPDX-License-Identifier: MIT */
/* Macros for the compiler. */
#ifndef COMPILER_H
#define COMPILER_H

#include <errno.h>
#include <stdbool.h>

#define EXPORT		    __attribute__((visibility("default")))
#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#endif
