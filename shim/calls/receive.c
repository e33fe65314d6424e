// SPDX-License-Identifier: MIT
// Receiving on a tracked socket.

#include <limits.h>
#include <netinet/in.h>
#include <poll.h>

#include "calls/delivery.h"
#include "calls/receive.h"
#include "libc/libc.h"

/*
 * A receive on a tracked socket. The kernel's call is made in a function of its own, which has the
 * control data in its stack frame: what follows for a new peer finds that gone.
 */
struct receive {
	struct tracked *tracked;
	uint64_t salt;
	recvmsg_call *receiver;
	int fd;
	int error; /* errno before */
	struct learned learned;
};

static inline __attribute__((always_inline)) void receive_begin(struct receive *receive, int fd,
								struct tracked *tracked,
								uint64_t salt,
								recvmsg_call *receiver)
{
	receive->receiver = receiver;
	receive->tracked = tracked;
	receive->salt = salt;
	receive->fd = fd;
	receive->learned.kind = LEARNED_NOTHING;
}

/* The receive failed, maybe because of the guard: then it is to be made again. */
static __attribute__((noinline)) void keep_call_for_retry(struct receive *receive, void *buffer,
							  size_t size, int flags, void *address,
							  socklen_t *length)
{
	if (!refuses_guard(flags))
		return;
	receive->learned.again = (struct again){ buffer, size, address, length, flags };
	receive->learned.kind = LEARNED_REFUSED;
}

/*
 * The kernel writes the address where the program wants it, if there is room for all of it:
 * `direct`. Else it has to be cut here. recvfrom() takes any size, and does not look at
 * MSG_CMSG_COMPAT, the highest of the flags; recvmsg() refuses some.
 */
static inline __attribute__((always_inline)) ssize_t
receive_datagram(int fd, void *buffer, size_t size, int flags, void *address, socklen_t *length,
		 struct receive *receive, bool direct)
{
	CONTROL_BUFFER(control, CONTROL_KERNEL);
	struct sockaddr_in6 from;
	struct iovec vector;
	MESSAGE(received);
	ssize_t n;

	vector.iov_base = buffer;
	vector.iov_len = size < INT_MAX ? size : INT_MAX;
	received.msg_name = direct ? address : &from;
	received.msg_namelen = direct ? length_of_name(*length) : sizeof(from);
	received.msg_iov = &vector;
	received.msg_iovlen = 1;
	received.msg_control = control;
	received.msg_controllen = sizeof(control);
	receive->error = errno;
	n = receive->receiver(fd, &received, (flags & INT_MAX) | guard_flag());
	if (unlikely(n < 0)) {
		keep_call_for_retry(receive, vector.iov_base, vector.iov_len, flags, address,
				    length);
		return n;
	}
	learn_datagram(&receive->learned, receive->tracked, receive->salt, &received, flags);
	if (direct)
		*length = received.msg_namelen;
	else if (address && give_address(&received, address, length))
		n = -1;
	return n;
}

typedef ssize_t receive_call(int fd, void *buffer, size_t size, int flags, void *address,
			     socklen_t *length, struct receive *receive);

static __attribute__((noinline)) ssize_t receive_directly(int fd, void *buffer, size_t size,
							  int flags, void *address,
							  socklen_t *length,
							  struct receive *receive)
{
	return receive_datagram(fd, buffer, size, flags, address, length, receive, true);
}

static __attribute__((noinline)) ssize_t receive_indirectly(int fd, void *buffer, size_t size,
							    int flags, void *address,
							    socklen_t *length,
							    struct receive *receive)
{
	return receive_datagram(fd, buffer, size, flags, address, length, receive, false);
}

/* A receive failed that may have failed because of the guard. */
static __attribute__((noinline)) ssize_t receive_from_again(const struct receive *receive)
{
	const struct again *again = &receive->learned.again;
	uint64_t salt;

	if (socket_classify(receive->fd, &salt)) {
		if (!receive_guard_refused(receive->fd))
			return -1;
		errno = receive->error;
		return receive_from_by(receive->fd, again->buffer, again->size, again->flags,
				       again->address, again->length, receive->receiver);
	}
	errno = receive->error;
	return libc.recvfrom(receive->fd, again->buffer, again->size, again->flags, again->address,
			     again->length);
}

static __attribute__((noinline)) void receive_store(struct receive *receive)
{
	learned_store(receive->fd, receive->tracked, receive->salt, &receive->learned);
}

