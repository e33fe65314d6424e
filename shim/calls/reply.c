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

/* Returns true for an address of a length that sendmsg() takes as sendto() does. */
static inline bool may_be_address(const void *address, socklen_t length)
{
	return likely(address &&
		      length - sizeof(struct sockaddr_in) <=
			      sizeof(struct sockaddr_storage) - sizeof(struct sockaddr_in));
}

/* Returns true for a tracked socket that has replied before, and an address of a valid length. */
static inline bool may_be_reply(const struct tracked *tracked, const void *address,
				socklen_t length)
{
	return likely(tracked && may_be_address(address, length) &&
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

/* The send failed; errno was `error_and_flags` >> 32 before. */
static COLD ssize_t send_to_failed(int fd, const void *buffer, size_t size,
				   uint64_t error_and_flags, const struct sockaddr *address,
				   socklen_t length)
{
	int error = errno;

	if (!send_is_source_error())
		return -1;
	errno = (int)(error_and_flags >> 32);
	source_reopen();
	return send_to_refused(fd, buffer, size, (int)(uint32_t)error_and_flags, address, length,
			       error);
}

/* All other replies: not the first, to a link-local peer, or on a socket that is not simple. */
static LAST ssize_t send_to_slow(int fd, const void *buffer, size_t size, int flags,
				 const struct sockaddr *address, socklen_t length)
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
	return send_to_failed(fd, buffer, size, (uint64_t)e << 32 | (uint32_t)flags, address,
			      length);
}

static LAST ssize_t send_to_unless_plain(int fd, const void *buffer, size_t size, int flags,
					 const struct sockaddr *address, socklen_t length)
{
	if (descriptor_get(fd) == DESCRIPTOR_PLAIN)
		return libc.sendto(fd, buffer, size, flags, address, length);
	return send_to_slow(fd, buffer, size, flags, address, length);
}

HOT ssize_t send_to(int fd, const void *buffer, size_t size, int flags,
		    const struct sockaddr *address, socklen_t length)
{
	uint32_t version;
	ssize_t n = NOT_SENT;
	int e;

	if (rarely(!source_is_on(descriptor_get(fd), &version) ||
		   !may_be_address(address, length) || !memory_known_readable(address, length)))
		return send_to_unless_plain(fd, buffer, size, flags, address, length);
	{
		_Alignas(struct cmsghdr) unsigned char control[CONTROL_SOURCE];
		struct iovec vector;
		struct msghdr message;

		message.msg_controllen = source_write(version, address, length, control);
		if (likely(message.msg_controllen)) {
			send_prepare(&message, &vector, buffer, size, address, length);
			message.msg_control = control;
			e = *last_recv_errno();
			n = libc.sendmsg(fd, &message, flags & INT_MAX);
			if (likely(n >= 0)) {
				counters_add(thread_last_recv.count, COUNTER_sourced);
				return n;
			}
			buffer = vector.iov_base;
			size = vector.iov_len;
			address = message.msg_name;
			length = message.msg_namelen;
		}
	}
	if (n == NOT_SENT)
		return send_to_slow(fd, buffer, size, flags, address, length);
	return send_to_failed(fd, buffer, size, (uint64_t)e << 32 | (uint32_t)flags, address,
			      length);
}

/* The send failed; errno was `e` before. */
static COLD ssize_t send_message_failed(int fd, const struct msghdr *message, int flags, int e)
{
	int error = errno;

	if (!send_is_source_error())
		return -1;
	errno = e;
	source_reopen();
	return send_message_refused(fd, message, flags, error);
}

static LAST ssize_t send_message_slow(int fd, const struct msghdr *message, int flags)
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
	return send_message_failed(fd, message, flags, e);
}

static LAST ssize_t send_message_unless_plain(int fd, const struct msghdr *message, int flags)
{
	if (descriptor_get(fd) == DESCRIPTOR_PLAIN)
		return libc.sendmsg(fd, message, flags);
	return send_message_slow(fd, message, flags);
}

HOT ssize_t send_message(int fd, const struct msghdr *message, int flags)
{
	uint32_t version;
	ssize_t n = NOT_SENT;
	int e;

	if (rarely(!source_is_on(descriptor_get(fd), &version) ||
		   !memory_known_readable(message, sizeof(*message)) || message->msg_controllen ||
		   !may_be_address(message->msg_name, message->msg_namelen) ||
		   !memory_known_readable(message->msg_name, message->msg_namelen)))
		return send_message_unless_plain(fd, message, flags);
	{
		_Alignas(struct cmsghdr) unsigned char control[CONTROL_SOURCE];
		struct msghdr sent;

		sent.msg_controllen =
			source_write(version, message->msg_name, message->msg_namelen, control);
		if (likely(sent.msg_controllen)) {
			sent.msg_name = message->msg_name;
			sent.msg_namelen = message->msg_namelen;
			sent.msg_iov = message->msg_iov;
			sent.msg_iovlen = message->msg_iovlen;
			sent.msg_control = control;
			sent.msg_flags = 0;
			e = *last_recv_errno();
			n = libc.sendmsg(fd, &sent, flags);
			if (likely(n >= 0)) {
				counters_add(thread_last_recv.count, COUNTER_sourced);
				return n;
			}
		}
	}
	if (n == NOT_SENT)
		return send_message_slow(fd, message, flags);
	return send_message_failed(fd, message, flags, e);
}
