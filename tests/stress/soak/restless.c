// SPDX-License-Identifier: MIT
/*
 * An echo server that never rests: its socket moves from number to number, answers are given by
 * duplicates, children, other programs and threads, from fresh sockets too; and with each datagram
 * other descriptors come and go. No datagram is lost by that: the socket itself is never closed.
 *
 *   restless PORT
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "restless.h"

/*
 * The library keeps room for each of some threads that ended, until it looks for which they were:
 * no more after that. Started before anything is measured.
 */
enum { CHILDREN_MOST = 8, BATCH = 4, THREADS_FIRST = 80 };
#define EXECUTED_NAME "restless-executed"

static unsigned int children;

int must(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

unsigned int chance(unsigned int below)
{
	static unsigned long long state = 1;

	state = state * 6364136223846793005 + 1442695040888963407;
	return (unsigned int)(state >> 33) % below;
}

/* Returns false if nothing was there: somebody else took it. */
static bool take(int sock, struct request *request)
{
	ssize_t n;

	request->peer_length = sizeof(request->peer);
	n = recvfrom(sock, request->payload, sizeof(request->payload), MSG_DONTWAIT,
		     (struct sockaddr *)&request->peer, &request->peer_length);
	request->length = n > 0 ? (size_t)n : 0;
	return n >= 0;
}

static void answer(int sock, const struct request *request)
{
	must((int)sendto(sock, request->payload, request->length, 0,
			 (const struct sockaddr *)&request->peer, request->peer_length),
	     "sendto");
}

static void echo(int sock)
{
	struct request request;

	if (take(sock, &request))
		answer(sock, &request);
}

static int echo_directly(int sock)
{
	echo(sock);
	return sock;
}

static int echo_on_duplicate(int sock)
{
	int other = duplicate(sock);

	if (chance(2))
		echo(other);
	else
		echo(sock);
	close_somehow(sock);
	return other;
}

static int echo_on_passed(int sock)
{
	int other = pass(sock);

	if (chance(2))
		close_somehow(sock);
	else
		close_somehow(other), other = sock;
	echo(other);
	return other;
}

static int echo_in_child(int sock)
{
	if (!must(fork(), "fork")) {
		litter();
		echo(duplicate(sock));
		_exit(0);
	}
	children++;
	return sock;
}

static int echo_in_program(int sock)
{
	char number[16];
	char *argv[] = { (char[]){ EXECUTED_NAME }, number, NULL };
	pid_t child;

	snprintf(number, sizeof(number), "%d", sock);
	child = must(chance(2) ? vfork() : fork(), "fork");
	if (!child) {
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	children++;
	return sock;
}

static void *echo_batch(void *argument)
{
	struct request requests[BATCH];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	int n, sock = *(int *)argument;

	memset(messages, 0, sizeof(messages));
	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ requests[i].payload, sizeof(requests[i].payload) };
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &requests[i].peer,
						       .msg_namelen = sizeof(requests[i].peer),
						       .msg_iov = &parts[i],
						       .msg_iovlen = 1 };
	}
	n = recvmmsg(sock, messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		parts[i].iov_len = messages[i].msg_len;
	for (int sent = 0; sent < n;)
		sent += must(sendmmsg(sock, messages + sent, (unsigned int)(n - sent), 0),
			     "sendmmsg");
	return NULL;
}

static int echo_in_thread(int sock)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, echo_batch, &sock))
		must(-1, "pthread_create");
	pthread_join(thread, NULL);
	return sock;
}

static int echo_from_fresh(int sock)
{
	struct request request;
	int fresh;

	if (!take(sock, &request))
		return sock;
	fresh = must(socket(request.peer.ss_family, SOCK_DGRAM, 0), "socket");
	if (chance(2)) {
		must(connect(fresh, (struct sockaddr *)&request.peer, request.peer_length),
		     "connect");
		must((int)send(fresh, request.payload, request.length, 0), "send");
	} else {
		answer(fresh, &request);
	}
	close_somehow(fresh);
	return sock;
}

/* Each serves what is there, if it is, and returns the number that the socket has now. */
static int (*const ways[])(int sock) = { echo_directly,	 echo_on_duplicate, echo_on_passed,
					 echo_in_child,	 echo_in_program,   echo_in_thread,
					 echo_from_fresh };

static void bury_children(void)
{
	while (children && waitpid(-1, NULL, children < CHILDREN_MOST ? WNOHANG : 0) > 0)
		children--;
}

int main(int argc, char **argv)
{
	int sock;

	if (argc != 2) {
		fprintf(stderr, "usage: restless PORT\n");
		return 2;
	}
	if (!strcmp(argv[0], EXECUTED_NAME)) {
		echo(atoi(argv[1]));
		return 0;
	}
	sock = open_wildcard((in_port_t)atoi(argv[1]));
	for (unsigned int i = 0; i < THREADS_FIRST; i++)
		echo_in_thread(sock);
	for (;;) {
		struct pollfd ready = { .fd = sock, .events = POLLIN };

		if (poll(&ready, 1, -1) == 1)
			sock = ways[chance(sizeof(ways) / sizeof(*ways))](sock);
		litter();
		bury_children();
	}
}
