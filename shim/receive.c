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

static bool read_v6(struct lesson *lesson, const struct msghdr *received)
{
	if (received->msg_namelen != sizeof(struct sockaddr_in6) ||
	    !pktinfo_read_usual_v6(received->msg_control, received->msg_controllen, &lesson->local))
		return false;
	peer_read_v6(&lesson->peer, received->msg_name);
	return true;
}

/* Returns true for the answer of IPV6_RECVPATHMTU, which is no datagram (ipv6_recv_rxpmtu()). */
static bool is_path_mtu(const struct msghdr *received)
{
	size_t offset = 0;
	const struct cmsghdr *header =
		control_next(received->msg_control, received->msg_controllen, &offset);

	return header && header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PATHMTU;
}

static enum taught taught_without_pktinfo(const struct msghdr *received)
{
	if (received->msg_flags & MSG_CTRUNC)
		return TAUGHT_CUT;
	return is_path_mtu(received) ? TAUGHT_OTHER : TAUGHT_NONE;
}

void lesson_read_slow(struct lesson *lesson, const struct msghdr *received)
{
	if (likely(read_v6(lesson, received)))
		lesson->taught = TAUGHT_LOCAL;
	else if (pktinfo_read(received->msg_control, received->msg_controllen, &lesson->local) ==
		 PKTINFO_NONE)
		lesson->taught = taught_without_pktinfo(received);
	else if (peer_read(&lesson->peer, received->msg_name, received->msg_namelen))
		lesson->taught = TAUGHT_LOCAL;
}

void lesson_keep(struct lesson *lesson, const struct peer *peer, const struct local *local)
{
	lesson->peer = *peer;
	lesson->local = *local;
	lesson->peeked = false;
	lesson->noted = true;
	lesson->taught = TAUGHT_LOCAL;
}

void lesson_take_slow(struct lesson *lesson, const struct msghdr *received, int flags)
{
	lesson_read(lesson, received, flags);
	if (lesson->taught != TAUGHT_LOCAL)
		return;
	lesson->names = source_names(lesson->salt, lesson->peer);
	lesson->noted = true;
	if (source_learn_fast(lesson->helped, lesson->salt, &lesson->names, &lesson->peer,
			      lesson->local))
		lesson->taught = TAUGHT_KNOWN;
	if (unlikely(lesson->peeked))
		source_last.flags |= HEARD_PEEKED;
}

/* What was not noted yet, when it was read. */
static __attribute__((noinline)) bool lesson_note(const struct lesson *lesson)
{
	struct names names = source_names(lesson->salt, lesson->peer);

	return source_learn_fast(lesson->helped, lesson->salt, &names, &lesson->peer,
				 lesson->local);
}

void lesson_store(int fd, const struct lesson *lesson)
{
	if (lesson->taught == TAUGHT_CUT)
		helped_mark(lesson->helped, HELPED_MORE_CONTROL, true);
	else if (lesson->taught == TAUGHT_NONE)
		socket_check(fd);
	if (lesson->taught != TAUGHT_LOCAL || (!lesson->noted && lesson_note(lesson)))
		return;
	source_learn_slow(fd, lesson->helped, lesson->salt, &lesson->peer, lesson->local);
	if (lesson->peeked)
		source_last.flags |= HEARD_PEEKED;
}

int give_address(const struct msghdr *received, void *address, socklen_t *length)
{
	socklen_t room = *length, given = received->msg_namelen;

	if ((int)room < 0) {
		errno = EINVAL;
		return -1;
	}
	*length = given;
	memcpy(address, received->msg_name, room < given ? room : given);
	return 0;
}

