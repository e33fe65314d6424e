// SPDX-License-Identifier: MIT
/*
 * The server of the command's tests: server [MODE [PORT]]. It binds PORT, or one that is free, prints the number and
 * echoes until its standard input ends. A single file, so that tests can compile it for any libc and ABI.
 *
 *   plain          no more than that
 *   six            on IPv6 and IPv4; writes each request in hexadecimal digits to standard error
 *   silent         as six, and does not reply
 *   raw, kernel    reads by system calls of its own; kernel also binds so
 *   deaf           reads nothing
 *   fork, child    lets a child reply, whose process id it prints; with fork it replies to the first request itself
 *   zombie         prints the process id of a child that has ended
 *   exec           prints whether memory can be made executable
 *   port           prints a free port, and ends
 *   once           PORT is a descriptor: replies to one request on that bound socket, as inetd wants it
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel_call.h"

static const char *mode = "plain";

static int is(const char *wanted)
{
	return !strcmp(mode, wanted);
}

static int is_six(void)
{
	return is("six") || is("silent");
}

static void print(long number)
{
	printf("%ld\n", number);
	fflush(stdout);
}

static void reply(int fd)
{
	struct sockaddr_in6 peer;
	socklen_t size = sizeof(peer);
	char buffer[2048];
	ssize_t got = is("raw") || is("kernel")
			      ? kernel_call(SYS_recvfrom, fd, buffer, sizeof(buffer), 0, &peer, &size)
			      : recvfrom(fd, buffer, sizeof(buffer), 0, (void *)&peer, &size);

	if (got < 0)
		return;
	if (is_six()) {
		for (ssize_t i = 0; i < got; i++)
			fprintf(stderr, "%02x", buffer[i] & 255);
		fprintf(stderr, "\n");
	}
	if (!is("silent"))
		sendto(fd, buffer, (size_t)got, 0, (void *)&peer, size);
}

/* Binds the port, or a free one for 0; puts the number into *port. */
static int open_port(int *port)
{
	struct sockaddr_in6 own = { .sin6_family = AF_INET6 };
	socklen_t length = is_six() ? sizeof(own) : sizeof(struct sockaddr_in);
	int fd = socket(is_six() ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);

	if (!is_six())
		own.sin6_family = AF_INET;
	own.sin6_port = htons((in_port_t)*port);
	if (*port && is("kernel") ? kernel_call(SYS_bind, fd, &own, length) : bind(fd, (void *)&own, length))
		exit(1);
	if (getsockname(fd, (void *)&own, &length))
		exit(1);
	*port = ntohs(own.sin6_port);
	return fd;
}

/* Sends to a peer that never asked. */
static void send_first(int fd)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(9) };

	peer.sin_addr.s_addr = htonl(0x7f00004d);
	sendto(fd, "", 0, 0, (void *)&peer, sizeof(peer));
}

/* Returns in the process that is to serve. */
static void fork_as_told(int fd)
{
	char byte;
	int child;

	if (is("fork"))
		reply(fd); /* the child's counters show this too */
	child = fork();
	if (!child && is("zombie"))
		_exit(0);
	if (!child)
		return;
	print(child);
	exit(is("zombie") ? read(0, &byte, 1) != 0 : waitpid(child, NULL, 0) != child);
}

int main(int count, char **arguments)
{
	struct pollfd polls[] = { { .fd = 0, .events = POLLIN }, { .events = POLLIN } };
	int port = count > 2 ? atoi(arguments[2]) : 0;

	mode = count > 1 ? arguments[1] : mode;
	if (is("once")) {
		reply(port);
		return 0;
	}
	/* A socket on a port of the kernel's choice would be a client. */
	if (!port)
		close(open_port(&port));
	if (!is("port"))
		polls[1].fd = open_port(&port);
	if (!is_six() && !is("port"))
		send_first(polls[1].fd);
	print(port);
	if (is("port"))
		return 0;
	if (is("exec"))
		puts(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
			     ? "refused"
			     : "allowed");
	fflush(stdout);
	if (is("fork") || is("child") || is("zombie"))
		fork_as_told(polls[1].fd);
	while (poll(polls, is("deaf") ? 1 : 2, -1) > 0 && !polls[0].revents)
		reply(polls[1].fd);
	return 0;
}
