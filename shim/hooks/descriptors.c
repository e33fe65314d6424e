// SPDX-License-Identifier: MIT
// Hooks of calls that make descriptors: what the number was before is forgotten.

#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks/after.h"
#include "libc/libc.h"
#include "sockets/classify.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

int hook_socket(int domain, int type, int protocol)
{
	int fd = libc.socket(domain, type, protocol);

	socket_made(fd, domain, type, protocol);
	return fd;
}

int hook_socketpair(int domain, int type, int protocol, int fds[2])
{
	int result = libc.socketpair(domain, type, protocol, fds);

	if (!result) {
		socket_made(fds[0], domain, type, protocol);
		socket_made(fds[1], domain, type, protocol);
	}
	return result;
}

int hook_accept(int fd, struct sockaddr *address, socklen_t *length)
{
	return after_accept(libc.accept(fd, address, length));
}

int hook_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
	return after_accept(libc.accept4(fd, address, length, flags));
}

int hook_dup(int fd)
{
	return after_dup(fd, libc.dup(fd));
}

int hook_dup2(int fd, int to)
{
	return after_dup(fd, libc.dup2(fd, to));
}

int hook___dup2(int fd, int to)
{
	return hook_dup2(fd, to);
}

int hook_dup3(int fd, int to, int flags)
{
	return after_dup(fd, libc.dup3(fd, to, flags));
}

/* A variadic function passes on what may be a pointer or a number. */
#define FCNTL_HOOK(hook, next)                                                     \
	int hook_##hook(int fd, int command, ...)                                  \
	{                                                                          \
		va_list list;                                                      \
		void *argument;                                                    \
                                                                                   \
		va_start(list, command);                                           \
		argument = va_arg(list, void *);                                   \
		va_end(list);                                                      \
		return after_fcntl(fd, command, libc.next(fd, command, argument)); \
	}
FCNTL_HOOK(fcntl, fcntl)
FCNTL_HOOK(fcntl64, fcntl64)
FCNTL_HOOK(__fcntl, fcntl)
#if __SIZEOF_POINTER__ == 4
FCNTL_HOOK(__fcntl_time64, __fcntl_time64)
#endif

/* A libc without this function may be above a kernel that has it: a program can't know. */
int hook_pidfd_getfd(int pidfd, int target, unsigned int flags)
{
	int made = libc.pidfd_getfd(pidfd, target, flags);

	if (made < 0 && errno == ENOSYS)
		made = (int)kernel_call(SYS_pidfd_getfd, pidfd, target, flags);
	socket_forget(made);
	return made;
}
