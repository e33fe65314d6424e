// SPDX-License-Identifier: MIT
// Answers questions, each time by other calls. A server of its own: threads, signal handlers and children run it in one
// process, so it must be async-signal-safe.

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "storm.h"

enum { VECTOR = 4 };

int servers[SERVERS];

uint32_t chance(uint64_t *random, uint32_t below)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((*random >> 33) * below >> 31);
}

static int must(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

void serve_open(void)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT + 1) };

	servers[0] = must(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), "socket");
	servers[1] = must(socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0), "socket");
	must(bind(servers[0], (struct sockaddr *)&v4, sizeof(v4)), "bind");
	must(bind(servers[1], (struct sockaddr *)&v6, sizeof(v6)), "bind");
}

struct vector {
	struct mmsghdr messages[VECTOR];
	struct iovec parts[VECTOR];
	struct question questions[VECTOR];
	struct sockaddr_storage peers[VECTOR];
};

static void shape(struct vector *vector)
{
	memset(vector, 0, sizeof(*vector));
	for (unsigned int i = 0; i < VECTOR; i++) {
		vector->parts[i] = (struct iovec){ .iov_base = &vector->questions[i],
						   .iov_len = sizeof(vector->questions[i]) };
		vector->messages[i].msg_hdr =
			(struct msghdr){ .msg_name = &vector->peers[i],
					 .msg_namelen = sizeof(vector->peers[i]),
					 .msg_iov = &vector->parts[i],
					 .msg_iovlen = 1 };
	}
}

/* Returns how many came. */
static int receive(int fd, struct vector *vector, uint32_t way)
{
	struct msghdr *first = &vector->messages[0].msg_hdr;
	ssize_t n;

	if (way == 0)
		return recvmmsg(fd, vector->messages, VECTOR, MSG_DONTWAIT, NULL);
	if (way == 1)
		n = recvmsg(fd, first, MSG_DONTWAIT);
	else
		n = recvfrom(fd, &vector->questions[0], sizeof(struct question), MSG_DONTWAIT,
			     (struct sockaddr *)&vector->peers[0], &first->msg_namelen);
	vector->messages[0].msg_len = n > 0 ? (unsigned int)n : 0;
	return n > 0;
}

static void answer(int fd, struct vector *vector, int count, uint32_t way)
{
	if (way == 0) {
		sendmmsg(fd, vector->messages, (unsigned int)count, MSG_DONTWAIT);
		return;
	}
	for (int i = 0; i < count; i++) {
		if (way == 1)
			sendmsg(fd, &vector->messages[i].msg_hdr, MSG_DONTWAIT);
		else
			sendto(fd, &vector->questions[i], sizeof(struct question), MSG_DONTWAIT,
			       (struct sockaddr *)&vector->peers[i],
			       vector->messages[i].msg_hdr.msg_namelen);
	}
}

void serve_some(int fd, uint64_t *random, bool wait)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct vector vector;
	int count, e = errno;

	if (wait && poll(&ready, 1, 100) != 1)
		return;
	shape(&vector);
	count = receive(fd, &vector, chance(random, 3));
	for (int i = 0; i < count; i++)
		if (vector.messages[i].msg_len != sizeof(struct question) ||
		    vector.questions[i].magic != MAGIC)
			count = i;
	if (count > 0)
		answer(fd, &vector, count, chance(random, 3));
	errno = e;
}
