// SPDX-License-Identifier: MIT
// replyfrom-probe FORMAT REQUEST ADDRESS:PORT...: the part behind replyfrom --probe.

#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../scan/fail.h"
#include "./probe.h"

enum {
	TARGETS = 256,
	TRIES = 3,
	PATIENCE = 700, /* milliseconds for each try */
	EXIT_NOT_ALL_RIGHT = 1,
};

static struct sockaddr *base(struct sockaddr_storage *address)
{
	return (struct sockaddr *)address;
}

/* The port, in the same place in both families; its place for recvfrom and bind. */
static unsigned int port_of(const struct sockaddr_storage *address)
{
	return ntohs(((const struct sockaddr_in *)address)->sin_port);
}

/* Takes 192.0.2.1:53 and [2001:db8::1]:53 and [fe80::1%eth0]:53. */
static void parse(struct target *target)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
					.ai_socktype = SOCK_DGRAM };
	struct addrinfo *found;
	char host[NI_MAXHOST], *start = host, *end;

	if (snprintf(host, sizeof(host), "%s", target->name) >= (int)sizeof(host) ||
	    !(end = strrchr(host, ':')) || end == host)
		goto wrong;
	*end++ = '\0';
	if (*host == '[') {
		if (end[-2] != ']')
			goto wrong;
		end[-2] = '\0';
		start++;
	} else if (strchr(host, ':')) {
		goto wrong;
	}
	if (getaddrinfo(start, end, &hints, &found))
		goto wrong;
	memcpy(&target->address, found->ai_addr, found->ai_addrlen);
	target->length = found->ai_addrlen;
	freeaddrinfo(found);
	if (port_of(&target->address))
		return;
wrong:
	fail("'%s' is no address to send to; allowed: 192.0.2.1:53, [2001:db8::1]:53",
	     target->name);
}

/* Compares addresses alone: a server may reply from another port. */
static bool same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a6->sin6_addr, &b6->sin6_addr);
}

/*
 * On the server's own host the kernel would choose the destination as the source of the request,
 * and then as the source of the reply, so every server would look right. Binds such a request to
 * the loopback address instead. Returns false if that fails.
 */
static bool bind_elsewhere(struct target *target)
{
	struct sockaddr_storage own = { 0 };
	socklen_t length = sizeof(own);
	int fd = socket(target->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool local = fd >= 0 && !connect(fd, base(&target->address), target->length) &&
		     !getsockname(fd, base(&own), &length) && same_address(&own, &target->address);

	if (fd >= 0)
		close(fd);
	if (!local)
		return true;
	if (own.ss_family == AF_INET) {
		*(struct sockaddr_in *)&own =
			(struct sockaddr_in){ .sin_family = AF_INET,
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	} else {
		*(struct sockaddr_in6 *)&own =
			(struct sockaddr_in6){ .sin6_family = AF_INET6,
					       .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	}
	return !bind(target->fd, base(&own), length);
}

static void ask(struct target *target)
{
	const int on = 1;

	if (target->fd < 0) {
		target->fd = socket(target->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (target->fd < 0 || !bind_elsewhere(target))
			fail("%s: %s", target->name, strerror(errno));
		/* Says when no server listens; without it that would be silence as well. */
		setsockopt(target->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
		setsockopt(target->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	}
	if (sendto(target->fd, target->request.bytes, target->request.size, 0,
		   base(&target->address), target->length) < 0 &&
	    errno != ECONNREFUSED)
		fail("%s: %s", target->name, strerror(errno));
}

static void hear(struct target *target)
{
	char byte;
	socklen_t length = sizeof(target->answer);

	if (recvfrom(target->fd, &byte, 1, MSG_DONTWAIT, base(&target->answer), &length) >= 0)
		target->outcome = same_address(&target->answer, &target->address) ? RIGHT : WRONG;
	else if (errno == ECONNREFUSED)
		target->outcome = REFUSED;
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Sends to all that have not replied yet, and receives until all have replied or time is up. */
static void try(struct target *targets, size_t count)
{
	struct pollfd polls[TARGETS];
	long end = now() + PATIENCE, left;
	bool open;

	for (size_t i = 0; i < count; i++)
		if (targets[i].outcome == NO_ANSWER)
			ask(&targets[i]);
	do {
		open = false;
		for (size_t i = 0; i < count; i++) {
			bool waiting = targets[i].outcome == NO_ANSWER;

			polls[i] = (struct pollfd){ .fd = waiting ? targets[i].fd : -1,
						    .events = POLLIN };
			open |= waiting;
		}
		left = end - now();
		if (!open || left <= 0 || poll(polls, count, (int)left) <= 0)
			return;
		for (size_t i = 0; i < count; i++)
			if (polls[i].fd >= 0 && polls[i].revents)
				hear(&targets[i]);
	} while (true);
}

int main(int count, char **arguments)
{
	static struct target targets[TARGETS];
	size_t asked = count > 3 ? (size_t)count - 3 : 0;

	if (!asked)
		fail("--probe takes one ADDRESS:PORT or several");
	if (asked > TARGETS)
		fail("--probe takes no more than %d addresses", TARGETS);
	for (size_t i = 0; i < asked; i++) {
		struct target *target = &targets[i];

		target->name = arguments[3 + i];
		target->fd = -1;
		parse(target);
		if (!request_make(arguments[2], port_of(&target->address), &target->request))
			fail("--request is '%s'; allowed: " REQUEST_NAMES, arguments[2]);
	}
	for (int i = 0; i < TRIES; i++)
		try(targets, asked);
	if (!report_print(targets, asked, !strcmp(arguments[1], "json")))
		fail("stdout: %s", strerror(errno));
	for (size_t i = 0; i < asked; i++)
		if (targets[i].outcome != RIGHT)
			return EXIT_NOT_ALL_RIGHT;
	return EXIT_SUCCESS;
}
