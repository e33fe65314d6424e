/* SPDX-License-Identifier: MIT */
/*
 * Receiving on a tracked socket: the program's call as a recvmsg() with room for PKTINFO, whose
 * result is handed to the program as its own call would have given it.
 */
#ifndef RECEIVE_H
#define RECEIVE_H

#include "sockets/classify.h"

/* recvmsg() of the libc, or a variant of it: for other timestamps, or by number. */
typedef ssize_t recvmsg_call(int fd, struct msghdr *message, int flags);

/* recvfrom(2) and, with no address, recv(2), on any descriptor. */
ssize_t receive_from(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
		     socklen_t *length);

/*
 * recvfrom(2) and, with no address, recv(2), on any descriptor; on a tracked socket by `receiver`.
 */
ssize_t receive_from_by(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
			socklen_t *length, recvmsg_call *receiver);

/* recvmsg(2) on any descriptor. */
ssize_t receive_message(int fd, struct msghdr *message, int flags);

/* recvmsg(2) on any descriptor: `receiver` is called on a tracked socket, `next` on all others. */
ssize_t receive_any(int fd, struct msghdr *message, int flags, recvmsg_call *next,
		    recvmsg_call *receiver);

/*
 * Control data of a message that was received as the program asked: descriptors that came over a
 * UNIX socket were something else before, and PKTINFO that we switched on is hidden.
 */
void receive_plain(int fd, struct msghdr *message);

#endif
