// SPDX-License-Identifier: MIT
// The clients of the storms: they ask at many addresses and look where each answer comes from.
// Clients of their own: thousands of questions are under way, counted in memory that the storms share.

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../lib/side.h"
#include "storm.h"

enum { SOCKETS = 96, PATIENCE = 300 /* milliseconds */ };

static struct asking {
	struct question question;
	int64_t since; /* milliseconds */
	in_port_t port;
} asking[SOCKETS];
static struct pollfd sockets[SOCKETS];

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void open_socket(unsigned int i, unsigned int number)
{
	struct sockaddr_in own = { .sin_family = AF_INET };

	own.sin_addr.s_addr = htonl(0x7f010001u + number * SOCKETS + i);
	sockets[i].fd = kernel_side.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	sockets[i].events = POLLIN;
	if (sockets[i].fd < 0 ||
	    kernel_side.bind(sockets[i].fd, (struct sockaddr *)&own, sizeof(own))) {
		perror("client");
		exit(1);
	}
}

static void ask(unsigned int i, uint64_t *random, int64_t now)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct asking *one = &asking[i];

	one->question = (struct question){ .magic = MAGIC,
					   .asked = 0x7f000001u + chance(random, ADDRESSES),
					   .number = one->question.number + 1 };
	one->since = now;
	to.sin_addr.s_addr = htonl(one->question.asked);
	to.sin_port = htons((in_port_t)(PORT + chance(random, SERVERS)));
	one->port = to.sin_port;
	kernel_side.sendto(sockets[i].fd, &one->question, sizeof(one->question), 0,
			   (struct sockaddr *)&to, sizeof(to));
}

static void check(const struct asking *one, const struct sockaddr_in *from)
{
	if (from->sin_addr.s_addr == htonl(one->question.asked) && from->sin_port == one->port) {
		count_one(replies);
		return;
	}
	totals->wrong_asked = one->question.asked;
	totals->wrong_from = ntohl(from->sin_addr.s_addr);
	count_one(wrong);
}

static bool receive(unsigned int i)
{
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	struct question answer;
	ssize_t n = kernel_side.recvfrom(sockets[i].fd, &answer, sizeof(answer), 0,
					 (struct sockaddr *)&from, &length);

	if (n != (ssize_t)sizeof(answer) || answer.number != asking[i].question.number)
		return false;
	check(&asking[i], &from);
	return true;
}

void client(unsigned int number)
{
	uint64_t random = UINT64_C(0x1234567) * (number + 1);
	unsigned int i;

	for (i = 0; i < SOCKETS; i++) {
		open_socket(i, number);
		ask(i, &random, milliseconds());
	}
	while (!is_over()) {
		int ready = poll(sockets, SOCKETS, PATIENCE / 4);
		int64_t now = milliseconds();

		for (i = 0; i < SOCKETS && ready >= 0; i++) {
			if (sockets[i].revents) {
				if (receive(i))
					ask(i, &random, now);
			} else if (now - asking[i].since > PATIENCE) {
				/* It may come yet: only a new port has one question under way. */
				close(sockets[i].fd);
				open_socket(i, number);
				ask(i, &random, now);
				count_one(renewed);
			}
		}
	}
	_exit(0);
}
