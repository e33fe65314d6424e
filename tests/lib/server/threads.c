/* SPDX-License-Identifier: MIT */
/* Ways to serve in which all threads do everything at once: for race detectors too. */
#include "server.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

struct batch {
	struct request requests[4];
	struct mmsghdr messages[4];
	struct iovec parts[4];
};

/* Without the static vectors that one thread's servers use. */
static void serve_batch(int sock)
{
	struct batch batch = { .requests = { { .length = 0 } } };
	int count;

	for (int i = 0; i < 4; i++) {
		batch.parts[i] = (struct iovec){ batch.requests[i].payload,
						 sizeof(batch.requests[i].payload) };
		batch.messages[i].msg_hdr = (struct msghdr){
			.msg_name = &batch.requests[i].peer,
			.msg_namelen = sizeof(batch.requests[i].peer),
			.msg_iov = &batch.parts[i],
			.msg_iovlen = 1,
		};
	}
	count = check(recvmmsg(sock, batch.messages, 4, MSG_WAITFORONE, NULL), "recvmmsg");
	for (int i = 0; i < count; i++)
		batch.parts[i].iov_len = batch.messages[i].msg_len;
	for (int sent = 0; sent < count;)
		sent += check(
			sendmmsg(sock, batch.messages + sent, (unsigned int)(count - sent), 0),
			"sendmmsg");
}

static void serve_call(int sock)
{
	struct request request;

	receive_recvfrom(sock, &request, 1);
	answer_sendto(sock, &request, 1);
}

/* On a duplicate of its own, which comes and goes: numbers are made and used by all threads. */
static void serve_duplicate(int sock)
{
	struct request request;
	int duplicate = check(dup(sock), "dup");

	receive_recvmsg(duplicate, &request, 1);
	answer_sendmsg(duplicate, &request, 1);
	close(duplicate);
}

static void (*const ways[])(int sock) = { serve_call, serve_duplicate, serve_batch, answer_once_fresh };
enum { WAYS = sizeof(ways) / sizeof(*ways), WORKERS = 8 };

struct worker {
	pthread_t thread;
	int sock;
	unsigned int first;
};

static void *work_on(void *argument)
{
	const struct worker *worker = argument;

	for (unsigned int i = worker->first;; i++)
		ways[i % WAYS](worker->sock);
	return NULL;
}

static void threads(int sock)
{
	struct worker workers[WORKERS];

	for (unsigned int i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){ .sock = sock, .first = i };
		check(-pthread_create(&workers[i].thread, NULL, work_on, &workers[i]),
		      "pthread_create");
	}
	for (unsigned int i = 0; i < WORKERS; i++)
		pthread_join(workers[i].thread, NULL);
}

struct errand {
	int sock;
	unsigned int way;
};

static sem_t free_places;

static void *run_errand(void *argument)
{
	const struct errand errand = *(struct errand *)argument;

	free(argument);
	ways[errand.way](errand.sock);
	sem_post(&free_places);
	return NULL;
}

/* A thread for each request, at most WORKERS at a time: what it had is taken by later ones. */
static void thread_each(int sock)
{
	pthread_attr_t detached;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sem_init(&free_places, 0, WORKERS);
	for (unsigned int i = 0;; i++) {
		struct errand *errand = malloc(sizeof(*errand));
		struct pollfd waiting = { .fd = sock, .events = POLLIN };
		pthread_t thread;

		if (!errand)
			abort();
		*errand = (struct errand){ sock, i % WAYS };
		while (sem_wait(&free_places))
			;
		check(poll(&waiting, 1, -1), "poll");
		check(-pthread_create(&thread, &detached, run_errand, errand), "pthread_create");
	}
}

const struct mode thread_modes[] = {
	{ "threads", threads },
	{ "thread-each", thread_each },
	{ NULL, NULL },
};
