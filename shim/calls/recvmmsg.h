/* SPDX-License-Identifier: MIT */
/* Receiving many messages at once. */
#ifndef RECVMMSG_H
#define RECVMMSG_H

#include <sys/socket.h>

/* recvmmsg() of the libc, or a variant of it for another struct timespec. */
typedef int recvmmsg_call(int fd, struct mmsghdr *messages, unsigned int count, int flags,
			  struct timespec *timeout);

/*
 * recvmmsg(2), one kernel call, on whatever descriptor. Without memory for so many messages it
 * receives fewer, which a program has to expect anyway.
 */
int receive_vector(int fd, struct mmsghdr *messages, unsigned int count, int flags,
		   struct timespec *timeout, recvmmsg_call *next);

#endif
