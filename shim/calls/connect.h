/* SPDX-License-Identifier: MIT */
/* connect(2) that keeps the local address at which the peer asked. */
#ifndef CONNECT_H
#define CONNECT_H

#include "sockets/classify.h"

/*
 * connect(2) of a tracked or fresh UDP socket. A plain connect lets the kernel choose the local
 * address by route, for sending and for receiving; to a peer whose local address is known this does
 * the two-step connect instead, and a plain one when that can't be had.
 */
int connect_from(int fd, struct tracked *tracked, uint64_t salt, const struct sockaddr *address,
		 socklen_t length);

#endif
