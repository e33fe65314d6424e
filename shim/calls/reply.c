// SPDX-License-Identifier: MIT
// The fast path: a thread replies to what it received last. All else is in send.c.

#include <errno.h>
#include <netinet/in.h>

#include "calls/refused.h"
#include "calls/reply.h"
#include "calls/send.h"
#include "calls/source.h"
#include "libc/libc.h"

/*
 * The fast path: the reply to what this thread received last, from a peer of that family. Returns
 * false for all else; then nothing was sent.
 */
static inline __attribute__((always_inline)) bool send_reply(int fd, in_port_t port, uint64_t salt,
							     struct msghdr *message, int flags,
							     bool is_v6, ssize_t *n)
{
	_Alignas(struct cmsghdr) unsigned char control[CONTROL_SOURCE];
	struct local local;
	struct peer peer;

	if (is_v6)
		peer_read_v6(&peer, message->msg_name);
	else
		peer_read_v4(&peer, message->msg_name);
	if (unlikely(!source_find_fast(port, salt, &peer, &local)))
		return false;
	message->msg_control = control;
	message->msg_controllen =
		is_v6 ? pktinfo_write_local(control, &local, ifindex_for(&peer, &local))
		      : pktinfo_write_v4(control, local.address.s6_addr32[3], 0);
	*n = libc.sendmsg(fd, message, flags);
	if (likely(*n >= 0))
		source_count(COUNTER_sourced);
	return true;
}

/* Returns true for a tracked socket that has replied before, and an address of a valid length. */
static inline bool may_be_reply(const struct tracked *tracked, const void *address,
				socklen_t length)
{
	return likely(tracked && address &&
		      length - sizeof(struct sockaddr_in) <=
			      sizeof(struct sockaddr_storage) - sizeof(struct sockaddr_in) &&
		      (tracked_get(tracked, flags) & (TRACKED_MAPPED | TRACKED_REPLIES)) ==
			      TRACKED_REPLIES);
}

static inline __attribute__((always_inline)) bool
send_reply_of(int fd, in_port_t port, uint64_t salt, struct msghdr *message, int flags, ssize_t *n)
{
	const struct sockaddr *address = message->msg_name;

	if (likely(address->sa_family == AF_INET))
		return send_reply(fd, port, salt, message, flags, false, n);
	return address->sa_family == AF_INET6 &&
	       message->msg_namelen >= sizeof(struct sockaddr_in6) &&
	       send_reply(fd, port, salt, message, flags, true, n);
}

/* Nothing was sent. */
enum { NOT_SENT = -2 };

/*
 * In the two functions below the message is dead when they end with another call. So that is a
 * sibling call: it finds their stack frame gone (tests/transparency/faults/stack).
 */

static ssize_t send_to_again(int fd, const void *buffer, size_t size, int flags,
			     const struct sockaddr *address, socklen_t length, int e)
{
	int error = errno;

	errno = e;
	source_reopen();
	return send_to_refused(fd, buffer, size, flags, address, length, error);
}

ssize_t send_to(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *address,
		socklen_t length)
{
	uint64_t salt;
	struct tracked *tracked = socket_find_fast(fd, &salt);
	ssize_t n = NOT_SENT;
	int e = errno;

	if (may_be_reply(tracked, address, length) && likely(memory_readable(address, length))) {
		struct iovec vector;
		struct msghdr message;

		send_prepare(&message, &vector, buffer, size, address, length);
		if (unlikely(!send_reply_of(fd, tracked_get(tracked, port), salt, &message,
					    flags & INT_MAX, &n)))
			n = NOT_SENT;
	}
	if (likely(n >= 0))
		return n;
	if (n == NOT_SENT)
		return send_to_any(fd, buffer, size, flags, address, length);
	return send_is_source_error() ? send_to_again(fd, buffer, size, flags, address, length, e)
				      : n;
}

static ssize_t send_message_again(int fd, const struct msghdr *message, int flags, int e)
{
	int error = errno;

	errno = e;
	source_reopen();
	return send_message_refused(fd, message, flags, error);
}

ssize_t send_message(int fd, const struct msghdr *message, int flags)
{
	uint64_t salt;
	struct tracked *tracked = socket_find_fast(fd, &salt);
	ssize_t n = NOT_SENT;
	int e = errno;

	if (likely(tracked && memory_readable(message, sizeof(*message)) &&
		   !message->msg_controllen) &&
	    may_be_reply(tracked, message->msg_name, message->msg_namelen) &&
	    likely(memory_readable(message->msg_name, message->msg_namelen))) {
		struct msghdr sent = *message;

		if (unlikely(
			    !send_reply_of(fd, tracked_get(tracked, port), salt, &sent, flags, &n)))
			n = NOT_SENT;
	}
	if (likely(n >= 0))
		return n;
	if (n == NOT_SENT)
		return send_message_any(fd, message, flags);
	return send_is_source_error() ? send_message_again(fd, message, flags, e) : n;
}
