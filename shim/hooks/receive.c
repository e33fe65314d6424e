// SPDX-License-Identifier: MIT
// Hooks of the calls that receive.

#include "calls/receive.h"
#include "calls/recvmmsg.h"
#include "libc/libc.h"

ssize_t hook_recv(int fd, void *buffer, size_t size, int flags)
{
	if (socket_is_settled(fd))
		return libc.recv(fd, buffer, size, flags);
	return receive_from(fd, buffer, size, flags, NULL, NULL);
}

ssize_t hook_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
		      socklen_t *length)
{
	return receive_from(fd, buffer, size, flags, address, length);
}

/* The fortified calls differ in one thing: they end a program that asks for more than its room. */
ssize_t hook___recv_chk(int fd, void *buffer, size_t size, size_t room, int flags)
{
	if (size > room)
		return libc.__recv_chk(fd, buffer, size, room, flags);
	return hook_recv(fd, buffer, size, flags);
}

ssize_t hook___recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags,
			    struct sockaddr *address, socklen_t *length)
{
	if (size > room)
		return libc.__recvfrom_chk(fd, buffer, size, room, flags, address, length);
	return hook_recvfrom(fd, buffer, size, flags, address, length);
}

ssize_t hook_recvmsg(int fd, struct msghdr *message, int flags)
{
	return receive_message(fd, message, flags);
}

int hook_recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
		  struct timespec *timeout)
{
	return receive_vector(fd, messages, count, flags, timeout, libc.recvmmsg);
}
