/* SPDX-License-Identifier: MIT */
/* A server that never rests: what it does with descriptors. */
#ifndef RESTLESS_H
#define RESTLESS_H

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct request {
	char payload[512];
	size_t length;
	struct sockaddr_storage peer;
	socklen_t peer_length;
};

/* Says what failed and ends the program if the result is negative; returns it otherwise. */
int must(int result, const char *what);

/* A number below that one, the same in each run. */
unsigned int chance(unsigned int below);

/* A dual-stack socket on the wildcard address with that port. */
int open_wildcard(in_port_t port);

/* The same socket under another number: as one duplicates, or as it comes over a UNIX socket. */
int duplicate(int sock);
int pass(int sock);

/* close(), or as programs do it past the library. */
void close_somehow(int fd);

/* Opens and closes a few descriptors of various kinds; other numbers stay as they are. */
void litter(void);

#endif
