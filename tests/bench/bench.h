/* SPDX-License-Identifier: MIT */
/* What all parts of the bench share: the calls of each side, clocks, results. */
#ifndef BENCH_H
#define BENCH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

/*
 * A way to call: by system call number, the libc's own functions past the preload as a program
 * without it does, or the same functions as the program's symbols lead to them: hooked.
 */
struct calls {
	int (*socket)(int domain, int type, int protocol);
	int (*bind)(int fd, const struct sockaddr *address, socklen_t length);
	int (*connect)(int fd, const struct sockaddr *address, socklen_t length);
	int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t length);
	ssize_t (*recvfrom)(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
			    socklen_t *length);
	ssize_t (*sendto)(int fd, const void *buffer, size_t size, int flags,
			  const struct sockaddr *address, socklen_t length);
	ssize_t (*recvmsg)(int fd, struct msghdr *message, int flags);
	ssize_t (*sendmsg)(int fd, const struct msghdr *message, int flags);
	int (*recvmmsg)(int fd, struct mmsghdr *messages, unsigned int count, int flags,
			struct timespec *timeout);
	int (*sendmmsg)(int fd, struct mmsghdr *messages, unsigned int count, int flags);
};
extern const struct calls raw, hooked;
extern struct calls libc_calls;

/* Finds the libc's functions. */
void calls_find(void);

/*
 * The sides of a comparison. Native is measured twice: how far its two measurements are apart is
 * what the machine can't tell from nothing. Raw is native with system calls by number. The BPF side
 * is a plain server whose sockets were made in the cgroup of the second engine, if there is one.
 *
 * The other sides take part only where they are named; they show what a cost consists of. FUNCTION
 * is native with one function more between the server and the libc. LINE is native, and reads one
 * line of a block as large as the peer table for each request. HAND_BETWEEN and LIBRARY_BETWEEN are
 * native, with a round trip over the stub between a receive and its reply. EMPTY is a plain server
 * in a cgroup with two BPF programs that do nothing.
 */
enum side {
	PLAIN,
	NATIVE,
	NATIVE_AGAIN,
	RAW,
	PRELOAD,
	BPF,
	FUNCTION,
	LINE,
	HAND_BETWEEN,
	LIBRARY_BETWEEN,
	EMPTY,
	SIDES
};
extern const char *const side_names[SIDES];

static inline bool side_is_native(enum side side)
{
	return side == NATIVE || side == NATIVE_AGAIN || side == RAW || side == FUNCTION ||
	       side == LINE || side == HAND_BETWEEN || side == LIBRARY_BETWEEN;
}

/* Returns true for a side that replies from the address that the kernel chooses. */
static inline bool side_is_plain(enum side side)
{
	return side == PLAIN || side == EMPTY;
}

/* Returns how the server of a side calls. */
const struct calls *side_calls(enum side side);

/* Returns how many of the sides up to BPF there are: without the second engine one less. */
unsigned int sides_here(void);

/* Returns true if that side can take part. */
bool side_is_here(enum side side);

/* The sockets of that side are made from now on. */
void side_enter(enum side side);

enum { PAYLOAD = 64, MESSAGES = 32 };

static inline uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Attaches programs that do nothing to a cgroup (version 2). */
void empty_attach(const char *cgroup);

/* Ends the bench with the reason: a bench that can't measure has no result. */
_Noreturn void give_up(const char *what);

/* What a batch took, in nanoseconds: the server's work, and that with the delivery of requests. */
struct cost {
	uint64_t served, whole;
};

/* One line of the result: the nanoseconds of one datagram (or call) in one batch. */
void print_batch(unsigned int round, const char *side, uint64_t nanoseconds, unsigned int count);
void print_cost(unsigned int round, enum side side, struct cost cost, unsigned int count);

/* The parts, each with its own arguments. */
int bench_trips(int count, char *arguments[]);
int bench_connected(int count, char *arguments[]);
int bench_others(int count, char *arguments[]);
int bench_crowd(int count, char *arguments[]);
int bench_memory(int count, char *arguments[]);
int bench_hot(int count, char *arguments[]);

#endif