static inline __attribute__((always_inline)) ssize_t
receive_and_learn(int fd, void *buffer, size_t size, int flags, void *address, socklen_t *length,
		  recvmsg_call *receiver, struct tracked *tracked, uint64_t salt,
		  receive_call *call)
{
	struct receive receive;
	ssize_t n;

	receive_begin(&receive, fd, tracked, salt, receiver);
	n = call(fd, buffer, size, flags, address, length, &receive);
	if (unlikely(receive.learned.kind)) {
		if (receive.learned.kind == LEARNED_REFUSED)
			return receive_from_again(&receive);
		receive_store(&receive);
	}
	return n;
}

ssize_t receive_from_by(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
			socklen_t *length, recvmsg_call *receiver)
{
	uint64_t salt;
	struct tracked *tracked = socket_find_wildcard(fd, &salt);
	receive_call *call = receive_indirectly;

	if (!tracked)
		return libc.recvfrom(fd, buffer, size, flags, address, length);
	source_begin_receive(fd, tracked);
	if (address) {
		if (!memory_writable(length, sizeof(*length)))
			return libc.recvfrom(fd, buffer, size, flags, address, length);
		if (is_room_for_name(tracked, address, *length))
			call = receive_directly;
		else if ((int)*length > 0 && !memory_writable(address, *length))
			return libc.recvfrom(fd, buffer, size, flags, address, length);
	}
	return receive_and_learn(fd, buffer, size, flags, address, length, receiver, tracked, salt,
				 call);
}

/* All that is not for the fast path. */
static LAST ssize_t receive_from_slow(int fd, void *buffer, size_t size, int flags,
				      struct sockaddr *address, socklen_t *length)
{
	if (descriptor_get(fd) == DESCRIPTOR_PLAIN)
		return libc.recvfrom(fd, buffer, size, flags, address, length);
	return receive_from_by(fd, buffer, size, flags, address, length, libc.recvmsg);
}

/*
 * The fast path: a simple socket. What follows when the table does not know the datagram's peer
 * yet, or something failed, is a sibling call: it finds the stack frame of the fast path gone
 * (tests/transparency/faults/stack), and has what it needs in registers.
 */

/* Receives with these flags teach nothing or twice; recvmsg() refuses the highest. */
enum { FLAGS_SLOW = (int)(MSG_ERRQUEUE | MSG_PEEK | ~(unsigned int)INT_MAX) };

/* What is learned, but for the peer, whose address the program has. */
struct learned_fast {
	struct local local;
	uint32_t kind; /* with IS_LAST_RECV */
};
enum { IS_LAST_RECV = 8, KIND_SHIFT = 28 };

/* Control data of another than the frequent kinds. */
static COLD uint32_t learn_other(struct local *local, const struct msghdr *received)
{
	struct learned learned = { .kind = LEARNED_NOTHING };

	learned_read(&learned, received, 0);
	local_copy(local, &learned.local);
	return learned.kind;
}

/* Returns true if there is no control data but what is learned from. */
static inline __attribute__((always_inline)) bool
learn_fast(struct learned_fast *learned, const struct tracked *tracked, uint32_t tag, uint64_t salt,
	   const struct msghdr *received, const void *control)
{
	const void *name = received->msg_name;
	size_t length = received->msg_controllen;
	struct local local;
	struct peer peer;
	bool is_v4 = likely(received->msg_namelen == sizeof(struct sockaddr_in)), is_known;

	if (is_v4 && likely(pktinfo_read_fast(control, length, &local))) {
		is_known = source_learn_simple(tracked, tag, salt, peer_name(name), NULL, local);
	} else if (received->msg_namelen == sizeof(struct sockaddr_in6) &&
		   likely(pktinfo_read_fast_v6(control, length, &local))) {
		peer_read_v6(&peer, name);
		is_known = source_learn_simple(tracked, tag, salt, peer_name(name), &peer, local);
	} else {
		learned->kind = learn_other(&learned->local, received);
		return false;
	}
	learned->kind = LEARNED_NOTHING;
	if (unlikely(!is_known)) {
		local_copy(&learned->local, &local);
		learned->kind = LEARNED_LOCAL | IS_LAST_RECV;
	}
	return likely(length <= (is_v4 ? CMSG_SPACE(sizeof(struct in_pktinfo)) : CONTROL_PKTINFO));
}

