/* SPDX-License-Identifier: MIT */
/* Macros for the compiler. */
#ifndef COMPILER_H
#define COMPILER_H

#include <errno.h>
#include <stdbool.h>

#define EXPORT __attribute__((visibility("default")))
/* Data of the library alone: without it, code takes the address from a table first. */
#define HIDDEN __attribute__((visibility("hidden")))
/* The fast path lies together; what it calls in rare cases lies elsewhere. */
#define HOT  __attribute__((hot, aligned(64)))
#define COLD __attribute__((cold, noinline))

/*
 * A function that others end with. Its caller's stack frame is gone then if the arguments have the
 * same place, which compilers change on 32-bit x86 for functions that only they know.
 */
#if defined(__has_attribute) && __has_attribute(noipa)
#define LAST __attribute__((noinline, noipa))
#else
#define LAST __attribute__((noinline))
#endif

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

/* Leads out of the fast path, and out of its cache lines. */
#if defined(__has_builtin) && __has_builtin(__builtin_expect_with_probability)
#define rarely(condition) __builtin_expect_with_probability(!!(condition), 0, 1)
#else
#define rarely(condition) unlikely(condition)
#endif

#endif
