// SPDX-License-Identifier: MIT
// The calls by name, which the library hooks, those of the libc itself, and those by number.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/kernel_call.h"
#include "bench.h"

const char *const side_names[SIDES] = {
	"plain", "native",	 "again",	    "raw",  "preload", "bpf", "function",
	"line",	 "hand-between", "library-between", "empty"
};

static int raw_socket(int domain, int type, int protocol)
{
	return (int)kernel_call(SYS_socket, domain, type, protocol);
}

static int raw_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	return (int)kernel_call(SYS_bind, fd, address, length);
}

static int raw_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return (int)kernel_call(SYS_connect, fd, address, length);
}

static int raw_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	return (int)kernel_call(SYS_setsockopt, fd, level, name, value, length);
}

static ssize_t raw_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
			    socklen_t *length)
{
	return kernel_call(SYS_recvfrom, fd, buffer, size, flags, address, length);
}

static ssize_t raw_sendto(int fd, const void *buffer, size_t size, int flags,
			  const struct sockaddr *address, socklen_t length)
{
	return kernel_call(SYS_sendto, fd, buffer, size, flags, address, length);
}

static ssize_t raw_recvmsg(int fd, struct msghdr *message, int flags)
{
	return kernel_call(SYS_recvmsg, fd, message, flags);
}

static ssize_t raw_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return kernel_call(SYS_sendmsg, fd, message, flags);
}

static int raw_recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
			struct timespec *timeout)
{
	return (int)kernel_call(SYS_recvmmsg, fd, messages, count, flags, timeout);
}

static int raw_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	return (int)kernel_call(SYS_sendmmsg, fd, messages, count, flags);
}

const struct calls raw = {
	.socket = raw_socket,
	.bind = raw_bind,
	.connect = raw_connect,
	.setsockopt = raw_setsockopt,
	.recvfrom = raw_recvfrom,
	.sendto = raw_sendto,
	.recvmsg = raw_recvmsg,
	.sendmsg = raw_sendmsg,
	.recvmmsg = raw_recvmmsg,
	.sendmmsg = raw_sendmmsg,
};

const struct calls hooked = {
	.socket = socket,
	.bind = bind,
	.connect = connect,
	.setsockopt = setsockopt,
	.recvfrom = recvfrom,
	.sendto = sendto,
	.recvmsg = recvmsg,
	.sendmsg = sendmsg,
	.recvmmsg = recvmmsg,
	.sendmmsg = sendmmsg,
};

struct calls libc_calls;

void calls_find(void)
{
#define FIND(name)                                                   \
	do {                                                         \
		void *address = find_in_libc(#name);                 \
		if (!address)                                        \
			give_up("the libc's " #name);                \
		memcpy(&libc_calls.name, &address, sizeof(address)); \
	} while (0)
	FIND(socket);
	FIND(bind);
	FIND(connect);
	FIND(setsockopt);
	FIND(recvfrom);
	FIND(sendto);
	FIND(recvmsg);
	FIND(sendmsg);
	FIND(recvmmsg);
	FIND(sendmmsg);
#undef FIND
}

/* What they do after the call keeps the compiler from ending them with a jump. */
static __attribute__((noinline)) ssize_t function_recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t n = libc_calls.recvmsg(fd, message, flags);

	__asm__ volatile("" : "+r"(n));
	return n;
}

static __attribute__((noinline)) ssize_t function_sendmsg(int fd, const struct msghdr *message,
							  int flags)
{
	ssize_t n = libc_calls.sendmsg(fd, message, flags);

	__asm__ volatile("" : "+r"(n));
	return n;
}

static const struct calls function = { .recvmsg = function_recvmsg, .sendmsg = function_sendmsg };

const struct calls *side_calls(enum side side)
{
	return side == RAW	  ? &raw
	       : side == PRELOAD  ? &hooked
	       : side == FUNCTION ? &function
				  : &libc_calls;
}

static const char *cgroup_of_engine(void)
{
	const char *cgroup = getenv("BENCH_CGROUP");

	return cgroup && *cgroup ? cgroup : NULL;
}

unsigned int sides_here(void)
{
	return cgroup_of_engine() ? BPF + 1 : BPF;
}

bool side_is_here(enum side side)
{
	return (side != BPF && side != EMPTY) || cgroup_of_engine();
}

void side_enter(enum side side)
{
	const char *cgroup = cgroup_of_engine();
	char path[512];
	int fd;

	if (!cgroup || (side != BPF && side != EMPTY))
		return;
	snprintf(path, sizeof(path) - 20, "%s%s", cgroup, side == EMPTY ? ".empty" : "");
	if (side == EMPTY)
		empty_attach(path);
	strcat(path, "/cgroup.procs");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		give_up(path);
	close(fd);
}

void give_up(const char *what)
{
	perror(what);
	exit(2);
}

void print_batch(unsigned int round, const char *side, uint64_t nanoseconds, unsigned int count)
{
	printf("%u %s %.2f\n", round, side, (double)nanoseconds / count);
}

void print_cost(unsigned int round, enum side side, struct cost cost, unsigned int count)
{
	printf("%u %s %.2f %.2f\n", round, side_names[side], (double)cost.served / count,
	       (double)cost.whole / count);
}
