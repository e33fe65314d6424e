/* SPDX-License-Identifier: MIT */
/* A server for networks that change: a send that fails is counted, and looked into, and it goes on.
 */
#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "change.h"

enum { BATCH = 8, ERRORS = 134 /* more than any errno of Linux */ };

struct request {
	char payload[LARGEST];
	size_t length;
	struct sockaddr_storage peer;
	socklen_t peer_length;
};

/* A way to receive what waits, at most BATCH, and one to answer; both never block. */
struct way {
	const char *name;
	/* Returns how many came: 0 or less if none. */
	int (*receive)(int sock, struct request *requests);
	/* Returns how many went out before one failed, with errno, or all. */
	int (*answer)(int sock, struct request *requests, int count);
};
extern const struct way ways[];

/* Says what failed and ends the program if the result is negative; returns it otherwise. */
int check(int result, const char *what);

/* A socket of the family of the command line, bound to the wildcard and that port (0: any). */
int open_wildcard(int port);

/*
 * The same answer past the C library, so that no preloaded library sees it: what the program would
 * have got without one. Returns what sendto(2) returns.
 */
long answer_rawly(int sock, struct request *request);

#endif
