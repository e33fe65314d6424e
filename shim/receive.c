// SPDX-License-Identifier: MIT
// Receiving on a helped socket.

#include <limits.h>
#include <netinet/in.h>
#include <poll.h>

#include "delivery.h"
#include "libc.h"
#include "receive.h"

int receive_guard = MSG_OOB;

bool receive_guard_refused(int fd)
{
	struct msghdr nothing = { .msg_iovlen = 0 };
	struct pollfd waiting = { .fd = fd };
	int error = errno;
	bool refused;

	/* An error that waits on the socket would be taken for the guard's, and be lost. */
	refused = libc.poll(&waiting, 1, 0) >= 0 && !(waiting.revents & POLLERR) &&
		  libc.recvmsg(fd, &nothing, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) < 0 &&
		  refuses_guard(0);
	if (refused)
		__atomic_store_n(&receive_guard, 0, __ATOMIC_RELAXED);
	errno = error;
	return refused;
}

/* Returns true for the answer of IPV6_RECVPATHMTU, which is no datagram (ipv6_recv_rxpmtu()). */
static bool is_path_mtu(const struct msghdr *received)
{
	size_t offset = 0;
	const struct cmsghdr *header =
		control_next(received->msg_control, received->msg_controllen, &offset);

	return header && header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PATHMTU;
}

/* What else control data can tell: nothing of ours, or more than there was room for. */
static void learn_nothing(int fd, struct helped *helped, const struct msghdr *received)
{
	if (received->msg_flags & MSG_CTRUNC)
		helped_mark(helped, HELPED_MORE_CONTROL, true);
	else if (!is_path_mtu(received))
		socket_check(fd);
}

static __attribute__((noinline)) void learn_unusual(int fd, struct helped *helped, uint64_t salt,
						    const struct msghdr *received)
{
	struct local local;
	struct peer peer;

	if (pktinfo_read(received->msg_control, received->msg_controllen, &local) == PKTINFO_NONE)
		learn_nothing(fd, helped, received);
	else if (peer_read(&peer, received->msg_name, received->msg_namelen))
		source_learn(fd, helped, salt, source_names(salt, peer), peer, local);
}

void learn_rest(int fd, struct helped *helped, uint64_t salt, const struct msghdr *received)
{
	struct local local;
	struct peer peer;

	if (likely(received->msg_namelen == sizeof(struct sockaddr_in6) &&
		   pktinfo_read_usual_v6(received->msg_control, received->msg_controllen,
					 &local))) {
		peer_read_v6(&peer, received->msg_name);
		source_learn(fd, helped, salt, source_names(salt, peer), peer, local);
	} else {
		learn_unusual(fd, helped, salt, received);
	}
}

int give_address_rest(const struct msghdr *received, void *address, socklen_t *length)
{
	socklen_t room = *length, given = received->msg_namelen;

	*length = given;
	if (likely(given == sizeof(struct sockaddr_in6) && (int)room >= (int)given)) {
		memcpy(address, received->msg_name, sizeof(struct sockaddr_in6));
		return 0;
	}
	if ((int)room < 0) {
		*length = room;
		errno = EINVAL;
		return -1;
	}
	memcpy(address, received->msg_name, room < given ? room : given);
	return 0;
}

/* A receive failed: because of the guard? */
static __attribute__((noinline)) ssize_t receive_again(int fd, struct helped **helped,
						       struct before *before,
						       struct msghdr *message, int flags,
						       recvmsg_call *next)
{
	uint64_t salt;

	if (!refuses_guard(flags))
		return -1;
	*helped = socket_classify(fd, &salt);
	if (!*helped)
		errno = before->error; /* the program's own call follows */
	if (!*helped || !receive_guard_refused(fd))
		return -1;
	errno = before->error;
	*before = remember_before(*helped, salt);
	return next(fd, message, flags);
}

/* recvmsg() on a socket that may not be ours any more: *helped is NULL then, nothing is done. */
static inline ssize_t guarded_recvmsg(int fd, struct helped **helped, struct before *before,
				      struct msghdr *message, int flags, recvmsg_call *next)
{
	ssize_t n;

	n = next(fd, message, flags | guard_flag());
	return likely(n >= 0) ? n : receive_again(fd, helped, before, message, flags, next);
}

/* A receive failed that may have failed because of the guard; errno was `error` before. */
static __attribute__((noinline)) ssize_t receive_from_again(int fd, const struct iovec *buffer,
							    int flags, struct sockaddr *address,
							    socklen_t *length, int error)
{
	uint64_t salt;

	if (socket_classify(fd, &salt)) {
		if (!receive_guard_refused(fd))
			return -1;
		errno = error;
		return receive_from(fd, buffer->iov_base, buffer->iov_len, flags, address, length);
	}
	errno = error;
	return libc.recvfrom(fd, buffer->iov_base, buffer->iov_len, flags, address, length);
}

/* recvfrom() takes any size, and does not look at MSG_CMSG_COMPAT; recvmsg() refuses some. */
static inline bool is_unusual(size_t size, int flags)
{
	return (size | (unsigned int)flags) > INT_MAX;
}

