/* SPDX-License-Identifier: MIT */
/*
 * Network namespaces of the test's own, and their loopback interface. lo delivers through a queue of each processor,
 * usually before send() returns but not always: loopback_settle() waits for it.
 */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <stdbool.h>

/* Descriptors from here on are the test's own: numbers below are free for what it tests. */
enum { LOOPBACK_HIGH = 900 };

/* Moves the process into a new network namespace, and a new user namespace if that needs one, or skips the test. */
void loopback_leave(void);

/* Brings lo up in the network namespace of this thread, or skips the test. */
void loopback_up(void);

/*
 * Opens what the functions below need, on ports 1 and 2 of lo in this thread's namespace. The process stays on one
 * processor from then on if `alone`.
 */
void loopback_open(bool alone);

/*
 * Waits until all that this thread sent on lo before, in whatever namespace, is delivered. Returns false if that takes
 * too long; errno is kept.
 */
bool loopback_settle(void);

/* Waits also until the ICMP errors that it caused are delivered. */
bool loopback_settle_errors(void);

/*
 * Waits until the kernel stamps what arrives. It switches that on for the whole machine, with the first socket that
 * wants timestamps, but not at once.
 */
void loopback_await_timestamps(void);

/* Returns a socket at a descriptor from LOOPBACK_HIGH on, made behind the library's back. */
int loopback_socket(int family, int type);

#endif
