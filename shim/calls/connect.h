/* SPDX-License-Identifier: MIT */
/* connect(2) that keeps the local address at which the peer asked. */
#ifndef CONNECT_H
#define CONNECT_H

#include "sockets/classify.h"

/*
 * connect(2) of a tracked or fresh UDP socket. A plain connect lets the kernel choose the local
 * address by route, for sending and for receiving. To a peer whose local address is known, the
 * socket is connected in two steps, or plainly if that fails. Returns what connect(2) does, with
 * its errno.
 */
int connect_from(int fd, struct tracked *tracked, uint64_t salt, const struct sockaddr *address,
		 socklen_t length);

#endif
