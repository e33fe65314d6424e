// SPDX-License-Identifier: MIT
// Errors that are not the source's stay the program's, and sources that are refused hurt nobody.

#include <errno.h>
#include <netinet/ip_icmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/host.h"
#include "icmp.h"
#include "effects.h"

/* A server that is told of errors (IP_RECVERR), and was asked by a client. */
static int asked_server(const struct side *side, int client, struct address *peer)
{
	int fd = bound_socket(side, "0.0.0.0", SERVER_PORT), one = 1;

	need(side->setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one)), "IP_RECVERR");
	ask_at(client, ASKED);
	*peer = hear(side, fd);
	return fd;
}

enum { NO_ROUTE, BLACKHOLE };

/* The way back is gone, or the administrator closed it. */
static long answer_without_route(const struct side *side, long why)
{
	struct address peer;
	int fd = asked_server(side, client_at(CLIENT), &peer);

	ip("addr del " CLIENT "/32 dev lo");
	if (why == BLACKHOLE)
		ip("route add blackhole " CLIENT "/32");
	return outcome(tell(side, fd, &peer));
}

void case_no_route(void)
{
	make_hosts();
	check_both(answer_without_route, NO_ROUTE, -ENETUNREACH, "no route");
	make_hosts();
	check_both(answer_without_route, BLACKHOLE, -EINVAL, "blackhole");
}

/* No hop limit is as high: the kernel refuses the message whatever its source. */
static long send_with_hop_limit(const struct side *side, int fd, struct address *peer, int limit)
{
	union {
		struct cmsghdr header;
		unsigned char room[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_level = IPPROTO_IPV6,
				  .cmsg_type = IPV6_HOPLIMIT,
				  .cmsg_len = CMSG_LEN(sizeof(limit)) } };
	struct msghdr message = { .msg_name = &peer->name,
				  .msg_namelen = peer->length,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.header), &limit, sizeof(limit));
	return outcome(side->sendmsg(fd, &message, 0));
}

static long err_by_itself(const struct side *side, long argument)
{
	int fd = bound_socket(side, "::", SERVER_PORT), client = client_at(CLIENT6), on = -1;
	socklen_t length = sizeof(on);
	struct address peer;
	long result;

	(void)argument;
	ask_at(client, ASKED6);
	peer = hear(side, fd);
	result = send_with_hop_limit(side, fd, &peer, 999);
	need(kernel_side.getsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, &length), "freebind");
	check(!on, "IPV6_FREEBIND is on");
	/* Nothing leaves from an address that is no more. */
	ip("addr del " ASKED6 "/128 dev lo");
	need(tell(side, fd, &peer), "sendto");
	check_source(client, CLIENT6);
	return result;
}

static long err_with_freebind(const struct side *side, long argument)
{
	int fd = bound_socket(side, "::", SERVER_PORT), client = client_at(CLIENT6), on = 1;
	socklen_t length = sizeof(on);
	struct address peer;
	long result;

	(void)argument;
	need(side->setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on)), "freebind");
	ask_at(client, ASKED6);
	peer = hear(side, fd);
	result = send_with_hop_limit(side, fd, &peer, 999);
	need(kernel_side.getsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, &length), "freebind");
	check(on, "the program's own IPV6_FREEBIND is off");
	return result;
}

void case_own_error(void)
{
	make_hosts();
	check_both(err_by_itself, 0, -EINVAL, "sendmsg()");
	make_hosts();
	check_both(err_with_freebind, 0, -EINVAL, "sendmsg() with IPV6_FREEBIND");
}

/* A datagram to a closed port is answered by ICMP; the next call, whichever, tells it. */
static long refuse_before_vector(const struct side *side, long argument)
{
	int client = client_at(CLIENT);
	struct address peer, closed = address_of(CLIENT2, 9);
	int fd = asked_server(side, client, &peer);
	struct iovec part = { .iov_base = &peer, .iov_len = 1 };
	struct mmsghdr message = { .msg_hdr = { .msg_name = &peer.name,
						.msg_namelen = peer.length,
						.msg_iov = &part,
						.msg_iovlen = 1 } };
	long result;

	(void)argument;
	need(tell(side, fd, &closed), "to a closed port");
	await_error(fd);
	result = outcome(side->sendmmsg(fd, &message, 1, 0));
	check(outcome(kernel_side.recv(client, &part, 1, MSG_DONTWAIT)) == -EAGAIN, "it was sent");
	return result;
}

