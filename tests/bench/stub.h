/* SPDX-License-Identifier: MIT */
/* The stub of the kernel (stub.c), by its symbol bench_stub. */
#ifndef STUB_H
#define STUB_H

#include "bench.h"

struct stub {
	unsigned int peers; /* 0: calls go to the kernel */
	unsigned int next;  /* the request that waits */
	unsigned int wrong; /* replies from a wrong address, or to a wrong peer */
	ssize_t (*recvmsg)(int fd, struct msghdr *message, int flags);
	ssize_t (*sendmsg)(int fd, const struct msghdr *message, int flags);
};
extern struct stub bench_stub;

#endif
