/* SPDX-License-Identifier: MIT */
/* A server's work on what waits in its socket: receive, answer. */
#ifndef SERVE_H
#define SERVE_H

#include "bench.h"

enum style { FROM_TO, MESSAGE, VECTOR, STYLES };
extern const char *const style_names[STYLES];
enum style style_of(const char *name);

/*
 * Answers up to `count` datagrams that wait; with `flags` MSG_DONTWAIT as many as there are.
 * Returns how many. Native keeps the PKTINFO it receives as the source of its answer.
 */
unsigned int serve(enum side side, enum style style, int fd, unsigned int count, int flags);

/*
 * Finds the stub, which is preloaded, and takes a tracked socket, for HAND_BETWEEN and
 * LIBRARY_BETWEEN: the stub has requests of so many peers.
 */
void serve_with_stub(int fd, unsigned int peers);

#endif
