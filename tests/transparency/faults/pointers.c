// SPDX-License-Identifier: MIT
/*
 * Pointers that lead nowhere, on sockets that the library helps: the same result and errno as from
 * the kernel, the same datagrams left in the queue, the same error left on the socket.
 */

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/cases.h"
#include "../../lib/loopback.h"
#include "../../lib/preload.h"
#include "../../lib/side.h"

enum { PORT = 5000, QUEUED = 5, ROOM = 64, UNTOUCHED_ERRNO = 4095 };

/* Where a pointer leads. */
enum place { NO_ACCESS, UNMAPPED, READ_ONLY, LOW, KERNEL_MEMORY, HALFWAY, ACROSS, PLACES };
static const char *const place_names[] = {
	"no access",
	"unmapped",
	"read-only",
	"low",
	"the kernel's",
	"halfway",
	"across the end of a page",
};

static void *pointer_to(enum place place)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *two = mmap(NULL, 2 * page, place == READ_ONLY ? PROT_READ : PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(two == MAP_FAILED ? -1 : 0, "mmap");
	switch (place) {
	case NO_ACCESS:
		mprotect(two, page, PROT_NONE);
		return two;
	case UNMAPPED:
		munmap(two, 2 * page);
		return two;
	case READ_ONLY:
		return two;
	case LOW:
		return (void *)1;
	case KERNEL_MEMORY:
		return (void *)-(intptr_t)page;
	case HALFWAY:
		return (void *)(UINTPTR_MAX / 2 + 1);
	default:
		munmap(two + page, page);
		return two + page - sizeof(void *);
	}
}

/* An array whose end is the end of what is mapped. */
static struct mmsghdr *array_at_end(unsigned int count)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (count * sizeof(struct mmsghdr) + page - 1) / page * page;
	char *more =
		mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(more == MAP_FAILED ? -1 : 0, "mmap");
	munmap(more + size, page);
	return (struct mmsghdr *)(void *)(more + size) - count;
}

static const struct side *side;
static int server, client;
static struct sockaddr_storage peer;
static socklen_t peer_length;
static char buffers[ROOM][ROOM];
static struct iovec parts[ROOM];

static struct msghdr message_for(unsigned int i)
{
	parts[i % ROOM] = (struct iovec){ buffers[i % ROOM], ROOM };
	return (struct msghdr){ .msg_iov = &parts[i % ROOM], .msg_iovlen = 1 };
}

static struct msghdr answer_for(unsigned int i)
{
	struct msghdr message = message_for(i);

	message.msg_name = &peer;
	message.msg_namelen = peer_length;
	return message;
}

static long receive_with(struct msghdr message)
{
	return side->recvmsg(server, &message, MSG_DONTWAIT);
}

/* Three messages, the second of which is this one. */
static long receive_three(struct msghdr second)
{
	struct mmsghdr messages[3];

	for (unsigned int i = 0; i < 3; i++)
		messages[i].msg_hdr = i == 1 ? second : message_for(i);
	return side->recvmmsg(server, messages, 3, MSG_DONTWAIT, NULL);
}

static long send_three(struct msghdr second)
{
	struct mmsghdr messages[3];

	for (unsigned int i = 0; i < 3; i++)
		messages[i].msg_hdr = i == 1 ? second : answer_for(i);
	return side->sendmmsg(server, messages, 3, 0);
}

static long receive_beyond(unsigned int mapped, unsigned int flags)
{
	struct mmsghdr *messages = array_at_end(mapped);

	for (unsigned int i = 0; i < mapped; i++)
		messages[i].msg_hdr = message_for(i);
	return side->recvmmsg(server, messages, 1024, (int)flags, NULL);
}

static long send_beyond(unsigned int mapped)
{
	struct mmsghdr *messages = array_at_end(mapped);

	for (unsigned int i = 0; i < mapped; i++)
		messages[i].msg_hdr = answer_for(i);
	return side->sendmmsg(server, messages, 1024, 0);
}

