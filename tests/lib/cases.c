// SPDX-License-Identifier: MIT
// Test cases, each in a process of its own.

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "deadline.h"

/* Deadlines, many times what a case takes: one that hangs ends by SIGALRM. */
enum { PATIENCE = 6, SHOWN = 5 };

static int failures;

void fail(const char *format, ...)
{
	va_list list;

	if (++failures > SHOWN)
		return;
	fputs("  ", stdout);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	putchar('\n');
}

int cases_failed(void)
{
	fflush(stdout);
	return failures != 0;
}

long need(long result, const char *what)
{
	if (result < 0) {
		printf("  %s: %s\n", what, strerror(errno));
		fflush(stdout);
		_exit(1);
	}
	return result;
}

_Noreturn void end_forked(void)
{
	if (failures > SHOWN)
		printf("  and %d more\n", failures - SHOWN);
	fflush(stdout);
	_exit(failures != 0);
}

static bool passes(const struct test_case *test)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = (pid_t)need(fork(), "fork");
	if (!child) {
		alarm((unsigned int)deadline() * PATIENCE);
		test->run();
		end_forked();
	}
	need(waitpid(child, &status, 0), "waitpid");
	if (WIFSIGNALED(status))
		printf("  ended by signal %d\n", WTERMSIG(status));
	return status == 0;
}

int run_cases(const struct test_case *cases, size_t count)
{
	size_t failed = 0;

	for (size_t i = 0; i < count; i++) {
		bool passed = passes(&cases[i]);

		failed += !passed;
		printf("%s %zu - %s\n", passed ? "ok" : "not ok", i + 1, cases[i].title);
	}
	printf("%zu cases, %zu failed\n", count, failed);
	return failed != 0;
}
