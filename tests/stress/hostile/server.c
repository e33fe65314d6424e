// SPDX-License-Identifier: MIT
/*
 * A server with one wildcard socket. One of its own, because each request says how late it wants its answer.
 *
 *   server -4|-6|-D at-once|pausing|vector|late [RECEIVERS [errors]]
 *
 *   at-once  recvfrom(), and the answer by sendto()
 *   pausing  the same, but others come to run in between
 *   vector   up to 64 by recvmmsg(), and then all answers by sendmmsg()
 *   late     each is answered after as many further datagrams as it asks for, so in another order;
 *            with several RECEIVERS (threads) mostly by another thread than received it
 *   errors   IP_RECVERR and IPV6_RECVERR: ICMP errors come out of calls
 */

#include <errno.h>
#include <pthread.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "calendar.h"

enum { BATCH = 64, TRIES = 16, RECEIVERS_MAX = 8 };

/* Rarely set in old headers. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static int server;
static uint64_t received, netns;
static bool is_late, is_pausing, is_vector, shows_errors;

static void open_server(const char *family)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(SERVER_PORT) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(SERVER_PORT) };
	int on = 1, only = !strcmp(family, "-6"), size = 4 << 20;
	bool is_v4 = !strcmp(family, "-4");
	socklen_t length = sizeof(netns);

	server = must(socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0), "socket");
	/* A full queue loses datagrams with any server: room for what is under way. */
	if (setsockopt(server, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(server, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (shows_errors)
		must(setsockopt(server, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), "IP_RECVERR");
	if (shows_errors && !is_v4)
		must(setsockopt(server, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on)),
		     "IPV6_RECVERR");
	if (!is_v4)
		must(setsockopt(server, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)),
		     "IPV6_V6ONLY");
	getsockopt(server, SOL_SOCKET, SO_NETNS_COOKIE, &netns, &length);
	must(is_v4 ? bind(server, (struct sockaddr *)&v4, sizeof(v4))
		   : bind(server, (struct sockaddr *)&v6, sizeof(v6)),
	     "bind");
}

/* Errors fill the same queue as datagrams. */
static void drain_errors(void)
{
	char room[512];
	struct msghdr message = { .msg_control = room };

	do
		message.msg_controllen = sizeof(room);
	while (shows_errors && recvmsg(server, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0);
}

/* Turns a request into its answer. Returns false when none is due: answers are not answered. */
static bool make_answer(struct message *message, uint64_t count)
{
	switch (message->kind) {
	case QUESTION:
		message->kind = ANSWER;
		return true;
	case MARK:
		message->kind = MARK_ANSWER;
		message->pid = getpid();
		message->read = count;
		message->netns = netns;
		return true;
	case ANSWER:
	case FLOOD_ANSWER:
	case MARK_ANSWER:
		return false;
	default:
		message->kind = FLOOD_ANSWER;
		return true;
	}
}

/* An ICMP error that waited on the socket takes the place of one call, as with any server. */
static void send_answer(struct request *request, uint64_t count)
{
	bool is_flood = request->message.kind == FLOOD;

	if (!make_answer(&request->message, count))
		return;
	for (int i = 0; i < TRIES; i++) {
		if (sendto(server, &request->message, sizeof(request->message), 0,
			   (struct sockaddr *)&request->peer, request->peer_length) >= 0 ||
		    is_flood || !shows_errors)
			return;
		drain_errors();
	}
}

/* What a busy machine does by chance: others run, and an ICMP error comes, before the answer. */
static void pause_before(const struct request *answer)
{
	struct pollfd error = { .fd = server, .events = 0 };

	if (shows_errors && answer->message.kind == QUESTION)
		poll(&error, 1, 10);
	else
		sched_yield();
}

/* One more datagram was read: answers it, or those that are due now. */
static void take(struct request *request)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct request due[DUE_MAX];
	unsigned int n = 0;

	if (is_late) {
		pthread_mutex_lock(&lock);
		received++;
		if (request->message.kind == MARK || !request->message.delay ||
		    !calendar_add(request))
			due[n++] = *request;
		n += calendar_turn(due + n, DUE_MAX - n);
		pthread_mutex_unlock(&lock);
	} else {
		__atomic_fetch_add(&received, 1, __ATOMIC_RELAXED);
		due[n++] = *request;
		if (is_pausing)
			pause_before(request);
	}
	for (unsigned int i = 0; i < n; i++)
		send_answer(&due[i], __atomic_load_n(&received, __ATOMIC_RELAXED));
}

static _Noreturn void serve_one_by_one(void)
{
	struct request request;
	ssize_t n;

	for (;;) {
		memset(&request, 0, sizeof(request));
		request.peer_length = sizeof(request.peer);
		n = recvfrom(server, &request.message, sizeof(request.message), MSG_TRUNC,
			     (struct sockaddr *)&request.peer, &request.peer_length);
		if (n >= 0)
			take(&request);
		else
			drain_errors();
	}
}

static _Noreturn void serve_vectors(void)
{
	struct request requests[BATCH];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	int count, answers;

	for (;;) {
		memset(requests, 0, sizeof(requests));
		for (int i = 0; i < BATCH; i++) {
			parts[i] = (struct iovec){ .iov_base = &requests[i].message,
						   .iov_len = sizeof(struct message) };
			messages[i].msg_hdr =
				(struct msghdr){ .msg_name = &requests[i].peer,
						 .msg_namelen = sizeof(requests[i].peer),
						 .msg_iov = &parts[i],
						 .msg_iovlen = 1 };
		}
		count = recvmmsg(server, messages, BATCH, MSG_WAITFORONE, NULL);
		if (count < 0)
			drain_errors();
		answers = 0;
		for (int i = 0; i < count; i++)
			if (make_answer(&requests[i].message, ++received))
				messages[answers++].msg_hdr = messages[i].msg_hdr;
		/* One that cannot be sent (port 0) stops the call: on after it. */
		for (int i = 0, n; i<answers; i += n> 0 ? n : 1)
			n = sendmmsg(server, messages + i, (unsigned int)(answers - i), 0);
	}
}

static void *receiver(void *unused)
{
	(void)unused;
	if (is_vector)
		serve_vectors();
	serve_one_by_one();
}

int main(int argc, char **argv)
{
	int receivers = argc > 3 ? atoi(argv[3]) : 1;
	pthread_t thread;

	if (argc < 3 || receivers < 1 || receivers > RECEIVERS_MAX)
		return 2;
	is_late = !strcmp(argv[2], "late");
	is_pausing = !strcmp(argv[2], "pausing");
	is_vector = !strcmp(argv[2], "vector");
	shows_errors = argc > 4;
	if (is_late)
		calendar_open();
	open_server(argv[1]);
	for (int i = 1; i < receivers; i++)
		if (pthread_create(&thread, NULL, receiver, NULL))
			return 1;
	receiver(NULL);
}
