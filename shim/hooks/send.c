// SPDX-License-Identifier: MIT
// Hooks of the calls that send.

#include <limits.h>

#include "libc.h"
#include "send.h"

/* sendto() takes any size and then finds it too long; sendmsg() refuses what is no ssize_t. */
#define VECTOR(buffer, size)                                                         \
	(struct iovec)                                                               \
	{                                                                            \
		(void *)(uintptr_t)(buffer), (size) < SSIZE_MAX ? (size) : SSIZE_MAX \
	}

ssize_t hook_send(int fd, const void *buffer, size_t size, int flags)
{
	struct helped *helped;
	struct route route;

	if (!send_concerns(fd, &helped) || !send_route(&route, helped, NULL, 0))
		return libc.send(fd, buffer, size, flags);
	return send_from(fd, &route,
			 &(struct msghdr){.msg_iov = &VECTOR(buffer, size), .msg_iovlen = 1},
			 flags);
}

ssize_t hook___send(int fd, const void *buffer, size_t size, int flags)
{
	return hook_send(fd, buffer, size, flags);
}

ssize_t hook_sendto(int fd, const void *buffer, size_t size, int flags,
		    const struct sockaddr *address, socklen_t length)
{
	struct helped *helped;
	struct route route;

	if (!send_concerns(fd, &helped) || !send_route(&route, helped, address, length))
		return libc.sendto(fd, buffer, size, flags, address, length);
	return send_from(fd, &route,
			 &(struct msghdr){.msg_name = (void *)(uintptr_t)address,
					  .msg_namelen = length,
					  .msg_iov = &VECTOR(buffer, size),
					  .msg_iovlen = 1},
			 flags);
}

ssize_t hook_sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct helped *helped;
	struct route route;

	if (!send_concerns(fd, &helped) ||
	    !send_route(&route, helped, message->msg_name, message->msg_namelen))
		return libc.sendmsg(fd, message, flags);
	return send_from(fd, &route, message, flags);
}

int hook_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	struct helped *helped;

	if (!send_concerns(fd, &helped))
		return libc.sendmmsg(fd, messages, count, flags);
	return send_messages(fd, helped, messages, count, flags);
}