/* Stores what is learned. Returns n, which is below 2^KIND_SHIFT. */
static COLD ssize_t end_learning(uint64_t tag_and_n, uint64_t fd_and_ifindex, uint64_t salt,
				 const void *address, uint64_t half0, uint64_t half1)
{
	uint32_t n = (uint32_t)(tag_and_n >> 32), kind = n >> KIND_SHIFT;
	struct learned learned = { .kind = (enum learned_kind)(kind & (IS_LAST_RECV - 1)),
				   .is_last_recv = kind & IS_LAST_RECV };
	sa_family_t family;

	memcpy(&family, address, sizeof(family));
	if (family == AF_INET)
		peer_read_v4(&learned.peer, address);
	else
		peer_read_v6(&learned.peer, address);
	learned.local = (struct local){ .ifindex = (uint32_t)(fd_and_ifindex >> 32) };
	learned.local.half[0] = half0;
	learned.local.half[1] = half1;
	learned_store((int)(uint32_t)fd_and_ifindex, tracked_at((uint32_t)tag_and_n), salt,
		      &learned);
	return n & ((UINT32_C(1) << KIND_SHIFT) - 1);
}

/* No datagram is as long as 2^KIND_SHIFT, but a stream socket at a stale number may give as much.
 */
static inline __attribute__((always_inline)) ssize_t
begin_end_learning(ssize_t n, int fd, uint32_t tag, uint64_t salt, const void *address,
		   const struct learned_fast *learned)
{
	if (n >> KIND_SHIFT)
		return n;
	return end_learning(((uint64_t)learned->kind << KIND_SHIFT | (uint64_t)n) << 32 | tag,
			    (uint64_t)learned->local.ifindex << 32 | (uint32_t)fd, salt, address,
			    learned->local.half[0], learned->local.half[1]);
}

/* The receive failed; errno was `error_and_flags` >> 32 before. */
static COLD ssize_t end_failed(int fd, void *buffer, size_t size, uint64_t error_and_flags,
			       void *address, socklen_t *length)
{
	struct receive receive;

	receive.learned.kind = LEARNED_NOTHING;
	keep_call_for_retry(&receive, buffer, size, (int)(uint32_t)error_and_flags, address,
			    length);
	if (receive.learned.kind != LEARNED_REFUSED)
		return -1;
	receive.fd = fd;
	receive.receiver = libc.recvmsg;
	receive.error = (int)(error_and_flags >> 32);
	return receive_from_again(&receive);
}

/* Returns true if the fast paths below may receive from a socket, as far as it and the flags go. */
static inline __attribute__((always_inline)) bool may_receive_fast(const struct tracked *tracked,
								   int flags)
{
	return tracked && tracked_is_simple(tracked) && source_has_begun(tracked) &&
	       !(flags & FLAGS_SLOW);
}

HOT ssize_t receive_from(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
			 socklen_t *length)
{
	uint64_t salt;
	uint32_t tag = descriptor_get(fd);
	struct tracked *tracked = socket_find_value(tag, &salt);
	struct learned_fast learned;
	socklen_t room;
	int error;
	ssize_t n;

	if (rarely(!may_receive_fast(tracked, flags) || size > INT_MAX ||
		   !memory_known_writable(length, sizeof(*length)) ||
		   !(room = room_for_name(tracked, address, *length))))
		return receive_from_slow(fd, buffer, size, flags, address, length);
	{
		CONTROL_BUFFER(control, CONTROL_KERNEL);
		struct iovec vector;
		MESSAGE(received);

		vector.iov_base = buffer;
		vector.iov_len = size;
		received.msg_name = address;
		received.msg_namelen = room;
		received.msg_iov = &vector;
		received.msg_iovlen = 1;
		received.msg_control = control;
		received.msg_controllen = sizeof(control);
		error = *last_recv_errno();
		n = libc.recvmsg(fd, &received, flags | guard_flag());
		if (likely(n >= 0)) {
			*length = received.msg_namelen;
			learn_fast(&learned, tracked, tag, salt, &received, control);
		} else {
			buffer = vector.iov_base;
			size = vector.iov_len;
			address = received.msg_name;
		}
	}
	if (likely(n >= 0 && !learned.kind))
		return n;
	if (n >= 0)
		return begin_end_learning(n, fd, tag, salt, address, &learned);
	return end_failed(fd, buffer, size, (uint64_t)error << 32 | (uint32_t)flags, address,
			  length);
}

/*
 * The kernel call of receive_any(), and what the program sees of it. The message can be written;
 * `is_fast`: the kernel itself writes the address, and the stack has room for the control data.
 */
