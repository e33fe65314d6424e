/* SPDX-License-Identifier: MIT */
/*
 * The two sides that are compared: the kernel itself, called by number, and libc with the library
 * in front. Each has a network namespace of its own, so that addresses, ports and interfaces are
 * the same on both and every byte can be compared.
 */
#ifndef SIDE_H
#define SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

struct side {
	const char *name;
	int namespace;
	int (*socket)(int domain, int type, int protocol);
	int (*bind)(int fd, const struct sockaddr *address, socklen_t length);
	int (*connect)(int fd, const struct sockaddr *address, socklen_t length);
	ssize_t (*recv)(int fd, void *buffer, size_t size, int flags);
	ssize_t (*recvfrom)(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
			    socklen_t *length);
	ssize_t (*recv_checked)(int fd, void *buffer, size_t size, int flags);
	ssize_t (*recvfrom_checked)(int fd, void *buffer, size_t size, int flags,
				    struct sockaddr *address, socklen_t *length);
	ssize_t (*recvmsg)(int fd, struct msghdr *message, int flags);
	int (*recvmmsg)(int fd, struct mmsghdr *messages, unsigned int count, int flags,
			struct timespec *timeout);
	ssize_t (*send)(int fd, const void *buffer, size_t size, int flags);
	ssize_t (*sendto)(int fd, const void *buffer, size_t size, int flags,
			  const struct sockaddr *address, socklen_t length);
	ssize_t (*sendmsg)(int fd, const struct msghdr *message, int flags);
	int (*sendmmsg)(int fd, struct mmsghdr *messages, unsigned int count, int flags);
	int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t length);
	int (*getsockopt)(int fd, int level, int name, void *value, socklen_t *length);
};

extern struct side kernel_side, library_side;

/*
 * Makes both namespaces, each with lo up, or skips the test. The process stays on one processor from then on if `alone`:
 * then loopback_settle() is exact.
 */
void make_sides(bool alone);

/* Sockets made from now on belong to this side's namespace. */
void enter(const struct side *side);

/* recv() and recvfrom() as programs built with _FORTIFY_SOURCE call them. */
ssize_t fortified_recv(int fd, void *buffer, size_t size, int flags);
ssize_t fortified_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
			   socklen_t *length);

#endif
