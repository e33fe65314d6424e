// SPDX-License-Identifier: MIT
// How many calls of the kernel a receive and an answer are, counted from outside.

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/host.h"
#include "effects.h"

static void answer_plainly(const struct side *side, int fd)
{
	struct address peer = hear(side, fd);

	need(tell(side, fd, &peer), "sendto");
}

static void answer_message(const struct side *side, int fd)
{
	char byte;
	struct address peer;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_name = &peer.name,
		.msg_namelen = sizeof(peer.name),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};

	need(side->recvmsg(fd, &message, 0), "recvmsg");
	need(side->sendmsg(fd, &message, 0), "sendmsg");
}

static void answer_vector(const struct side *side, int fd)
{
	char byte;
	struct address peer;
	struct iovec part = { &byte, 1 };
	struct mmsghdr message = { .msg_hdr = {
					   .msg_name = &peer.name,
					   .msg_namelen = sizeof(peer.name),
					   .msg_iov = &part,
					   .msg_iovlen = 1,
				   } };

	need(side->recvmmsg(fd, &message, 1, 0, NULL), "recvmmsg");
	need(side->sendmmsg(fd, &message, 1, 0), "sendmmsg");
}

/* Two messages take turns, 2 MiB apart: there the library's table of known pages repeats its slots. */
static void answer_in_turn(const struct side *side, int fd)
{
	enum { APART = 2 << 20, MESSAGES = 2 };
	static char *memory;
	static unsigned int turn;
	struct address peer;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr *message;

	if (!memory)
		memory = mmap(NULL, (size_t)APART * MESSAGES, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	check(memory != MAP_FAILED, "mmap");
	message = (struct msghdr *)(memory + (size_t)APART * (turn++ % MESSAGES));
	*message = (struct msghdr){
		.msg_name = &peer.name,
		.msg_namelen = sizeof(peer.name),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};
	need(side->recvmsg(fd, message, 0), "recvmsg");
	need(side->sendmsg(fd, message, 0), "sendmsg");
}

/* A vector of one message that lies across the end of a page. */
static void answer_across_pages(const struct side *side, int fd)
{
	enum { PAGE = 4096 };
	static _Alignas(PAGE) char memory[2 * PAGE];
	struct address peer;
	char byte;
	struct iovec part = { &byte, 1 };
	struct mmsghdr *message =
		(struct mmsghdr *)(memory + PAGE - offsetof(struct mmsghdr, msg_hdr.msg_iov));

	*message = (struct mmsghdr){ .msg_hdr = {
					     .msg_name = &peer.name,
					     .msg_namelen = sizeof(peer.name),
					     .msg_iov = &part,
					     .msg_iovlen = 1,
				     } };
	need(side->recvmmsg(fd, message, 1, 0, NULL), "recvmmsg");
	need(side->sendmmsg(fd, message, 1, 0), "sendmmsg");
}

static void (*const ways[])(const struct side *, int) = { answer_plainly, answer_message,
							  answer_vector, answer_in_turn,
							  answer_across_pages };
enum { WAYS = sizeof(ways) / sizeof(*ways) };

/* Stops before and after it answers a question; some were answered before. */
static _Noreturn void serve_traced(const struct side *side, long way)
{
	int fd, client;

	need(ptrace(PTRACE_TRACEME, 0, NULL, NULL), "ptrace");
	fd = bound_socket(side, "0.0.0.0", SERVER_PORT);
	client = client_at(CLIENT);
	for (int i = 0; i < 3; i++) {
		ask_at(client, ASKED);
		ways[way](side, fd);
	}
	ask_at(client, ASKED);
	raise(SIGSTOP);
	ways[way](side, fd);
	raise(SIGSTOP);
	_exit(0);
}

/* Calls from one stop to the next: entries and exits, those of raise() too. */
static long count_calls(const struct side *side, long way)
{
	long count = 0;
	int status, stops = 0;
	pid_t child = (pid_t)need(fork(), "fork");

	if (!child)
		serve_traced(side, way);
	while (need(waitpid(child, &status, 0), "waitpid") && WIFSTOPPED(status)) {
		bool is_call = WSTOPSIG(status) == (SIGTRAP | 0x80);

		if (!is_call && ++stops == 1)
			ptrace(PTRACE_SETOPTIONS, child, NULL,
			       (void *)(uintptr_t)PTRACE_O_TRACESYSGOOD);
		count += is_call;
		ptrace(stops == 1 ? PTRACE_SYSCALL : PTRACE_CONT, child, NULL, NULL);
	}
	check(stops == 2 && !status, "%d stops, ended with %x", stops, (unsigned int)status);
	check(count >= 4, "only %ld counted", count);
	return count;
}

void case_one_call(void)
{
	make_hosts();
	for (long way = 0; way < WAYS; way++)
		same_on_both(count_calls, way, "calls of the kernel");
}
