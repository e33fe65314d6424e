/* SPDX-License-Identifier: MIT */
/* What the library says to people: one write(2) a line on standard error. */
#ifndef REPORT_H
#define REPORT_H

#include "address.h"
#include "settings.h"

extern enum log_level report_level;

/*
 * Writes "replyfrom: " and the strings as one line, when the level is on. Never to a
 * network socket: descriptor 2 can be a connection to a peer (inetd, nc -e). Async-signal-safe;
 * errno stays. Control characters become '?': a value from the environment can't forge a line.
 */
#define report_line(level, ...) report_parts(level, __VA_ARGS__, (const char *)NULL)
void report_parts(enum log_level level, ...) __attribute__((sentinel));

/* The decimal digits of a number; there has to be room for them. */
void report_number(char *text, unsigned long value);

/* Says of a descriptor what was done with it for a peer. */
void report_peer(enum log_level level, int fd, const char *what, const struct peer *peer,
		 const struct in6_addr *local);

static inline bool report_on(enum log_level level)
{
	return __builtin_expect(report_level >= level, 0);
}

#endif
