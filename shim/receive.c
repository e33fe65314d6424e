// SPDX-License-Identifier: MIT
// Receiving on a helped socket.

#include <limits.h>
#include <netinet/in.h>

#include "control.h"
#include "libc.h"
#include "pktinfo.h"
#include "receive.h"
#include "scratch.h"
#include "source.h"

/*
 * UDP does not look at MSG_OOB when it receives (udp_recvmsg()); other sockets refuse it before
 * they take anything from their queue. So it keeps us from receiving on a descriptor that became
 * something else behind our back: a UNIX socket would give descriptors into our larger buffer that
 * the program has no room for. A kernel that refuses it on UDP is found by its error.
 */
static int guard = MSG_OOB;

enum { NAME_ROOM = 32 };
_Static_assert(sizeof(struct sockaddr_in6) <= NAME_ROOM, "padded for the control data behind it");

#define CONTROL_BUFFER(name, size) _Alignas(struct cmsghdr) unsigned char name[size]

static bool refuses_guard(int flags)
{
	return (errno == EOPNOTSUPP || errno == EINVAL) && !(flags & MSG_OOB) &&
	       __atomic_load_n(&guard, __ATOMIC_RELAXED);
}

/* A receive failed: because of the guard? */
static __attribute__((noinline)) ssize_t receive_again(int fd, struct helped **helped,
						       struct msghdr *message, int flags)
{
	ssize_t n;

	if (!refuses_guard(flags) || !(*helped = socket_classify(fd)))
		return -1;
	n = libc.recvmsg(fd, message, flags);
	if (n >= 0 || !refuses_guard(flags))
		__atomic_store_n(&guard, 0, __ATOMIC_RELAXED);
	return n;
}

/* recvmsg() on a socket that may not be ours any more: *helped is NULL then, nothing is done. */
static inline ssize_t guarded_recvmsg(int fd, struct helped **helped, struct msghdr *message,
				      int flags)
{
	ssize_t n = libc.recvmsg(fd, message, flags | __atomic_load_n(&guard, __ATOMIC_RELAXED));

	return likely(n >= 0) ? n : receive_again(fd, helped, message, flags);
}

static int guarded_recvmmsg(int fd, struct helped **helped, struct mmsghdr *messages,
			    unsigned int count, int flags, struct timespec *timeout)
{
	int n = libc.recvmmsg(fd, messages, count,
			      flags | __atomic_load_n(&guard, __ATOMIC_RELAXED), timeout);

	if (likely(n >= 0) || !refuses_guard(flags) || !(*helped = socket_classify(fd)))
		return n;
	n = libc.recvmmsg(fd, messages, count, flags, timeout);
	if (n >= 0 || !refuses_guard(flags))
		__atomic_store_n(&guard, 0, __ATOMIC_RELAXED);
	return n;
}

/*
 * What a receive began with. It may block for long, and meanwhile the socket's place in the table
 * can become another socket's.
 */
struct before {
	uint64_t cookie;
	uint32_t tag;
	uint8_t wanted;
};

static inline struct before remember_before(const struct helped *helped)
{
	return (struct before){ .cookie = helped_get(helped, cookie),
				.tag = helped_get(helped, tag),
				.wanted = helped_get(helped, wanted) };
}

/* The PKTINFO that the program wants to see: now, as long as that can be known. */
static inline unsigned int wanted_after(const struct helped *helped, const struct before *before)
{
	unsigned int wanted = helped_get(helped, wanted);

	return likely(helped_get(helped, tag) == before->tag) ? wanted : before->wanted;
}

/* What else control data can tell: nothing of ours, or more than there was room for. */
static __attribute__((noinline)) void learn_nothing(int fd, struct helped *helped,
						    const struct msghdr *received)
{
	if (received->msg_flags & MSG_CTRUNC)
		helped_mark(helped, HELPED_MORE_CONTROL, true);
	else
		socket_check(fd);
}

/* Remembers what a received datagram's control data tells. */
static inline __attribute__((always_inline)) void learn(int fd, struct helped *helped,
							const struct before *before,
							const struct msghdr *received, int flags)
{
	struct local local;
	struct peer peer;

	if (unlikely(flags & MSG_ERRQUEUE))
		return;
	if (unlikely(!pktinfo_read_v4(received->msg_control, received->msg_controllen, &local)) &&
	    pktinfo_read(received->msg_control, received->msg_controllen, &local) == PKTINFO_NONE)
		learn_nothing(fd, helped, received);
	else if (likely(peer_read(&peer, received->msg_name, received->msg_namelen)))
		source_learn(fd, helped, before->cookie, &peer, &local);
}

/* move_addr_to_user() in net/socket.c: all its length, as much of it as there is room for. */
static inline int give_address(const struct msghdr *received, void *address, socklen_t *length)
{
	socklen_t room = *length;

	*length = received->msg_namelen;
	if (likely(received->msg_namelen == sizeof(struct sockaddr_in) &&
		   (int)room >= (int)sizeof(struct sockaddr_in))) {
		memcpy(address, received->msg_name, sizeof(struct sockaddr_in));
		return 0;
	}
	if ((int)room < 0) {
		*length = room;
		errno = EINVAL;
		return -1;
	}
	memcpy(address, received->msg_name,
	       room < received->msg_namelen ? room : received->msg_namelen);
	return 0;
}