static long with_ttl(struct msghdr message)
{
	int on = 1;

	need(side->setsockopt(server, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on)), "IP_RECVTTL");
	return receive_with(message);
}

static struct msghdr named(struct msghdr message, void *name, socklen_t length)
{
	message.msg_name = name;
	message.msg_namelen = length;
	return message;
}

static struct msghdr controlled(struct msghdr message, void *control, size_t length)
{
	message.msg_control = control;
	message.msg_controllen = length;
	return message;
}

static struct msghdr scattered(struct msghdr message, void *parts_of_it)
{
	message.msg_iov = parts_of_it;
	return message;
}

static struct msghdr into(struct msghdr message, void *bytes)
{
	static struct iovec part;

	part = (struct iovec){ bytes, ROOM };
	message.msg_iov = &part;
	return message;
}

static long recvfrom_with(void *buffer, void *address, void *length)
{
	return side->recvfrom(server, buffer, ROOM, MSG_DONTWAIT, address, length);
}

#define CALLS(CALL)                                                                             \
	CALL("recv, buffer", side->recv(server, p, ROOM, MSG_DONTWAIT))                         \
	CALL("recvfrom, buffer", recvfrom_with(p, &name, &length))                              \
	CALL("recvfrom, address", recvfrom_with(b, p, &length))                                 \
	CALL("recvfrom, short address", recvfrom_with(b, p, &few))                              \
	CALL("recvfrom, address of no length", recvfrom_with(b, p, &none))                      \
	CALL("recvfrom, negative length", recvfrom_with(b, p, &negative))                       \
	CALL("recvfrom, length", recvfrom_with(b, &name, p))                                    \
	CALL("recvfrom, no length", recvfrom_with(b, &name, NULL))                              \
	CALL("recvfrom, both", recvfrom_with(b, p, p))                                          \
	CALL("recvmsg, header", side->recvmsg(server, p, MSG_DONTWAIT))                         \
	CALL("recvmsg, parts", receive_with(scattered(message_for(0), p)))                      \
	CALL("recvmsg, buffer", receive_with(into(message_for(0), p)))                          \
	CALL("recvmsg, name", receive_with(named(message_for(0), p, 128)))                      \
	CALL("recvmsg, short name", receive_with(named(message_for(0), p, 4)))                  \
	CALL("recvmsg, negative name", receive_with(named(message_for(0), p, (socklen_t)-1)))   \
	CALL("recvmsg, control", receive_with(controlled(message_for(0), p, 64)))               \
	CALL("recvmsg, control with something", with_ttl(controlled(message_for(0), p, 64)))    \
	CALL("recvmsg, much control", receive_with(controlled(message_for(0), p, (size_t)-1)))  \
	CALL("recvmmsg, vector", side->recvmmsg(server, p, 2, MSG_DONTWAIT, NULL))              \
	CALL("recvmmsg, empty vector", side->recvmmsg(server, p, 0, MSG_DONTWAIT, NULL))        \
	CALL("recvmmsg, parts", receive_three(scattered(message_for(1), p)))                    \
	CALL("recvmmsg, buffer", receive_three(into(message_for(1), p)))                        \
	CALL("recvmmsg, name", receive_three(named(message_for(1), p, 128)))                    \
	CALL("recvmmsg, short name", receive_three(named(message_for(1), p, 4)))                \
	CALL("recvmmsg, negative name", receive_three(named(message_for(1), p, (socklen_t)-1))) \
	CALL("recvmmsg, control", receive_three(controlled(message_for(1), p, 64)))             \
	CALL("recvmmsg, timeout", side->recvmmsg(server, &vector, 1, MSG_DONTWAIT, p))          \
	CALL("sendto, buffer", side->sendto(server, p, 8, 0, to, peer_length))                  \
	CALL("sendto, address", side->sendto(server, b, 8, 0, p, peer_length))                  \
	CALL("sendto, long address", side->sendto(server, b, 8, 0, p, 128))                     \
	CALL("sendmsg, header", side->sendmsg(server, p, 0))                                    \
	CALL("sendmsg, name", side->sendmsg(server, &bad_name, 0))                              \
	CALL("sendmsg, parts", side->sendmsg(server, &bad_parts, 0))                            \
	CALL("sendmsg, control", side->sendmsg(server, &bad_control, 0))                        \
	CALL("sendmmsg, vector", side->sendmmsg(server, p, 2, 0))                               \
	CALL("sendmmsg, name", send_three(named(answer_for(1), p, peer_length)))                \
	CALL("sendmmsg, parts", send_three(scattered(answer_for(1), p)))                        \
	CALL("sendmmsg, control", send_three(controlled(answer_for(1), p, 64)))                 \
	CALL("setsockopt, value", side->setsockopt(server, IPPROTO_IP, IP_PKTINFO, p, 4))       \
	CALL("getsockopt, value", side->getsockopt(server, IPPROTO_IP, IP_PKTINFO, p, &length)) \
	CALL("getsockopt, length", side->getsockopt(server, IPPROTO_IP, IP_PKTINFO, b, p))

