// SPDX-License-Identifier: MIT
// The two sides: how each calls, and its network namespace.

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel_call.h"
#include "loopback.h"
#include "preload.h"
#include "side.h"

#define CALLS_BY_NUMBER(who, call)                                                                 \
	static int who##_socket(int domain, int type, int protocol)                                \
	{                                                                                          \
		return (int)call(SYS_socket, domain, type, protocol);                              \
	}                                                                                          \
                                                                                                   \
	static int who##_bind(int fd, const struct sockaddr *address, socklen_t length)            \
	{                                                                                          \
		return (int)call(SYS_bind, fd, address, length);                                   \
	}                                                                                          \
                                                                                                   \
	static int who##_connect(int fd, const struct sockaddr *address, socklen_t length)         \
	{                                                                                          \
		return (int)call(SYS_connect, fd, address, length);                                \
	}                                                                                          \
                                                                                                   \
	static ssize_t who##_recvfrom(int fd, void *buffer, size_t size, int flags,                \
				      struct sockaddr *address, socklen_t *length)                 \
	{                                                                                          \
		return call(SYS_recvfrom, fd, buffer, size, flags, address, length);               \
	}                                                                                          \
                                                                                                   \
	static ssize_t who##_recv(int fd, void *buffer, size_t size, int flags)                    \
	{                                                                                          \
		return call(SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);                    \
	}                                                                                          \
                                                                                                   \
	static ssize_t who##_recvmsg(int fd, struct msghdr *message, int flags)                    \
	{                                                                                          \
		return call(SYS_recvmsg, fd, message, flags);                                      \
	}                                                                                          \
                                                                                                   \
	static int who##_recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, \
				  struct timespec *timeout)                                        \
	{                                                                                          \
		return (int)call(SYS_recvmmsg, fd, messages, count, flags, timeout);               \
	}                                                                                          \
                                                                                                   \
	static ssize_t who##_sendto(int fd, const void *buffer, size_t size, int flags,            \
				    const struct sockaddr *address, socklen_t length)              \
	{                                                                                          \
		return call(SYS_sendto, fd, buffer, size, flags, address, length);                 \
	}                                                                                          \
                                                                                                   \
	static ssize_t who##_send(int fd, const void *buffer, size_t size, int flags)              \
	{                                                                                          \
		return call(SYS_sendto, fd, buffer, size, flags, NULL, 0);                         \
	}                                                                                          \
                                                                                                   \
	static ssize_t who##_sendmsg(int fd, const struct msghdr *message, int flags)              \
	{                                                                                          \
		return call(SYS_sendmsg, fd, message, flags);                                      \
	}                                                                                          \
                                                                                                   \
	static int who##_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags) \
	{                                                                                          \
		return (int)call(SYS_sendmmsg, fd, messages, count, flags);                        \
	}                                                                                          \
                                                                                                   \
	static int who##_setsockopt(int fd, int level, int name, const void *value,                \
				    socklen_t length)                                              \
	{                                                                                          \
		return (int)call(SYS_setsockopt, fd, level, name, value, length);                  \
	}                                                                                          \
                                                                                                   \
	static int who##_getsockopt(int fd, int level, int name, void *value, socklen_t *length)   \
	{                                                                                          \
		return (int)call(SYS_getsockopt, fd, level, name, value, length);                  \
	}                                                                                          \
                                                                                                   \
	struct side who##_side = {                                                                 \
		.name = #who,                                                                      \
		.socket = who##_socket,                                                            \
		.bind = who##_bind,                                                                \
		.connect = who##_connect,                                                          \
		.recv = who##_recv,                                                                \
		.recvfrom = who##_recvfrom,                                                        \
		.recv_checked = who##_recv,                                                        \
		.recvfrom_checked = who##_recvfrom,                                                \
		.recvmsg = who##_recvmsg,                                                          \
		.recvmmsg = who##_recvmmsg,                                                        \
		.send = who##_send,                                                                \
		.sendto = who##_sendto,                                                            \
		.sendmsg = who##_sendmsg,                                                          \
		.sendmmsg = who##_sendmmsg,                                                        \
		.setsockopt = who##_setsockopt,                                                    \
		.getsockopt = who##_getsockopt,                                                    \
	};

CALLS_BY_NUMBER(kernel, kernel_call)

#ifdef BY_NUMBER /* a program that calls nothing but syscall(2) */

CALLS_BY_NUMBER(library, syscall)

#else

/* glibc declares some addresses as transparent unions, so these can't be pointed to as they are. */
static int library_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	return bind(fd, address, length);
}

static int library_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return connect(fd, address, length);
}

static ssize_t library_recvfrom(int fd, void *buffer, size_t size, int flags,
				struct sockaddr *address, socklen_t *length)
{
	return recvfrom(fd, buffer, size, flags, address, length);
}

static ssize_t library_sendto(int fd, const void *buffer, size_t size, int flags,
			      const struct sockaddr *address, socklen_t length)
{
	return sendto(fd, buffer, size, flags, address, length);
}

struct side library_side = {
	.name = "library",
	.socket = socket,
	.bind = library_bind,
	.connect = library_connect,
	.recv = recv,
	.recvfrom = library_recvfrom,
	.recv_checked = fortified_recv,
	.recvfrom_checked = fortified_recvfrom,
	.recvmsg = recvmsg,
	.recvmmsg = recvmmsg,
	.send = send,
	.sendto = library_sendto,
	.sendmsg = sendmsg,
	.sendmmsg = sendmmsg,
	.setsockopt = setsockopt,
	.getsockopt = getsockopt,
};

#endif

static void make_namespace(struct side *side)
{
	if (unshare(CLONE_NEWNET))
		unavailable("no network namespace to be had");
	side->namespace = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (side->namespace < 0)
		unavailable("no new network namespace");
	loopback_up();
}

void make_sides(bool alone)
{
	loopback_leave();
	make_namespace(&kernel_side);
	loopback_open(alone);
	make_namespace(&library_side);
}

void enter(const struct side *side)
{
	if (setns(side->namespace, CLONE_NEWNET)) {
		perror("setns");
		exit(1);
	}
}