static inline __attribute__((always_inline)) ssize_t
receive_message_with(int fd, struct msghdr *message, int flags, struct receive *receive,
		     bool is_fast)
{
	CONTROL_BUFFER(control, CONTROL_STACK);
	struct recv_ctx recv_ctx = recv_ctx_begin(receive->tracked);
	struct scratch scratch = { .area = NULL };
	struct sockaddr_in6 from;
	MESSAGE(received);
	ssize_t n;

	received.msg_iov = message->msg_iov;
	received.msg_iovlen = message->msg_iovlen;
	received.msg_control = control;
	received.msg_controllen = program_room(message) + CONTROL_KERNEL;
	received.msg_name = message->msg_name;
	received.msg_namelen = length_of_name(message->msg_namelen);
	if (!is_fast &&
	    !is_room_for_name(receive->tracked, message->msg_name, message->msg_namelen)) {
		received.msg_name = &from;
		received.msg_namelen = sizeof(from);
	}
	/* Without an area there is less room than the program has. */
	if (!is_fast && received.msg_controllen > sizeof(control)) {
		size_t size = received.msg_controllen;

		received.msg_controllen = sizeof(control);
		if (scratch_take(&scratch, size)) {
			received.msg_control = scratch.start;
			received.msg_controllen = size < scratch.size ? size : scratch.size;
		}
	}
	receive->error = recv_ctx.error;
	n = receive->receiver(fd, &received, flags | guard_flag());
	if (likely(n >= 0)) {
		learn_datagram(&receive->learned, receive->tracked, receive->salt, &received,
			       flags);
		give_message(recv_ctx_wanted(receive->tracked, &recv_ctx), message, &received);
	} else {
		keep_call_for_retry(receive, message, 0, flags, NULL, NULL);
	}
	if (!is_fast && scratch.area)
		scratch_give(&scratch);
	return n;
}

typedef ssize_t message_call(int fd, struct msghdr *message, int flags, struct receive *receive);

static __attribute__((noinline)) ssize_t receive_message_fast(int fd, struct msghdr *message,
							      int flags, struct receive *receive)
{
	return receive_message_with(fd, message, flags, receive, true);
}

static __attribute__((noinline)) ssize_t receive_message_slow(int fd, struct msghdr *message,
							      int flags, struct receive *receive)
{
	return receive_message_with(fd, message, flags, receive, false);
}

/* Descriptors that came over a UNIX socket: their numbers were something else before. */
static void forget_passed_descriptors(const struct cmsghdr *header)
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
static __attribute__((noinline)) void hide_unexpected_pktinfo(int fd, struct msghdr *message)
{
	unsigned int hidden = socket_check_unexpected(fd);
	struct msghdr received = *message;

	if (!hidden)
		return;
	message->msg_flags &= ~MSG_CTRUNC;
	message->msg_flags |= control_deliver(message, &received, hidden);
}

void receive_plain(int fd, struct msghdr *message)
{
	uint32_t value = descriptor_get(fd);
	bool unexpected = message->msg_flags & MSG_CTRUNC &&
			  (value & DESCRIPTOR_TRACKED || descriptor_is_unbound(fd));
	size_t offset = 0;
	struct cmsghdr *header;

	while ((header = control_next(message->msg_control, message->msg_controllen, &offset))) {
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
			forget_passed_descriptors(header);
		unexpected |= pktinfo_kind(header) & (INFO_V4 | INFO_V6);
	}
	if (unlikely(unexpected && value != DESCRIPTOR_PKTINFO))
		hide_unexpected_pktinfo(fd, message);
}

/* It failed, maybe because of the guard. */
static __attribute__((noinline)) ssize_t receive_again(struct receive *receive)
{
	const struct again again = receive->learned.again;
	int fd = receive->fd;
	struct tracked *tracked = socket_classify(fd, &receive->salt);
	ssize_t n;

	if (tracked && !receive_guard_refused(fd))
		return -1;
	errno = receive->error;
	if (!tracked)
		return receive->receiver(fd, again.buffer, again.flags);
	receive_begin(receive, fd, tracked, receive->salt, receive->receiver);
	n = receive_message_slow(fd, again.buffer, again.flags, receive);
	if (receive->learned.kind)
		receive_store(receive);
	return n;
}

static inline __attribute__((always_inline)) ssize_t
receive_and_learn_message(int fd, struct msghdr *message, int flags, recvmsg_call *receiver,
			  struct tracked *tracked, uint64_t salt, message_call *call)
{
	struct receive receive;
	ssize_t n;

	receive_begin(&receive, fd, tracked, salt, receiver);
	n = call(fd, message, flags, &receive);
	if (unlikely(receive.learned.kind)) {
		if (receive.learned.kind == LEARNED_REFUSED)
			return receive_again(&receive);
		receive_store(&receive);
	}
	return n;
}

static __attribute__((noinline)) ssize_t receive_any_tracked(int fd, struct msghdr *message,
							     int flags, recvmsg_call *receiver,
							     struct tracked *tracked, uint64_t salt)
{
	return receive_and_learn_message(fd, message, flags, receiver, tracked, salt,
					 receive_message_slow);
}

