/* SPDX-License-Identifier: MIT */
/* Log lines on standard error. */
#ifndef LOG_H
#define LOG_H

#include "base/address.h"
#include "base/compiler.h"
#include "base/settings.h"

extern HIDDEN enum log_level log_level;

/*
 * Remembers the file that is standard error. Lines are written only while descriptor 2 is that
 * file, pipe, terminal or UNIX stream socket, since the program may use the number for another file
 * later. No lines are written if it is a network socket, or looks like data: a regular file that
 * can be read and is not appended to, or the socket that is descriptor 0 too. errno stays.
 */
void log_start(void);

/*
 * Writes "replyfrom: " and the strings as one line, when the level is on. Does not wait and raises
 * no signal: a line for which there is no room is dropped, and counted in the next line.
 * Async-signal-safe; errno stays. Control characters become '?': a value from the environment can't
 * forge a line.
 */
#define log_line(level, ...) log_parts(level, __VA_ARGS__, (const char *)NULL)
void log_parts(enum log_level level, ...) __attribute__((sentinel));

/* Writes the decimal digits of a number and a NUL; `text` has room for them. */
void log_number(char *text, unsigned long value);

/*
 * Writes a line about a descriptor, the peer with that address and port (in network byte order),
 * and a local address, when the level is on. Async-signal-safe; errno stays.
 */
void log_peer(enum log_level level, int fd, const char *what, const struct in6_addr *host,
	      uint32_t port, const struct in6_addr *local);

static inline bool log_is_on(enum log_level level)
{
	return __builtin_expect(log_level >= level, 0);
}

#endif