static __attribute__((noinline)) ssize_t receive_unusual(int fd, void *buffer, size_t size,
							 int flags, struct sockaddr *address,
							 socklen_t *length)
{
	uint64_t salt;

	if (!socket_find_wildcard(fd, &salt))
		return libc.recvfrom(fd, buffer, size, flags, address, length);
	return receive_from(fd, buffer, size < INT_MAX ? size : INT_MAX, flags & INT_MAX, address,
			    length);
}

ssize_t receive_from(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
		     socklen_t *length)
{
	CONTROL_BUFFER(control, CONTROL_KERNEL);
	struct sockaddr_in6 from;
	struct iovec vector;
	struct msghdr received;
	uint64_t salt;
	struct helped *helped = socket_find_wildcard(fd, &salt);
	ssize_t n;
	int error;

	if (unlikely(!helped))
		return libc.recvfrom(fd, buffer, size, flags, address, length);
	if (unlikely(is_unusual(size, flags)))
		return receive_unusual(fd, buffer, size, flags, address, length);
	source_begin_receive();
	vector.iov_base = buffer;
	vector.iov_len = size;
	received.msg_name = &from;
	received.msg_namelen = sizeof(from);
	received.msg_iov = &vector;
	received.msg_iovlen = 1;
	received.msg_control = control;
	received.msg_controllen = sizeof(control);
	error = errno;
	n = libc.recvmsg(fd, &received, flags | guard_flag());
	if (unlikely(n < 0))
		return refuses_guard(flags)
			       ? receive_from_again(fd, &vector, flags, address, length, error)
			       : -1;
	learn(fd, helped, salt, &received, flags);
	if (unlikely(!address))
		return n;
	if (unlikely(!length)) {
		errno = EFAULT;
		return -1;
	}
	return likely(!give_address(&received, address, length)) ? n : -1;
}

ssize_t receive_message(int fd, struct helped *helped, uint64_t salt, struct msghdr *message,
			int flags, recvmsg_call *next)
{
	CONTROL_BUFFER(control, CONTROL_STACK);
	size_t size = program_room(message) + CONTROL_KERNEL;
	void *scratch = size > sizeof(control) ? scratch_take() : NULL;
	bool limited = size > sizeof(control) && !scratch;
	struct sockaddr_in6 from;
	struct msghdr received = { .msg_name = &from,
				   .msg_namelen = sizeof(from),
				   .msg_iov = message->msg_iov,
				   .msg_iovlen = message->msg_iovlen,
				   .msg_control = scratch ? scratch : control,
				   .msg_controllen = limited ? sizeof(control) : size };
	struct before before = remember_before(helped, salt);
	ssize_t n = -1;

	source_begin_receive();
	if (unlikely((int)message->msg_namelen < 0 && message->msg_name))
		helped = NULL;
	if (likely(helped != NULL))
		n = guarded_recvmsg(fd, &helped, &before, &received, flags, next);
	if (likely(n >= 0)) {
		learn(fd, helped, before.salt, &received, flags);
		if (give_message(wanted_after(helped, &before), message, &received))
			n = -1;
	}
	if (scratch)
		scratch_give();
	return unlikely(n < 0 && !helped) ? next(fd, message, flags) : n;
}

/* Descriptors that came over a UNIX socket: their numbers were something else before. */
static void forget_passed(const struct cmsghdr *header)
{
	size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
		socket_forget(fd);
	}
}

/*
 * PKTINFO, or the lack of room for it, on a socket that is not taken for a wildcard one: another
 * process or number made it one, and the program is not to see what that brings.
 */
static __attribute__((noinline)) void hide_unexpected(int fd, struct msghdr *message)
{
	struct helped *helped = socket_check_unexpected(fd);
	struct msghdr received = *message;

	if (!helped)
		return;
	message->msg_flags &= ~MSG_CTRUNC;
	message->msg_flags |= control_deliver(message, &received,
					      (INFO_V4 | INFO_V6) & ~helped_get(helped, wanted));
}

void receive_plain(int fd, struct msghdr *message)
{
	uint32_t value = descriptor_get(fd);
	bool unexpected = message->msg_flags & MSG_CTRUNC &&
			  (value & DESCRIPTOR_HELPED || descriptor_is_unbound(fd));
	size_t offset = 0;
	struct cmsghdr *header;

	while ((header = control_next(message->msg_control, message->msg_controllen, &offset))) {
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
			forget_passed(header);
		unexpected |= pktinfo_kind(header) & (INFO_V4 | INFO_V6);
	}
	if (unlikely(unexpected && value != DESCRIPTOR_PKTINFO))
		hide_unexpected(fd, message);
}

ssize_t receive_any(int fd, struct msghdr *message, int flags, recvmsg_call *next)
{
	uint64_t salt;
	struct helped *helped = socket_find_wildcard(fd, &salt);
	ssize_t n;

	if (helped)
		return receive_message(fd, helped, salt, message, flags, libc.recvmsg);
	n = next(fd, message, flags);
	if (n >= 0 && (message->msg_controllen || message->msg_flags & MSG_CTRUNC))
		receive_plain(fd, message);
	return n;
}
