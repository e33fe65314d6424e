// SPDX-License-Identifier: MIT
// Behind the library under test: lets something happen before each call that it makes.

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "between.h"

#define SHOWN __attribute__((visibility("default")))

/* By another name, since the headers' declarations have more to say. */
#define BEHIND(name, parameters)                           \
	SHOWN int behind_##name parameters __asm__(#name); \
	int behind_##name parameters

SHOWN void (*between_calls)(void);
SHOWN bool between_refuses_hops;

static void between(void)
{
	if (between_calls)
		between_calls();
}

BEHIND(socket, (int domain, int type, int protocol))
{
	between();
	return (int)syscall(SYS_socket, domain, type, protocol);
}

BEHIND(close, (int fd))
{
	between();
	return (int)syscall(SYS_close, fd);
}

BEHIND(connect, (int fd, const struct sockaddr *address, socklen_t length))
{
	between();
	pthread_testcancel(); /* as libc's does */
	return (int)syscall(SYS_connect, fd, address, length);
}

BEHIND(getsockname, (int fd, struct sockaddr *address, socklen_t *length))
{
	between();
	return (int)syscall(SYS_getsockname, fd, address, length);
}

BEHIND(getsockopt, (int fd, int level, int name, void *value, socklen_t *length))
{
	between();
	return (int)syscall(SYS_getsockopt, fd, level, name, value, length);
}

BEHIND(setsockopt, (int fd, int level, int name, const void *value, socklen_t length))
{
	between();
	if (between_refuses_hops && level == IPPROTO_IPV6 && name == IPV6_RTHDR) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_setsockopt, fd, level, name, value, length);
}
