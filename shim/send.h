/* SPDX-License-Identifier: MIT */
/*
 * Sending from a given local address: the program's call as a sendmsg() with one more control
 * message, and what is done when the kernel refuses it.
 */
#ifndef SEND_H
#define SEND_H

#include "pktinfo.h"
#include "socket.h"

/* From where a message is to leave; `helped` is NULL for a fresh socket. */
struct route {
	struct helped *helped;
	struct peer peer;
	struct local local;
};

/*
 * Is there a source to attach to what is sent to `address` on this descriptor? NULL: to the peer it
 * is connected to. Fills in *route if so.
 */
bool send_route(struct route *route, int fd, const void *address, socklen_t length);

/*
 * sendmsg(2) with the source attached. When the kernel refuses the source, the datagram goes out as
 * the program asked, once, and what was remembered of the peer is forgotten: errors of the source
 * are EINVAL, ENETUNREACH, EADDRNOTAVAIL and ENODEV, and never EPERM or EACCES (a firewall's no).
 * Returns what the last of the calls returned.
 */
ssize_t send_from(int fd, const struct route *route, const struct msghdr *message, int flags);

/* sendmmsg(2), one kernel call as long as no source is refused. */
int send_messages(int fd, struct mmsghdr *messages, unsigned int count, int flags);

#endif
