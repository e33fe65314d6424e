/* SPDX-License-Identifier: MIT */
/* A second preloaded library, behind the one under test: interposer.so sees the calls that this makes. */
#ifndef INTERPOSER_H
#define INTERPOSER_H

#include <stdbool.h>

/* The declaration and the head of a function that is exported as `name`, whatever type the libc's header gives it. */
#define INTERPOSE(type, name, parameters)               \
	type interposed_##name parameters __asm__(#name); \
	type interposed_##name parameters

struct interposer {
	/*
	 * Called before each connect(), getsockname(), getsockopt(), setsockopt(), socket() and close() and after each
	 * sendmsg(), as if another thread or a signal handler ran just then.
	 */
	void (*between)(void);
	/* How often sendmsg() was called. */
	unsigned int sends;
	/* IPV6_RTHDR is refused, as by kernels that know no segment routing (before Linux 4.10). */
	bool refuses_hops;
	/* What dlsym(3) finds in the libc for that library. */
	void *(*find)(const char *name);
};

/* Goes on under the library, with interposer.so behind it, and returns what that exports. */
struct interposer *run_under_interposer(char **argv);

#endif
