/* SPDX-License-Identifier: MIT */
/* Ways to serve that divide the work between threads, processes and programs. */
#include "server.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 4

static _Noreturn void echo(int sock)
{
	struct request request;

	for (;;) {
		receive_recvfrom(sock, &request, 1);
		answer_sendto(sock, &request, 1);
	}
}

/* What the receiver hands to the one who answers. A pipe: what it takes up to PIPE_BUF is not torn. */
static int work[2];

static void hand_over(int sock)
{
	struct request request = { .length = 0 }; /* all of it goes through the pipe */

	for (;;) {
		receive_recvfrom(sock, &request, 1);
		check((int)write(work[1], &request, sizeof(request)), "write");
	}
}

static void answer_work(int sock)
{
	struct request request;

	while (read(work[0], &request, sizeof(request)) == (ssize_t)sizeof(request))
		answer_sendto(sock, &request, 1);
}

static void *answer_in_thread(void *sock)
{
	answer_work(*(int *)sock);
	return NULL;
}

static void another_thread(int sock)
{
	pthread_t thread;

	check(pipe(work), "pipe");
	check(-pthread_create(&thread, NULL, answer_in_thread, &sock), "pthread_create");
	hand_over(sock);
}

static void another_process(int sock)
{
	check(pipe(work), "pipe");
	if (!check(fork(), "fork")) {
		close(work[1]);
		answer_work(sock);
		_exit(0);
	}
	hand_over(sock);
}

static void *echo_on_duplicate(void *sock)
{
	echo(check(dup(*(int *)sock), "dup"));
}

static void duplicates(int sock)
{
	pthread_t threads[WORKERS];

	for (int i = 0; i < WORKERS; i++)
		check(-pthread_create(&threads[i], NULL, echo_on_duplicate, &sock), "pthread_create");
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
}

static void prefork(int sock)
{
	for (int i = 0; i < WORKERS; i++) {
		if (!check(fork(), "fork"))
			echo(sock);
	}
	while (wait(NULL) > 0)
		;
}

/* The parent peeks nothing and takes nothing; a child answers one request. */
static void fork_each(int sock)
{
	for (;;) {
		struct request request;
		pid_t child;

		receive_recvfrom(sock, &request, 1);
		child = check(fork(), "fork");
		if (!child) {
			answer_sendto(sock, &request, 1);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
}

/* inetd's wait service: another program gets the socket as descriptor 0, answers, and ends. */
static void wait_service(int sock)
{
	char own[4096] = "";

	/* By its name: under valgrind /proc/self/exe itself is valgrind. */
	check((int)readlink("/proc/self/exe", own, sizeof(own) - 1), "/proc/self/exe");
	for (;;) {
		struct pollfd waiting = { .fd = sock, .events = POLLIN };
		pid_t child;

		check(poll(&waiting, 1, -1), "poll");
		child = check(fork(), "fork");
		if (!child) {
			check(dup2(sock, STDIN_FILENO), "dup2");
			close(sock);
			execl(own, own, "-i", "one", "0", (char *)NULL);
			_exit(1);
		}
		waitpid(child, NULL, 0);
	}
}

static void one(int sock)
{
	struct request request;

	receive_recvfrom(sock, &request, 1);
	answer_sendto(sock, &request, 1);
}

const struct mode process_modes[] = {
	{ "another-thread", another_thread },
	{ "another-process", another_process },
	{ "duplicates", duplicates },
	{ "prefork", prefork },
	{ "fork-each", fork_each },
	{ "wait-service", wait_service },
	{ "one", one },
	{ NULL, NULL },
};
