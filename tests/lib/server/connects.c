/* SPDX-License-Identifier: MIT */
/* Ways to serve that take a peer for the socket's own with connect(). */
#include "server.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void connect_to(int sock, const struct request *request)
{
	check(connect(sock, (const struct sockaddr *)&request->peer, request->peer_length), "connect");
}

/* Who sent the datagram that waits? */
static struct request peek(int sock)
{
	struct request first = { .peer_length = sizeof(first.peer) };

	check((int)recvfrom(sock, first.payload, sizeof(first.payload), MSG_PEEK, (struct sockaddr *)&first.peer,
			    &first.peer_length), "recvfrom(MSG_PEEK)");
	return first;
}

static void echo_read_write(int sock)
{
	char payload[512];
	ssize_t length;

	while ((length = read(sock, payload, sizeof(payload))) >= 0)
		check((int)write(sock, payload, (size_t)length), "write");
}

static void echo_recv_send(int sock)
{
	char payload[512];
	ssize_t length;

	while ((length = recv(sock, payload, sizeof(payload), 0)) >= 0)
		check((int)send(sock, payload, (size_t)length, 0), "send");
}

static void connect_read_write(int sock)
{
	struct request first = peek(sock);

	connect_to(sock, &first);
	echo_read_write(sock);
}

/* The first datagram is taken before the connect, so it is answered beside the loop. */
static void connect_recv_send(int sock)
{
	struct request first;

	receive_recvfrom(sock, &first, 1);
	connect_to(sock, &first);
	check((int)send(sock, first.payload, first.length, 0), "send");
	echo_recv_send(sock);
}

static void connect_in_child(int sock)
{
	struct request first = peek(sock);
	pid_t child = check(fork(), "fork");

	if (!child) {
		connect_to(sock, &first);
		echo_recv_send(sock);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

static void connect_exec(int sock)
{
	struct request first = peek(sock);

	connect_to(sock, &first);
	for (int fd = 0; fd <= 2; fd++)
		check(dup2(sock, fd), "dup2");
	execl("/bin/cat", "cat", (char *)NULL);
}

/* connect(AF_UNSPEC) between peers: the wildcard is back, and the next peer may ask at any address. */
static void connect_disconnect(int sock)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	for (;;) {
		struct request request;

		receive_recvfrom(sock, &request, 1);
		connect_to(sock, &request);
		check((int)send(sock, request.payload, request.length, 0), "send");
		check(connect(sock, &nobody, sizeof(nobody)), "connect(AF_UNSPEC)");
	}
}

#define MAX_SOCKETS 64

static void echo_waiting(int sock)
{
	char payload[512];
	ssize_t length = recv(sock, payload, sizeof(payload), MSG_DONTWAIT);

	if (length >= 0)
		check((int)send(sock, payload, (size_t)length, 0), "send");
}

/* Each peer has a connected socket; accept_peer() takes one from the listener, which is at 0 afterwards. */
static void serve_peers(int sock, int (*accept_peer)(int *listener))
{
	struct pollfd sockets[MAX_SOCKETS] = { { .fd = sock, .events = POLLIN } };
	nfds_t count = 1;

	for (;;) {
		check(poll(sockets, count, -1), "poll");
		for (nfds_t i = count; --i > 0;) {
			if (sockets[i].revents)
				echo_waiting(sockets[i].fd);
		}
		if (sockets[0].revents && count < MAX_SOCKETS)
			sockets[count++] = (struct pollfd){ .fd = accept_peer(&sockets[0].fd), .events = POLLIN };
	}
}

/* The listener becomes the peer's; a new one is bound to the same port beside it. */
static int accept_by_relisten(int *listener)
{
	struct request first = peek(*listener);
	int connected = *listener;

	connect_to(connected, &first);
	*listener = open_wildcard(service_port());
	return connected;
}

static void relisten(int sock)
{
	serve_peers(sock, accept_by_relisten);
}

/* The listener stays; a fresh socket on the same port is the peer's (DTLS). */
static int accept_by_fresh_socket(int *listener)
{
	struct request first;
	int fresh = open_wildcard(service_port());

	receive_recvfrom(*listener, &first, 1);
	connect_to(fresh, &first);
	check((int)send(fresh, first.payload, first.length, 0), "send");
	return fresh;
}

static void fresh_same_port(int sock)
{
	serve_peers(sock, accept_by_fresh_socket);
}

const struct mode connect_modes[] = {
	{ "connect-read-write", connect_read_write },
	{ "connect-recv-send", connect_recv_send },
	{ "connect-in-child", connect_in_child },
	{ "connect-exec", connect_exec },
	{ "connect-disconnect", connect_disconnect },
	{ "relisten", relisten },
	{ "fresh-same-port", fresh_same_port },
	{ NULL, NULL },
};
