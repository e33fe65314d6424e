// SPDX-License-Identifier: MIT
// A second preloaded library, behind the one under test: lets something happen between the calls that it makes.

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interposer.h"

/* As a library looks for the functions that it stands before. */
static void *find(const char *name)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	void *volatile found = libc ? dlsym(libc, name) : NULL;

	return found;
}

extern struct interposer interposer;
struct interposer interposer = { .find = find };

static void between(void)
{
	int error = errno;

	if (interposer.between)
		interposer.between();
	errno = error;
}

INTERPOSE(int, socket, (int domain, int type, int protocol))
{
	between();
	return (int)syscall(SYS_socket, domain, type, protocol);
}

INTERPOSE(int, close, (int fd))
{
	between();
	return (int)syscall(SYS_close, fd);
}

INTERPOSE(int, connect, (int fd, const struct sockaddr *address, socklen_t length))
{
	between();
	pthread_testcancel(); /* as libc's does */
	return (int)syscall(SYS_connect, fd, address, length);
}

INTERPOSE(int, getsockname, (int fd, struct sockaddr *address, socklen_t *length))
{
	between();
	return (int)syscall(SYS_getsockname, fd, address, length);
}

INTERPOSE(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *length))
{
	between();
	return (int)syscall(SYS_getsockopt, fd, level, name, value, length);
}

INTERPOSE(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t length))
{
	between();
	if (interposer.refuses_hops && level == IPPROTO_IPV6 && name == IPV6_RTHDR) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_setsockopt, fd, level, name, value, length);
}

INTERPOSE(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags))
{
	ssize_t n;

	pthread_testcancel();
	interposer.sends++;
	n = syscall(SYS_sendmsg, fd, message, flags);
	between();
	return n;
}
