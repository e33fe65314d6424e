/* SPDX-License-Identifier: MIT */
/* Ends a part of replyfrom with an error message. */
#ifndef SCAN_FAIL_H
#define SCAN_FAIL_H

#include <stdarg.h>
#include <stdlib.h>

#include "../message.h"

/* Prints one line, with "replyfrom: " before it, on stderr and ends with EXIT_OURS. */
__attribute__((format(printf, 1, 2))) static inline _Noreturn void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message_write(format, arguments);
	va_end(arguments);
	exit(EXIT_OURS);
}

#endif