/* Without a pointer of their own. */
#define ENDS(CALL)                                                                                \
	CALL("recvmmsg, more entries than datagrams", receive_beyond(QUEUED + 1, MSG_DONTWAIT))   \
	CALL("recvmmsg, as many", receive_beyond(QUEUED, MSG_DONTWAIT))                           \
	CALL("recvmmsg, fewer", receive_beyond(QUEUED - 2, MSG_DONTWAIT))                         \
	CALL("recvmmsg, fewer, and it waits", receive_beyond(QUEUED - 2, 0))                      \
	CALL("recvmmsg, fewer, and it waits for one", receive_beyond(QUEUED - 2, MSG_WAITFORONE)) \
	CALL("recvmmsg, several pages", receive_beyond(200, MSG_DONTWAIT))                        \
	CALL("sendmmsg, an array that ends", send_beyond(3))                                      \
	CALL("sendmmsg, an array of one", send_beyond(1))

#define CALL_NAME(name, call) name,
static const char *const call_names[] = { CALLS(CALL_NAME) ENDS(CALL_NAME) };
enum { CALL_COUNT = sizeof(call_names) / sizeof(*call_names) };
#define CALL_ONE(name, call) 1 +
enum { POINTER_CALLS = CALLS(CALL_ONE) 0 };

static long make_call(int number, void *p)
{
	char b[ROOM] = "answer";
	struct sockaddr *to = (struct sockaddr *)&peer;
	struct sockaddr_storage name;
	socklen_t length = sizeof(name), few = 4, none = 0, negative = (socklen_t)-4;
	struct msghdr bad_name = named(answer_for(0), p, peer_length);
	struct msghdr bad_parts = scattered(answer_for(0), p);
	struct msghdr bad_control = controlled(answer_for(0), p, 64);
	struct mmsghdr vector = { .msg_hdr = message_for(0) };
	int at = 0;

#define CALL_IT(name, call) \
	if (number == at++) \
		return call;
	CALLS(CALL_IT)
	ENDS(CALL_IT)
	return 0;
}

/* What can be seen of a call afterwards. */
struct trace {
	long result;
	int error, left, pending, arrived;
};

static int count_datagrams(int fd)
{
	char byte;
	int count = 0;

	need(loopback_settle() ? 0 : -1, "lo");
	while (kernel_side.recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
		count++;
	return count;
}

static void open_sockets(int family)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };

	enter(side);
	v4.sin_port = htons(PORT);
	server = (int)need(side->socket(family, SOCK_DGRAM, 0), "socket");
	if (family == AF_INET)
		need(side->bind(server, (struct sockaddr *)&v4, sizeof(v4)), "bind");
	else
		need(side->bind(server, (struct sockaddr *)&v6, sizeof(v6)), "bind");
	client = (int)need(kernel_side.socket(AF_INET, SOCK_DGRAM, 0), "socket");
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	for (int i = 0; i <= QUEUED; i++)
		need(kernel_side.sendto(client, "ask", 3, 0, (struct sockaddr *)&v4, sizeof(v4)),
		     "sendto");
	need(loopback_settle() ? 0 : -1, "lo");
	peer_length = sizeof(peer);
	need(side->recvfrom(server, buffers[0], ROOM, 0, (struct sockaddr *)&peer, &peer_length),
	     "recvfrom");
}

