// SPDX-License-Identifier: MIT
// Hooks of the calls that send.

#include "libc.h"
#include "send.h"

ssize_t hook_send(int fd, const void *buffer, size_t size, int flags)
{
	struct route route;

	if (likely(descriptor_get(fd) == DESCRIPTOR_PLAIN) || !send_route(&route, fd, NULL, 0))
		return libc.send(fd, buffer, size, flags);
	return send_from(
		fd, &route,
		&(struct msghdr){.msg_iov = &(struct iovec){(void *)(uintptr_t)buffer, size},
				 .msg_iovlen = 1},
		flags);
}

ssize_t hook___send(int fd, const void *buffer, size_t size, int flags)
{
	return hook_send(fd, buffer, size, flags);
}

ssize_t hook_sendto(int fd, const void *buffer, size_t size, int flags,
		    const struct sockaddr *address, socklen_t length)
{
	struct route route;

	if (descriptor_get(fd) == DESCRIPTOR_PLAIN || !send_route(&route, fd, address, length))
		return libc.sendto(fd, buffer, size, flags, address, length);
	return send_from(
		fd, &route,
		&(struct msghdr){.msg_name = (void *)(uintptr_t)address,
				 .msg_namelen = length,
				 .msg_iov = &(struct iovec){(void *)(uintptr_t)buffer, size},
				 .msg_iovlen = 1},
		flags);
}

ssize_t hook_sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct route route;

	if (descriptor_get(fd) == DESCRIPTOR_PLAIN ||
	    !send_route(&route, fd, message->msg_name, message->msg_namelen))
		return libc.sendmsg(fd, message, flags);
	return send_from(fd, &route, message, flags);
}

int hook_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	if (descriptor_get(fd) == DESCRIPTOR_PLAIN || !socket_find(fd))
		return libc.sendmmsg(fd, messages, count, flags);
	return send_messages(fd, messages, count, flags);
}