static __attribute__((noinline)) ssize_t receive_any_slow(int fd, struct msghdr *message, int flags,
							  recvmsg_call *next,
							  recvmsg_call *receiver)
{
	struct tracked *tracked;
	uint64_t salt;
	ssize_t n;

	{
		/* Dead when the call goes on: it finds this stack frame gone
		 * (tests/transparency/faults/stack).
		 */
		uint64_t found = 0;

		tracked = socket_find_wildcard(fd, &found);
		salt = found;
	}
	if (!tracked) {
		n = next(fd, message, flags);
		if (n >= 0 && (message->msg_controllen || message->msg_flags & MSG_CTRUNC))
			receive_plain(fd, message);
		return n;
	}
	if (!memory_writable(message, sizeof(*message)) || is_name_bad(tracked, message))
		return receiver(fd, message, flags);
	source_begin_receive(fd, tracked);
	return receive_any_tracked(fd, message, flags, receiver, tracked, salt);
}

/* The fast path of recvmsg(). */

static COLD ssize_t end_message_failed(int fd, struct msghdr *message, int flags, int error)
{
	struct receive receive;

	receive.learned.kind = LEARNED_NOTHING;
	keep_call_for_retry(&receive, message, 0, flags, NULL, NULL);
	if (receive.learned.kind != LEARNED_REFUSED)
		return -1;
	receive.fd = fd;
	receive.receiver = libc.recvmsg;
	receive.error = error;
	return receive_again(&receive);
}

/* The program sees more of the control data than nothing. */
static COLD void give_message_slow(const struct tracked *tracked, uint32_t tag,
				   struct msghdr *message, const struct msghdr *received)
{
	const struct recv_ctx recv_ctx = { .tag = tag };

	give_message(recv_ctx_wanted(tracked, &recv_ctx), message, received);
}

static LAST ssize_t receive_message_any(int fd, struct msghdr *message, int flags)
{
	return receive_any(fd, message, flags, libc.recvmsg, libc.recvmsg);
}

HOT ssize_t receive_message(int fd, struct msghdr *message, int flags)
{
	uint64_t salt;
	uint32_t tag = descriptor_get(fd);
	struct tracked *tracked = socket_find_value(tag, &salt);
	struct learned_fast learned;
	socklen_t room;
	int error;
	ssize_t n;

	if (rarely(!may_receive_fast(tracked, flags) || tracked_get(tracked, wanted) ||
		   !memory_known_writable(message, sizeof(*message)) ||
		   !(room = room_for_name(tracked, message->msg_name, message->msg_namelen)) ||
		   program_room(message) > CONTROL_STACK - CONTROL_KERNEL))
		return receive_message_any(fd, message, flags);
	{
		CONTROL_BUFFER(control, CONTROL_STACK);
		MESSAGE(received);

		received.msg_name = message->msg_name;
		received.msg_namelen = room;
		received.msg_iov = message->msg_iov;
		received.msg_iovlen = message->msg_iovlen;
		received.msg_control = control;
		received.msg_controllen = program_room(message) + CONTROL_KERNEL;
		error = *last_recv_errno();
		n = libc.recvmsg(fd, &received, flags | guard_flag());
		if (likely(n >= 0)) {
			if (likely(learn_fast(&learned, tracked, tag, salt, &received, control) &&
				   tracked_get(tracked, tag) == tag &&
				   !tracked_get(tracked, wanted))) {
				message->msg_namelen = received.msg_namelen;
				message->msg_controllen = 0;
				message->msg_flags = received.msg_flags;
			} else {
				give_message_slow(tracked, tag, message, &received);
			}
		}
	}
	if (likely(n >= 0 && !learned.kind))
		return n;
	if (n >= 0)
		return begin_end_learning(n, fd, tag, salt, message->msg_name, &learned);
	return end_message_failed(fd, message, flags, error);
}

ssize_t receive_any(int fd, struct msghdr *message, int flags, recvmsg_call *next,
		    recvmsg_call *receiver)
{
	uint64_t salt;
	struct tracked *tracked = socket_find_wildcard_fast(fd, &salt);

	if (unlikely(!tracked || !source_has_begun(tracked) ||
		     !memory_known_writable(message, sizeof(*message)) ||
		     !is_room_for_name(tracked, message->msg_name, message->msg_namelen) ||
		     program_room(message) > CONTROL_STACK - CONTROL_KERNEL))
		return receive_any_slow(fd, message, flags, next, receiver);
	return receive_and_learn_message(fd, message, flags, receiver, tracked, salt,
					 receive_message_fast);
}