/* The program's view of a received message: ____sys_recvmsg() in net/socket.c. */
static int give_message(unsigned int wanted, struct msghdr *message, const struct msghdr *received)
{
	unsigned int hidden = (INFO_V4 | INFO_V6) & ~wanted;
	int truncated;
	int error = 0;

	if (message->msg_name)
		error = give_address(received, message->msg_name, &message->msg_namelen);
	/*
	 * The copy had room for all that is hidden and what the program has room for, so what was
	 * truncated there would have been here too.
	 */
	truncated = control_deliver(message, received, hidden);
	message->msg_flags = received->msg_flags | truncated;
	return error;
}

ssize_t receive_from(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
		     socklen_t *length)
{
	struct helped *helped = socket_find_wildcard(fd);
	CONTROL_BUFFER(control, CONTROL_KERNEL);
	struct sockaddr_in6 from;
	struct iovec vector = { .iov_base = buffer,
				.iov_len = size < SSIZE_MAX ? size : SSIZE_MAX };
	struct msghdr received = { .msg_name = &from,
				   .msg_namelen = sizeof(from),
				   .msg_iov = &vector,
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof(control) };
	struct before before;
	ssize_t n = -1;

	if (likely(helped != NULL)) {
		before = remember_before(helped);
		n = guarded_recvmsg(fd, &helped, &received, flags);
	}
	if (unlikely(n < 0))
		return helped ? n : libc.recvfrom(fd, buffer, size, flags, address, length);
	learn(fd, helped, &before, &received, flags);
	if (!address)
		return n;
	if (unlikely(!length)) {
		errno = EFAULT;
		return -1;
	}
	return likely(!give_address(&received, address, length)) ? n : -1;
}

/* How much control data the program has room for; UDP never has near as much as SCRATCH_SIZE. */
static size_t program_room(const struct msghdr *message)
{
	size_t room = message->msg_control ? message->msg_controllen : 0;

	return room > SCRATCH_SIZE / 2 ? SCRATCH_SIZE / 2 : CMSG_ALIGN(room);
}

ssize_t receive_message(int fd, struct helped *helped, struct msghdr *message, int flags)
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
	struct before before;
	ssize_t n = -1;

	if (unlikely((int)message->msg_namelen < 0 && message->msg_name))
		helped = NULL;
	if (likely(helped != NULL)) {
		before = remember_before(helped);
		n = guarded_recvmsg(fd, &helped, &received, flags);
	}
	if (likely(n >= 0)) {
		learn(fd, helped, &before, &received, flags);
		if (give_message(wanted_after(helped, &before), message, &received))
			n = -1;
	}
	if (scratch)
		scratch_give();
	return unlikely(n < 0 && !helped) ? libc.recvmsg(fd, message, flags) : n;
}

/* The first message of a vector alone: what the kernel too does when the second has an error. */
static int receive_first(int fd, struct helped *helped, struct mmsghdr *messages, int flags)
{
	ssize_t n = receive_message(fd, helped, &messages->msg_hdr, flags);

	if (n < 0)
		return -1;
	messages->msg_len = (unsigned int)n;
	return 1;
}

/* One message of a vector as the kernel shall see it, its name and control data in `room`. */
static void prepare(struct mmsghdr *copy, const struct msghdr *message, unsigned char *room,
		    size_t extra)
{
	copy->msg_hdr = (struct msghdr){ .msg_iov = message->msg_iov,
					 .msg_iovlen = message->msg_iovlen,
					 .msg_name = room,
					 .msg_namelen = sizeof(struct sockaddr_in6),
					 .msg_control = room + NAME_ROOM,
					 .msg_controllen = program_room(message) + extra };
}

int receive_messages(int fd, struct helped *helped, struct mmsghdr *messages, unsigned int count,
		     int flags, struct timespec *timeout)
{
	CONTROL_BUFFER(stack, CONTROL_STACK);
	size_t extra = helped_is(helped, HELPED_MORE_CONTROL) ? CONTROL_KERNEL : CONTROL_PKTINFO;
	unsigned char *scratch = scratch_take(), *start = scratch ? scratch : stack;
	unsigned char *room = start + (scratch ? SCRATCH_SIZE : sizeof(stack));
	struct mmsghdr *copies = (struct mmsghdr *)(void *)start;
	struct before before;
	unsigned int fitting;
	int n;

	/* Headers grow from the start, names and control data down from the end. */
	for (fitting = 0; fitting < count; fitting++) {
		const struct msghdr *message = &messages[fitting].msg_hdr;
		size_t need = NAME_ROOM + program_room(message) + extra;

		if ((size_t)(room - (unsigned char *)&copies[fitting]) < sizeof(*copies) + need ||
		    (message->msg_name && (int)message->msg_namelen < 0))
			break;
		room -= need;
		prepare(&copies[fitting], message, room, extra);
	}
	if (unlikely(!fitting && count)) {
		if (scratch)
			scratch_give();
		return receive_first(fd, helped, messages, flags);
	}
	before = remember_before(helped);
	n = guarded_recvmmsg(fd, &helped, copies, fitting, flags, timeout);
	for (int i = 0; i < n; i++) {
		learn(fd, helped, &before, &copies[i].msg_hdr, flags);
		give_message(wanted_after(helped, &before), &messages[i].msg_hdr,
			     &copies[i].msg_hdr);
		messages[i].msg_len = copies[i].msg_len;
	}
	if (scratch)
		scratch_give();
	if (unlikely(n < 0 && !helped))
		return libc.recvmmsg(fd, messages, count, flags, timeout);
	return n;
}
