// SPDX-License-Identifier: MIT
// The usual: a thread answers what it received last. All else is in send.c.

#include <errno.h>
#include <netinet/in.h>

#include "libc.h"
#include "send.h"

/* An answer to this thread's last peer did not go; errno was `e` before. */
static __attribute__((noinline)) ssize_t send_answer_failed(int fd, struct route route,
							    struct msghdr *sent, int flags, int e)
{
	struct msghdr bare = *sent;
	ssize_t n;

	if (!send_is_source_error())
		return -1;
	bare.msg_control = NULL;
	bare.msg_controllen = 0;
	n = send_refused(fd, &route, &bare, sent, 0, flags);
	if (n >= 0)
		errno = e;
	return n;
}

/*
 * The usual: the answer to what this thread received last, from a peer of that family. Returns
 * false for all else; then nothing was sent.
 */
static inline __attribute__((always_inline)) bool send_answer(int fd, struct helped *helped,
							      uint64_t salt, struct msghdr *message,
							      int flags, bool six, ssize_t *n)
{
	_Alignas(struct cmsghdr) unsigned char control[CONTROL_SOURCE];
	struct local local;
	struct peer peer;
	int e = errno;

	if (six)
		peer_read_v6(&peer, message->msg_name);
	else
		peer_read_v4(&peer, message->msg_name);
	if (unlikely(!source_is_heard(helped_get(helped, port), salt, &peer, &local)))
		return false;
	message->msg_control = control;
	message->msg_controllen =
		six ? pktinfo_write(control, &local.address, ifindex_for(&peer, &local))
		    : pktinfo_write_v4(control, local.address.s6_addr32[3], 0);
	*n = libc.sendmsg(fd, message, flags);
	if (unlikely(*n < 0))
		*n = send_answer_failed(fd, (struct route){ helped, false, salt, peer, local },
					message, flags, e);
	else
		source_count(COUNTER_sourced);
	return true;
}

/* Is it on a helped socket that has answered before, and to an address that has the length of one?
 */
static inline bool may_be_answer(const struct helped *helped, const void *address, socklen_t length)
{
	return likely(helped && address &&
		      length - sizeof(struct sockaddr_in) <=
			      sizeof(struct sockaddr_storage) - sizeof(struct sockaddr_in) &&
		      (helped_get(helped, flags) & (HELPED_MAPPED | HELPED_ANSWERS)) ==
			      HELPED_ANSWERS);
}

static inline __attribute__((always_inline)) bool send_answer_of(int fd, struct helped *helped,
								 uint64_t salt,
								 struct msghdr *message, int flags,
								 ssize_t *n)
{
	const struct sockaddr *address = message->msg_name;

	if (likely(address->sa_family == AF_INET))
		return send_answer(fd, helped, salt, message, flags, false, n);
	return address->sa_family == AF_INET6 &&
	       message->msg_namelen >= sizeof(struct sockaddr_in6) &&
	       send_answer(fd, helped, salt, message, flags, true, n);
}

ssize_t send_to(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *address,
		socklen_t length)
{
	uint64_t salt;
	struct helped *helped = socket_find_quickly(fd, &salt);
	struct iovec vector;
	struct msghdr message;
	ssize_t n;

	if (may_be_answer(helped, address, length)) {
		send_prepare(&message, &vector, buffer, size, address, length);
		if (likely(send_answer_of(fd, helped, salt, &message, flags & INT_MAX, &n)))
			return n;
	}
	return send_to_any(fd, buffer, size, flags, address, length);
}

ssize_t send_message(int fd, const struct msghdr *message, int flags)
{
	uint64_t salt;
	struct helped *helped = socket_find_quickly(fd, &salt);
	struct msghdr sent;
	ssize_t n;

	if (likely(helped && !message->msg_controllen) &&
	    may_be_answer(helped, message->msg_name, message->msg_namelen)) {
		sent = *message;
		if (likely(send_answer_of(fd, helped, salt, &sent, flags, &n)))
			return n;
	}
	return send_message_any(fd, message, flags);
}
