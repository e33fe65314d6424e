/* SPDX-License-Identifier: MIT */
/* Macros for the compiler. */
#ifndef COMPILER_H
#define COMPILER_H

#include <errno.h>
#include <stdbool.h>

#define EXPORT __attribute__((visibility("default")))
/* The fast path lies together; what it calls in rare cases lies elsewhere. */
#define HOT  __attribute__((hot, aligned(64)))
#define COLD __attribute__((cold, noinline))

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

/* Leads out of the fast path, and out of its cache lines. */
#if defined(__has_builtin) && __has_builtin(__builtin_expect_with_probability)
#define rarely(condition) __builtin_expect_with_probability(!!(condition), 0, 1)
#else
#define rarely(condition) unlikely(condition)
#endif

#endif
