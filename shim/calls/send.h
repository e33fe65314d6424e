/* SPDX-License-Identifier: MIT */
/*
 * Sending from a given local address: the program's call as a sendmsg() with one more control
 * message, and what is done when the kernel refuses it.
 */
#ifndef SEND_H
#define SEND_H

#include <limits.h>

#include "base/memory.h"
#include "calls/route.h"
#include "calls/source.h"
#include "sockets/classify.h"
#include "wire/pktinfo.h"

/*
 * Returns true if a source may be attached on this descriptor: a tracked socket, or a fresh one in
 * a process tree that has received something. If not, none of the program's arguments is read: a
 * bad pointer is the kernel's.
 */
static inline bool send_concerns(int fd, struct tracked **tracked, uint64_t *salt)
{
	*tracked = socket_find(fd, salt);
	return likely(*tracked != NULL) || (descriptor_is_unbound(fd) && source_concerns_fresh());
}

/* Follows a send without a source: a fresh socket that sends is a client. Returns n. */
static inline ssize_t send_done(int fd, ssize_t n)
{
	if (n >= 0 && descriptor_get(fd) == DESCRIPTOR_FRESH)
		descriptor_set(fd, DESCRIPTOR_CLIENT);
	return n;
}

/*
 * Returns true if a source is to be attached to a message to `address` (NULL: to the connected
 * peer) on such a descriptor. *route has the socket's salt; the rest is filled in then.
 */
bool send_route_slow(int fd, struct route *route, struct tracked *tracked, const void *address,
		     socklen_t length);

static inline bool send_route(int fd, struct route *route, struct tracked *tracked,
			      const void *address, socklen_t length)
{
	route->tracked = tracked;
	if (likely(tracked && address && !tracked_is(tracked, TRACKED_MAPPED) &&
		   peer_read(&route->peer, address, length)))
		return source_find(tracked, route->salt, &route->peer, &route->local);
	return send_route_slow(fd, route, tracked, address, length);
}

/* Returns true if there is no address, or it can be read. If not, the kernel is to refuse it. */
static inline bool send_can_read(const void *address, socklen_t length)
{
	if (!address || !length)
		return true;
	if (unlikely(length > sizeof(struct sockaddr_storage))) /* copy_msghdr_from_user() */
		length = sizeof(struct sockaddr_storage);
	return memory_readable(address, length);
}

/*
 * sendto() takes any size and then finds it too long, and does not look at MSG_CMSG_COMPAT, the
 * highest of the flags; sendmsg() refuses that, and some sizes.
 */
static inline void send_prepare(struct msghdr *message, struct iovec *vector, const void *buffer,
				size_t size, const struct sockaddr *address, socklen_t length)
{
	vector->iov_base = (void *)(uintptr_t)buffer;
	vector->iov_len = size < INT_MAX ? size : INT_MAX;
	message->msg_name = (void *)(uintptr_t)address;
	message->msg_namelen = length;
	message->msg_iov = vector;
	message->msg_iovlen = 1;
	message->msg_flags = 0;
}

/* sendto(2) and sendmsg(2), when it is not the reply to what this thread received last. */
ssize_t send_to_any(int fd, const void *buffer, size_t size, int flags,
		    const struct sockaddr *address, socklen_t length);
ssize_t send_message_any(int fd, const struct msghdr *message, int flags);

/*
 * A message of a vector alone, with its source attached, if it has one. When the kernel refuses the
 * source, the datagram goes out as the program asked, once, and what was remembered of the peer is
 * forgotten: errors of the source are EINVAL, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL and ENODEV,
 * and never EPERM or EACCES (a firewall's no). Returns whether it was sent; *route has the socket's
 * salt.
 */
bool send_alone(int fd, struct mmsghdr *message, struct tracked *tracked, struct route *route,
		int flags);

/*
 * A reply to what this thread received last was refused with that error, one of the source's:
 * sendto() and sendmsg() after their first try.
 */
ssize_t send_to_refused(int fd, const void *buffer, size_t size, int flags,
			const struct sockaddr *address, socklen_t length, int error);
ssize_t send_message_refused(int fd, const struct msghdr *message, int flags, int error);

/* A fresh socket replied: what follows on it is a conversation of a server. */
void send_adopt(int fd, const struct route *route);

/*
 * Returns true if a source can be appended to the control data, at *end. Returns false if the
 * kernel would refuse the data, a bad pointer included, or if they name a source
 * (control_appendable()).
 */
bool send_can_append(const struct msghdr *message, size_t *end);

/*
 * The program's control data up to `end` with the source behind it, in `room` of at least the sum's
 * size. Returns the length.
 */
size_t send_append_source(void *room, const struct msghdr *message, size_t end,
			  const struct route *route);

#endif