/* A receive failed that may have failed because of the guard; errno was `error` before. */
static __attribute__((noinline)) ssize_t receive_from_again(int fd, const struct iovec *buffer,
							    int flags, struct sockaddr *address,
							    socklen_t *length, int error,
							    recvmsg_call *receiver)
{
	uint64_t salt;

	if (socket_classify(fd, &salt)) {
		if (!receive_guard_refused(fd))
			return -1;
		errno = error;
		return receive_from(fd, buffer->iov_base, buffer->iov_len, flags, address, length,
				    receiver);
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
							 socklen_t *length, recvmsg_call *receiver)
{
	return receive_from(fd, buffer, size < INT_MAX ? size : INT_MAX, flags & INT_MAX, address,
			    length, receiver);
}

/*
 * The kernel call of receive_from(), in a function of its own: when the rest follows, the control
 * data is off the stack. Without room for all of the address it has to be cut here.
 */
static __attribute__((noinline)) ssize_t receive_datagram(int fd, struct msghdr *received,
							  int flags, struct lesson *lesson,
							  void *address, socklen_t *length,
							  recvmsg_call *receiver)
{
	CONTROL_BUFFER(control, CONTROL_KERNEL);
	struct sockaddr_in6 from;
	bool direct = received->msg_name != NULL;
	ssize_t n;

	if (unlikely(!direct)) {
		received->msg_name = &from;
		received->msg_namelen = sizeof(from);
	}
	received->msg_control = control;
	received->msg_controllen = sizeof(control);
	n = receiver(fd, received, flags);
	if (unlikely(n < 0))
		return n;
	lesson_take(lesson, received, flags);
	if (likely(direct))
		*length = received->msg_namelen;
	else if (address && give_address(received, address, length))
		n = -1;
	return n;
}

ssize_t receive_from(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
		     socklen_t *length, recvmsg_call *receiver)
{
	struct iovec vector;
	MESSAGE(received);
	struct lesson lesson;
	uint64_t salt;
	struct helped *helped = socket_find_wildcard(fd, &salt);
	ssize_t n;
	int error;

	if (unlikely(!helped))
		return libc.recvfrom(fd, buffer, size, flags, address, length);
	if (unlikely(is_unusual(size, flags)))
		return receive_unusual(fd, buffer, size, flags, address, length, receiver);
	source_begin_receive(fd, helped);
	received.msg_name = NULL;
	if (likely(address != NULL)) {
		if (unlikely(!memory_writable(length, sizeof(*length))))
			return libc.recvfrom(fd, buffer, size, flags, address, length);
		if (likely(is_room_for_name(helped, address, *length))) {
			received.msg_name = address;
			received.msg_namelen = length_of_name(*length);
		} else if ((int)*length > 0 && !memory_writable(address, *length)) {
			return libc.recvfrom(fd, buffer, size, flags, address, length);
		}
	}
	vector.iov_base = buffer;
	vector.iov_len = size;
	received.msg_iov = &vector;
	received.msg_iovlen = 1;
	error = errno;
	lesson_begin(&lesson, helped, salt);
	n = receive_datagram(fd, &received, flags | guard_flag(), &lesson, address, length,
			     receiver);
	if (unlikely(n < 0 && refuses_guard(flags) && !lesson.taught))
		return receive_from_again(fd, &vector, flags, address, length, error, receiver);
	if (unlikely(lesson.taught > TAUGHT_KNOWN))
		lesson_store(fd, &lesson);
	return n;
}

/*
 * The kernel call of receive_any(), and what the program sees of it. The message can be written;
 * the kernel itself writes the address if there is room for all of it.
 */
static __attribute__((noinline)) ssize_t receive_into(int fd, const struct helped *helped,
						      const struct before *before,
						      struct msghdr *message, int flags,
						      struct lesson *lesson, recvmsg_call *receiver)
{
	CONTROL_BUFFER(control, CONTROL_STACK);
	size_t size = program_room(message) + CONTROL_KERNEL;
	struct scratch scratch = { .area = NULL };
	struct sockaddr_in6 from;
	struct msghdr received = { .msg_name = &from,
				   .msg_namelen = sizeof(from),
				   .msg_iov = message->msg_iov,
				   .msg_iovlen = message->msg_iovlen,
				   .msg_control = control,
				   .msg_controllen = size };
	ssize_t n;

	if (likely(is_room_for_name(helped, message->msg_name, message->msg_namelen))) {
		received.msg_name = message->msg_name;
		received.msg_namelen = length_of_name(message->msg_namelen);
	}
	/* Without an area there is less room than the program has. */
	if (unlikely(size > sizeof(control))) {
		received.msg_controllen = sizeof(control);
		if (scratch_take(&scratch, size)) {
			received.msg_control = scratch.start;
			received.msg_controllen = size < scratch.size ? size : scratch.size;
		}
	}
	n = receiver(fd, &received, flags);
	if (likely(n >= 0)) {
		lesson_take(lesson, &received, flags);
		give_message(wanted_after(helped, before), message, &received);
	}
	if (unlikely(scratch.area != NULL))
		scratch_give(&scratch);
	return n;
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

/* It failed, maybe because of the guard; errno was `error` before. */
static __attribute__((noinline)) ssize_t receive_again(int fd, struct msghdr *message, int flags,
						       int error, struct lesson *lesson,
						       recvmsg_call *receiver)
{
	uint64_t salt;
	struct helped *helped = socket_classify(fd, &salt);
	struct before before;
	ssize_t n;

	if (helped && !receive_guard_refused(fd))
		return -1;
	errno = error;
	if (!helped)
		return receiver(fd, message, flags);
	before = remember_before(helped, salt);
	lesson_begin(lesson, helped, salt);
	n = receive_into(fd, helped, &before, message, flags, lesson, receiver);
	if (lesson->taught > TAUGHT_KNOWN)
		lesson_store(fd, lesson);
	lesson->taught = TAUGHT_NOTHING;
	return n;
}

ssize_t receive_any(int fd, struct msghdr *message, int flags, recvmsg_call *next,
		    recvmsg_call *receiver)
{
	uint64_t salt;
	struct helped *helped = socket_find_wildcard(fd, &salt);
	struct before before;
	struct lesson lesson;
	ssize_t n;

	if (unlikely(!helped)) {
		n = next(fd, message, flags);
		if (n >= 0 && (message->msg_controllen || message->msg_flags & MSG_CTRUNC))
			receive_plain(fd, message);
		return n;
	}
	if (unlikely(!memory_writable(message, sizeof(*message))) ||
	    unlikely(is_name_bad(helped, message)))
		return receiver(fd, message, flags);
	source_begin_receive(fd, helped);
	before = remember_before(helped, salt);
	lesson_begin(&lesson, helped, before.salt);
	n = receive_into(fd, helped, &before, message, flags | guard_flag(), &lesson, receiver);
	if (unlikely(n < 0 && refuses_guard(flags)))
		n = receive_again(fd, message, flags, before.error, &lesson, receiver);
	if (unlikely(lesson.taught > TAUGHT_KNOWN))
		lesson_store(fd, &lesson);
	return n;
}