static struct trace perform(int family, int number, enum place place)
{
	struct trace trace = { 0 };
	socklen_t length = sizeof(trace.pending);
	void *p = pointer_to(place);

	open_sockets(family);
	errno = UNTOUCHED_ERRNO;
	trace.result = make_call(number, p);
	trace.error = errno;
	kernel_side.getsockopt(server, SOL_SOCKET, SO_ERROR, &trace.pending, &length);
	trace.left = count_datagrams(server);
	trace.arrived = count_datagrams(client);
	return trace;
}

/* In a process of its own, which may be killed. */
static bool trace_call(const struct side *of, int family, int number, enum place place,
		       struct trace *trace)
{
	int ends[2], status;
	pid_t child;

	need(pipe(ends), "pipe");
	child = (pid_t)need(fork(), "fork");
	if (!child) {
		side = of;
		*trace = perform(family, number, place);
		_exit(write(ends[1], trace, sizeof(*trace)) != sizeof(*trace));
	}
	close(ends[1]);
	if (read(ends[0], trace, sizeof(*trace)) != sizeof(*trace))
		trace->result = -9999;
	close(ends[0]);
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		fail("%s, %s: killed by signal %d", call_names[number], place_names[place],
		     WTERMSIG(status));
	return !status;
}

static void compare_call(int family, int number, enum place place)
{
	struct trace kernel, library;

	if (!trace_call(&kernel_side, family, number, place, &kernel) ||
	    !trace_call(&library_side, family, number, place, &library))
		return;
	check(!memcmp(&kernel, &library, sizeof(kernel)),
	      "%s, %s: %ld (errno %d, %d left, error %d, %d arrived), from the kernel %ld (errno "
	      "%d, %d left, error %d, %d arrived)",
	      call_names[number], place_names[place], library.result, library.error, library.left,
	      library.pending, library.arrived, kernel.result, kernel.error, kernel.left,
	      kernel.pending, kernel.arrived);
}

static void compare_place(enum place place)
{
	for (int number = 0; number < POINTER_CALLS; number++) {
		compare_call(AF_INET, number, place);
		compare_call(AF_INET6, number, place);
	}
}

static void case_no_access(void)
{
	compare_place(NO_ACCESS);
}

static void case_unmapped(void)
{
	compare_place(UNMAPPED);
}

static void case_read_only(void)
{
	compare_place(READ_ONLY);
}

static void case_low(void)
{
	compare_place(LOW);
}

static void case_kernel_memory(void)
{
	compare_place(KERNEL_MEMORY);
}

static void case_halfway(void)
{
	compare_place(HALFWAY);
}

static void case_across(void)
{
	compare_place(ACROSS);
}

static void case_ends(void)
{
	for (int number = POINTER_CALLS; number < CALL_COUNT; number++) {
		compare_call(AF_INET, number, LOW);
		compare_call(AF_INET6, number, LOW);
	}
}

static const struct test_case cases[] = {
	{ "memory without access", case_no_access },
	{ "memory that is not mapped", case_unmapped },
	{ "memory that can only be read", case_read_only },
	{ "address 1", case_low },
	{ "an address of the kernel's", case_kernel_memory },
	{ "the middle of the address space", case_halfway },
	{ "structures that begin in memory and end outside", case_across },
	{ "vectors shorter than the program says", case_ends },
};

int main(int argc, char **argv)
{
	(void)argc;
	run_under_library(argv);
	make_sides(true);
	return run_cases(cases, sizeof(cases) / sizeof(*cases));
}