/* The answer of a closed port comes while the vector is sent; how soon, nobody promises. */
static long refuse_within_vector(const struct side *side, long argument)
{
	int client = client_at(CLIENT), sent = 0;
	struct address peer, closed = address_of(CLIENT2, 9);
	int fd = asked_server(side, client, &peer);
	struct iovec part = { .iov_base = &peer, .iov_len = 1 };
	struct mmsghdr messages[] = { { .msg_hdr = { .msg_name = &closed.name,
						     .msg_namelen = closed.length,
						     .msg_iov = &part,
						     .msg_iovlen = 1 } },
				      { .msg_hdr = { .msg_name = &peer.name,
						     .msg_namelen = peer.length,
						     .msg_iov = &part,
						     .msg_iovlen = 1 } } };

	(void)argument;
	for (int tries = 0; tries < 1000 && sent != 1; tries++)
		sent = side->sendmmsg(fd, messages, 2, 0);
	return sent;
}

void case_pending_error_vector(void)
{
	make_hosts();
	check_both(refuse_before_vector, 0, -ECONNREFUSED, "sendmmsg()");
	make_hosts();
	check_both(refuse_within_vector, 0, 1, "sendmmsg() with the error on the way");
}

/* An error that anybody on the way can cause, of the kind that a wrong source has too. */
static long unreachable_before_answer(const struct side *side, long argument)
{
	int client = client_at(CLIENT);
	struct address peer;
	int fd = asked_server(side, client, &peer);
	char byte;
	long result;

	(void)argument;
	unreachable(ASKED, &peer, ICMP_NET_UNREACH);
	await_error(fd);
	result = outcome(tell(side, fd, &peer));
	check(outcome(kernel_side.recv(client, &byte, 1, MSG_DONTWAIT)) == -EAGAIN, "it was sent");
	need(tell(side, fd, &peer), "sendto");
	check_source(client, side == &library_side ? ASKED : CLIENT);
	return result;
}

void case_pending_error_send(void)
{
	make_hosts();
	check_both(unreachable_before_answer, 0, -ENETUNREACH, "sendto()");
}

/* The same for receives: an error that a kernel which knows no MSG_OOB on UDP would give. */
static long unreachable_before_question(const struct side *side, long argument)
{
	int client = client_at(CLIENT);
	struct address peer;
	int fd = asked_server(side, client, &peer);
	char question[16];
	long result;

	(void)argument;
	unreachable(ASKED, &peer, ICMP_SR_FAILED);
	await_error(fd);
	ask_at(client, ASKED);
	result = outcome(side->recv(fd, question, sizeof(question), MSG_DONTWAIT));
	check(side->recv(fd, question, sizeof(question), 0) == 8, "the question");
	return result;
}

void case_pending_error_receive(void)
{
	make_hosts();
	check_both(unreachable_before_question, 0, -EOPNOTSUPP, "recv()");
}

/* A datagram in two parts, the second by a call that is no socket call. */
void case_finished_by_write(void)
{
	int client, fd;
	struct address peer;

	make_hosts();
	client = client_at(CLIENT);
	fd = asked_server(&library_side, client, &peer);
	need(library_side.sendto(fd, "an", 2, MSG_MORE, &peer.name.any, peer.length), "MSG_MORE");
	need(write(fd, "swer", 4), "write");
	check_source(client, ASKED);
	ip("addr del " ASKED "/32 dev lo");
	for (int i = 0; i < 2; i++) {
		need(tell(&library_side, fd, &peer), "after the address was removed");
		check_source(client, CLIENT);
	}
}

static int handler_fd;
static struct address handler_peer;
static volatile long handler_result;
static char *handler_frame;

static void note_frame(int number)
{
	(void)number;
	handler_frame = __builtin_frame_address(0);
}

static void answer_in_handler(int number)
{
	(void)number;
	handler_result = tell(&library_side, handler_fd, &handler_peer);
}

/* Has the handler run on a stack at that place. */
static void handle_on(char *start, size_t size, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
	stack_t stack = { .ss_sp = start, .ss_size = size };

	need(sigaltstack(&stack, NULL), "sigaltstack");
	need(sigaction(SIGUSR1, &action, NULL), "sigaction");
	need(raise(SIGUSR1), "raise");
}

/* What the kernel puts there first depends on the processor, so that is measured. */
static void handle_with_room(size_t room, void (*handler)(int))
{
	enum { AMPLE = 256 * 1024 };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *start = mmap(NULL, AMPLE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(start != MAP_FAILED, "memory for a stack");
	handle_on(start, AMPLE, note_frame);
	check(!mprotect(start, page, PROT_NONE), "mprotect");
	handle_on(start + page, (size_t)(start + AMPLE - handler_frame) + room, handler);
}

/* What a refused source takes has to fit on a small stack too. */
void case_refused_on_small_stack(void)
{
	int client;

	make_hosts();
	client = client_at(CLIENT);
	handler_fd = asked_server(&library_side, client, &handler_peer);
	ip("addr del " ASKED "/32 dev lo");
	handle_with_room(6144, answer_in_handler);
	check(handler_result == 6, "sendto: %ld", handler_result);
	check_source(client, CLIENT);
}
