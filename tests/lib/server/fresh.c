/* SPDX-License-Identifier: MIT */
/* Ways to serve that answer from a fresh socket on a port of its own, as TFTP does; and answers that come late. */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void answer_connected(int sock, const struct request *request)
{
	check(connect(sock, (const struct sockaddr *)&request->peer, request->peer_length), "connect");
	check((int)send(sock, request->payload, request->length, 0), "send");
}

static void fresh_connect(int sock)
{
	for (;;) {
		struct request request;
		int fresh;

		receive_recvfrom(sock, &request, 1);
		fresh = open_wildcard(0);
		answer_connected(fresh, &request);
		close(fresh);
	}
}

void answer_once_fresh(int sock)
{
	struct request request;
	int fresh;

	receive_recvfrom(sock, &request, 1);
	fresh = open_wildcard(0);
	answer_sendto(fresh, &request, 1);
	close(fresh);
}

static void fresh_sendto(int sock)
{
	for (;;)
		answer_once_fresh(sock);
}

static void fork_fresh(int sock, int connects)
{
	for (;;) {
		struct request request;
		pid_t child;

		receive_recvfrom(sock, &request, 1);
		child = check(fork(), "fork");
		if (!child) {
			int fresh = open_wildcard(0);

			close(sock);
			if (connects)
				answer_connected(fresh, &request);
			else
				answer_sendto(fresh, &request, 1);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
}

static void fork_fresh_connect(int sock)
{
	fork_fresh(sock, 1);
}

static void fork_fresh_sendto(int sock)
{
	fork_fresh(sock, 0);
}

/* A request is answered when the next one has come: in between, others asked. */
static void late(int sock)
{
	struct request requests[2];

	receive_recvfrom(sock, &requests[0], 1);
	for (;;) {
		receive_recvfrom(sock, &requests[1], 1);
		answer_sendto(sock, &requests[0], 1);
		requests[0] = requests[1];
	}
}

const struct mode fresh_modes[] = {
	{ "fresh-connect", fresh_connect },
	{ "fresh-sendto", fresh_sendto },
	{ "fork-fresh-connect", fork_fresh_connect },
	{ "fork-fresh-sendto", fork_fresh_sendto },
	{ "late", late },
	{ NULL, NULL },
};
