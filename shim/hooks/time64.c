// SPDX-License-Identifier: MIT
// Hooks of what 32-bit programs with a 64-bit time_t call instead.

#include "calls/receive.h"
#include "calls/recvmmsg.h"
#include "hooks/after.h"
#include "libc/libc.h"

#if __SIZEOF_POINTER__ == 4

/*
 * These calls differ from those without 64 in timestamps, which kernels since 5.1 give in either
 * form.
 */
ssize_t hook___recvmsg64(int fd, struct msghdr *message, int flags)
{
	return receive_any(fd, message, flags, libc.__recvmsg64, libc.recvmsg);
}

ssize_t hook___sendmsg64(int fd, const struct msghdr *message, int flags)
{
	return hook_sendmsg(fd, message, flags);
}

int hook___recvmmsg64(int fd, struct mmsghdr *messages, unsigned int count, int flags,
		      struct timespec *timeout)
{
	return receive_vector(fd, messages, count, flags, timeout, libc.__recvmmsg64);
}

int hook___recvmmsg_time64(int fd, struct mmsghdr *messages, unsigned int count, int flags,
			   struct timespec *timeout)
{
	return receive_vector(fd, messages, count, flags, timeout, libc.__recvmmsg_time64);
}

int hook___sendmmsg64(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	return hook_sendmmsg(fd, messages, count, flags);
}

int hook___setsockopt64(int fd, int level, int name, const void *value, socklen_t length)
{
	return after_setsockopt(fd, libc.__setsockopt64(fd, level, name, value, length), level,
				name, value, length);
}

int hook___getsockopt64(int fd, int level, int name, void *value, socklen_t *length)
{
	return after_getsockopt(fd, libc.__getsockopt64(fd, level, name, value, length), level,
				name, value, length);
}

#endif
