/* SPDX-License-Identifier: MIT */
/* Test cases, each in a process of its own. */
#ifndef CASES_H
#define CASES_H

#include <stdbool.h>
#include <stddef.h>

struct test_case {
	const char *title;
	void (*run)(void);
};

/*
 * Runs each case in a forked child, so that none sees another's descriptors or dies for it, and
 * prints how it ended. Returns the exit status for main().
 */
int run_cases(const struct test_case *cases, size_t count);

/* Fails the running case, and goes on with it. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether it failed so far, as an exit status: for a process that the case has forked. */
int cases_failed(void);

#define check(condition, ...)                 \
	do {                                  \
		if (!(condition))             \
			fail("" __VA_ARGS__); \
	} while (0)

/* Ends a process that the case forked, with a status that says whether it failed there. */
_Noreturn void end_forked(void);

/* What can't go wrong, or the test makes no sense: ends the case with errno's text. */
long need(long result, const char *what);

#endif
