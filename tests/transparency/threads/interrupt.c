// SPDX-License-Identifier: MIT
// Signals: EINTR as the kernel gives it, and handlers that receive and send themselves.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/deadline.h"
#include "threads.h"

enum { ROUNDS = 3000 };

static volatile sig_atomic_t handled;
static int patience;

static void count_signal(int number)
{
	(void)number;
	handled++;
}

static void handle(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	need(sigaction(SIGUSR1, &action, NULL), "sigaction");
}

void case_interrupted(void)
{
	int fd = wildcard_socket(AF_INET, SERVER_PORT);
	struct receiver receiver;

	handle(count_signal, 0);
	for (int i = 0; i < RECEIVERS; i++) {
		receiver_start(&receiver, i, fd);
		receiver_await_blocked(&receiver);
		pthread_kill(receiver.thread, SIGUSR1);
		receiver_join(&receiver);
		check(receiver.result == -1 && receiver.error == EINTR, "%s: %zd, errno %d",
		      receiver_names[i], receiver.result, receiver.error);
		check(answers(fd, SERVER_PORT), "%s: source", receiver_names[i]);
	}
}

/* With SA_RESTART the kernel goes on waiting. */
void case_restarted(void)
{
	int fd = wildcard_socket(AF_INET, SERVER_PORT);
	struct receiver receiver;

	handle(count_signal, SA_RESTART);
	for (int i = 0; i < RECEIVERS; i++) {
		sig_atomic_t before = handled;

		receiver_start(&receiver, i, fd);
		receiver_await_blocked(&receiver);
		pthread_kill(receiver.thread, SIGUSR1);
		while (handled == before)
			;
		receiver_await_blocked(&receiver);
		ask(SERVER_PORT, "after the signal");
		receiver_join(&receiver);
		check(receiver.result == 16 && !receiver.error, "%s: %zd, errno %d",
		      receiver_names[i], receiver.result, receiver.error);
	}
}

/* A server's socket, and a client of its own that asks it at an address of its own. */
struct exchange {
	int server, client;
	struct sockaddr_in at;
	unsigned int wrong;
};

static struct exchange in_handler, outside;

static void make_exchange(struct exchange *exchange, int port, const char *address)
{
	exchange->server = wildcard_socket(AF_INET, port);
	exchange->client = hidden_socket(0);
	exchange->at =
		(struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };
	inet_pton(AF_INET, address, &exchange->at.sin_addr);
}

/* One question and its answer; anything but the right one is counted. Async-signal-safe. */
static void go_round(struct exchange *exchange, bool vector)
{
	struct sockaddr_in peer, from = { .sin_port = 0 };
	socklen_t length = sizeof(peer);
	char text[4];
	struct pollfd answer = { .fd = exchange->client, .events = POLLIN };
	struct iovec part = { text, sizeof(text) };
	struct mmsghdr message = { .msg_hdr = { .msg_name = &peer,
						.msg_namelen = sizeof(peer),
						.msg_iov = &part,
						.msg_iovlen = 1 } };

	kernel_side.sendto(exchange->client, "ask", 3, 0, (struct sockaddr *)&exchange->at,
			   sizeof(exchange->at));
	if (vector) {
		exchange->wrong += recvmmsg(exchange->server, &message, 1, 0, NULL) != 1;
		part.iov_len = 3;
		exchange->wrong += sendmmsg(exchange->server, &message, 1, 0) != 1;
	} else {
		exchange->wrong += recvfrom(exchange->server, text, sizeof(text), 0,
					    (struct sockaddr *)&peer, &length) != 3;
		exchange->wrong +=
			sendto(exchange->server, text, 3, 0, (struct sockaddr *)&peer, length) != 3;
	}
	do
		length = sizeof(from);
	while (kernel_side.recvfrom(exchange->client, text, sizeof(text), MSG_DONTWAIT,
				    (struct sockaddr *)&from, &length) < 0 &&
	       poll(&answer, 1, patience));
	exchange->wrong += from.sin_addr.s_addr != exchange->at.sin_addr.s_addr;
}

static void serve_in_handler(int number)
{
	int error = errno;

	(void)number;
	go_round(&in_handler, handled & 1);
	handled++;
	errno = error;
}

static void *interrupt(void *argument)
{
	for (sig_atomic_t seen = handled; seen < ROUNDS; seen = handled)
		pthread_kill(*(pthread_t *)argument, SIGUSR1);
	return NULL;
}

void case_handler(void)
{
	pthread_t self = pthread_self(), other;

	patience = deadline_ms();
	make_exchange(&outside, SERVER_PORT, "127.0.0.53");
	make_exchange(&in_handler, OTHER_PORT, "127.0.0.77");
	handle(serve_in_handler, SA_RESTART);
	need(-pthread_create(&other, NULL, interrupt, &self), "pthread_create");
	for (unsigned int i = 0; handled < ROUNDS; i++)
		go_round(&outside, i & 1);
	need(-pthread_join(other, NULL), "pthread_join");
	check(!outside.wrong, "%u wrong outside of the handler", outside.wrong);
	check(!in_handler.wrong, "%u wrong in the handler", in_handler.wrong);
}
