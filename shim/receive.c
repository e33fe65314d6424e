// SPDX-License-Identifier: MIT
// Receiving on a helped socket.

#include <limits.h>
#include <netinet/in.h>

#include "delivery.h"
#include "libc.h"
#include "receive.h"

int receive_guard = MSG_OOB;

bool receive_guard_refused(int fd)
{
	struct msghdr nothing = { .msg_iovlen = 0 };
	int error = errno;
	bool refused = libc.recvmsg(fd, &nothing, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) < 0 &&
		       refuses_guard(0);

	if (refused)
		__atomic_store_n(&receive_guard, 0, __ATOMIC_RELAXED);
	errno = error;
	return refused;
}

/* A receive failed: because of the guard? */
static __attribute__((noinline)) ssize_t receive_again(int fd, struct helped **helped,
						       struct before *before,
						       struct msghdr *message, int flags)
{
	if (!refuses_guard(flags))
		return -1;
	*helped = socket_classify(fd);
	if (!*helped)
		errno = before->error; /* the program's own call follows */
	if (!*helped || !receive_guard_refused(fd))
		return -1;
	errno = before->error;
	*before = remember_before(*helped);
	return libc.recvmsg(fd, message, flags);
}

/* recvmsg() on a socket that may not be ours any more: *helped is NULL then, nothing is done. */
static inline ssize_t guarded_recvmsg(int fd, struct helped **helped, struct before *before,
				      struct msghdr *message, int flags)
{
	ssize_t n;

	*before = remember_before(*helped);
	n = libc.recvmsg(fd, message, flags | guard_flag());
	return likely(n >= 0) ? n : receive_again(fd, helped, before, message, flags);
}

ssize_t receive_from(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
		     socklen_t *length)
{
	struct helped *helped = socket_find_wildcard(fd);
	CONTROL_BUFFER(control, CONTROL_KERNEL);
	struct sockaddr_in6 from;
	struct iovec vector = { .iov_base = buffer, .iov_len = size < INT_MAX ? size : INT_MAX };
	struct msghdr received = { .msg_name = &from,
				   .msg_namelen = sizeof(from),
				   .msg_iov = &vector,
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof(control) };
	struct before before;
	ssize_t n = -1;

	/* recvfrom() does not look at MSG_CMSG_COMPAT, recvmsg() refuses it. */
	if (likely(helped != NULL))
		n = guarded_recvmsg(fd, &helped, &before, &received, flags & INT_MAX);
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
	if (likely(helped != NULL))
		n = guarded_recvmsg(fd, &helped, &before, &received, flags);
	if (likely(n >= 0)) {
		learn(fd, helped, &before, &received, flags);
		if (give_message(wanted_after(helped, &before), message, &received))
			n = -1;
	}
	if (scratch)
		scratch_give();
	return unlikely(n < 0 && !helped) ? libc.recvmsg(fd, message, flags) : n;
}

void receive_passed(const struct msghdr *message)
{
	size_t offset = 0;
	struct cmsghdr *header;

	while ((header = control_next(message->msg_control, message->msg_controllen, &offset))) {
		size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
			socket_forget(fd);
		}
	}
}

ssize_t receive_any(int fd, struct msghdr *message, int flags, recvmsg_call *next)
{
	struct helped *helped = socket_find_wildcard(fd);
	ssize_t n;

	if (helped)
		return receive_message(fd, helped, message, flags);
	n = next(fd, message, flags);
	if (n >= 0 && message->msg_controllen)
		receive_passed(message);
	return n;
}
