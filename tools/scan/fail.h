/* SPDX-License-Identifier: MIT */
/* How a part of replyfrom ends when it cannot do what it is for. */
#ifndef SCAN_FAIL_H
#define SCAN_FAIL_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_OURS = 125 };

/* Prints one line, with "replyfrom: " before it, on stderr and ends with EXIT_OURS. */
__attribute__((format(printf, 1, 2))) static inline _Noreturn void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "replyfrom: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	exit(EXIT_OURS);
}

#endif
