// SPDX-License-Identifier: MIT
// pthread_cancel(3): every receiving call is a cancellation point, and leaves nothing behind.

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "threads.h"

enum { OFTEN = 200 };

static void check_works(int fd, const char *name)
{
	check(answers(fd, SERVER_PORT), "%s: source", name);
	check(shows_nothing(fd, SERVER_PORT), "%s: shows", name);
}

void case_cancel_blocked(void)
{
	int fd = wildcard_socket(AF_INET, SERVER_PORT);
	struct receiver receiver;

	for (int i = 0; i < RECEIVERS; i++) {
		receiver_start(&receiver, i, fd);
		receiver_await_blocked(&receiver);
		pthread_cancel(receiver.thread);
		check(receiver_join(&receiver), "%s: not cancelled", receiver_names[i]);
		check_works(fd, receiver_names[i]);
	}
}

struct late {
	int number, fd;
	ssize_t result;
};

/* Cancelled by itself: the next cancellation point is the receiving call. */
static void *receive_when_cancelled(void *argument)
{
	struct late *late = argument;

	pthread_cancel(pthread_self());
	late->result = receiver_call(late->number, late->fd);
	return NULL;
}

static void *receive_though_cancelled(void *argument)
{
	struct late *late = argument;
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_cancel(pthread_self());
	late->result = receiver_call(late->number, late->fd);
	return NULL;
}

/* Cancelled before the call, the datagram stays; with cancellation off, nothing is different. */
void case_cancel_pending(void)
{
	int fd = wildcard_socket(AF_INET, SERVER_PORT);
	char text[16];

	for (int i = 0; i < RECEIVERS; i++) {
		struct late late = { .number = i, .fd = fd };
		pthread_t thread;
		void *value;

		ask(SERVER_PORT, "stays");
		need(-pthread_create(&thread, NULL, receive_when_cancelled, &late), "thread");
		need(-pthread_join(thread, &value), "join");
		check(value == PTHREAD_CANCELED, "%s: not cancelled", receiver_names[i]);
		check(kernel_side.recv(fd, text, sizeof(text), MSG_DONTWAIT) == 5,
		      "%s: the datagram is gone", receiver_names[i]);
		ask(SERVER_PORT, "comes");
		need(-pthread_create(&thread, NULL, receive_though_cancelled, &late), "thread");
		need(-pthread_join(thread, &value), "join");
		check(late.result == 5, "%s: %zd", receiver_names[i], late.result);
		check_works(fd, receiver_names[i]);
	}
}

static void *receive_many(void *fd)
{
	static struct mmsghdr vector[VECTOR];

	return (void *)(intptr_t)recvmmsg(*(int *)fd, vector, VECTOR, MSG_DONTWAIT, NULL);
}

/* What a cancelled thread had is there for others: a new one's long vectors still come whole. */
void case_cancel_often(void)
{
	enum { QUEUED = 200 };
	int fd = wildcard_socket(AF_INET, SERVER_PORT);
	struct receiver receiver;
	pthread_t thread;
	void *n;

	for (int i = 0; i < OFTEN; i++) {
		receiver_start(&receiver, 3, fd);
		receiver_await_blocked(&receiver);
		pthread_cancel(receiver.thread);
		check(receiver_join(&receiver), "not cancelled");
	}
	for (int i = 0; i < QUEUED; i++)
		ask(SERVER_PORT, "one of many");
	need(-pthread_create(&thread, NULL, receive_many, &fd), "thread");
	need(-pthread_join(thread, &n), "join");
	check((intptr_t)n == QUEUED, "%d of %d datagrams", (int)(intptr_t)n, QUEUED);
	check_works(fd, "recvmmsg");
}
