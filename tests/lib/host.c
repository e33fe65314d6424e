// SPDX-License-Identifier: MIT
// A host with several addresses, a server on it, and clients that the library knows nothing of.

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asked.h"
#include "cases.h"
#include "deadline.h"
#include "host.h"
#include "loopback.h"
#include "preload.h"

static const char *const v4[] = { ASKED, OTHER, CLIENT, CLIENT2 };
static const char *const v6[] = { ASKED6, CLIENT6, ASKED_LL };

void await_address(const char *address)
{
	struct address name = address_of(address, SERVER_PORT);
	int fd = bound_socket(&kernel_side, "::", SERVER_PORT);
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	do {
		kernel_side.sendto(fd, NULL, 0, 0, &name.name.any, name.length);
	} while (poll(&ready, 1, 1) != 1);
	close(fd);
}

static void add_addresses(void)
{
	FILE *commands = popen("LD_PRELOAD= ip -batch -", "w");

	for (size_t i = 0; i < sizeof(v4) / sizeof(*v4); i++)
		fprintf(commands, "addr add %s/32 dev lo\n", v4[i]);
	for (size_t i = 0; i < sizeof(v6) / sizeof(*v6); i++)
		fprintf(commands, "addr add %s/128 dev lo nodad\n", v6[i]);
	check(!pclose(commands), "addresses on lo");
	for (size_t i = 0; i < sizeof(v6) / sizeof(*v6); i++)
		await_address(v6[i]);
}

void make_hosts(void)
{
	make_sides(false);
	enter(&kernel_side);
	add_addresses();
	enter(&library_side);
	add_addresses();
}

void ip(const char *command)
{
	FILE *commands = popen("LD_PRELOAD= ip -batch -", "w");

	fprintf(commands, "%s\n", command);
	check(!pclose(commands), "ip %s", command);
}

struct address address_of(const char *text, int port)
{
	struct address address = { .length = sizeof(address.name.v4) };

	if (inet_pton(AF_INET, text, &address.name.v4.sin_addr) == 1) {
		address.name.v4.sin_family = AF_INET;
		address.name.v4.sin_port = htons((in_port_t)port);
		return address;
	}
	address.length = sizeof(address.name.v6);
	address.name.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
						 .sin6_port = htons((in_port_t)port) };
	inet_pton(AF_INET6, text, &address.name.v6.sin6_addr);
	if (IN6_IS_ADDR_LINKLOCAL(&address.name.v6.sin6_addr))
		address.name.v6.sin6_scope_id = if_nametoindex("lo");
	return address;
}

int fresh_socket(const struct side *side, int family)
{
	return (int)need(side->socket(family, SOCK_DGRAM, 0), "socket");
}

int bound_socket(const struct side *side, const char *address, int port)
{
	struct address name = address_of(address, port);
	int fd = fresh_socket(side, name.name.any.sa_family);

	need(side->bind(fd, &name.name.any, name.length), "bind");
	return fd;
}

int client_at(const char *address)
{
	return bound_socket(&kernel_side, address, 0);
}

void ask_at(int client, const char *address)
{
	struct address to = address_of(address, SERVER_PORT);

	need(kernel_side.sendto(client, "question", 8, 0, &to.name.any, to.length), "asking");
	check(loopback_settle(), "lo does not deliver");
}

struct address hear(const struct side *side, int fd)
{
	struct address peer = { .length = sizeof(peer.name) };
	char question[16];

	need(side->recvfrom(fd, question, sizeof(question), 0, &peer.name.any, &peer.length),
	     "hearing");
	return peer;
}

long outcome(long result)
{
	return result < 0 ? -errno : result;
}

long tell(const struct side *side, int fd, const struct address *peer)
{
	return side->sendto(fd, "answer", 6, 0, &peer->name.any, peer->length);
}

static const char *next_source(int client, char text[INET6_ADDRSTRLEN])
{
	struct pollfd ready = { .fd = client, .events = POLLIN };
	struct address from = { .length = sizeof(from.name) };
	char answer[16];
	int family;

	if (poll(&ready, 1, deadline_ms()) != 1 ||
	    kernel_side.recvfrom(client, answer, sizeof(answer), MSG_DONTWAIT, &from.name.any,
				 &from.length) < 0)
		return "nowhere";
	family = from.name.any.sa_family;
	return inet_ntop(family,
			 family == AF_INET ? (void *)&from.name.v4.sin_addr
					   : (void *)&from.name.v6.sin6_addr,
			 text, INET6_ADDRSTRLEN);
}

void check_source(int client, const char *expected)
{
	char text[INET6_ADDRSTRLEN];
	const char *source = next_source(client, text);

	check(!strcmp(source, expected), "from %s instead of %s", source, expected);
}

void check_answer(const struct side *side, int fd, int client)
{
	struct address peer;

	ask_at(client, ASKED);
	peer = hear(side, fd);
	need(tell(side, fd, &peer), "answering");
	check_source(client, ASKED);
}

void await_error(int fd)
{
	struct pollfd ready = { .fd = fd };

	check(poll(&ready, 1, deadline_ms()) == 1 && ready.revents & POLLERR, "no error is pending");
}

long same_on_both(conversation *talk, long argument, const char *what)
{
	long kernel, library;

	enter(&kernel_side);
	kernel = talk(&kernel_side, argument);
	enter(&library_side);
	library = talk(&library_side, argument);
	check(kernel == library, "%s: %ld, and with the library %ld", what, kernel, library);
	return kernel;
}

void check_both(conversation *talk, long argument, long expected, const char *what)
{
	long result = same_on_both(talk, argument, what);

	check(result == expected, "%s: %ld and not %ld", what, result, expected);
}

int run_on_hosts(const struct test_case *cases, size_t count)
{
	if (system("ip -V >/dev/null 2>&1"))
		unavailable("ip(8) of iproute2 is not installed");
	make_sides(false);
	return run_cases(cases, count);
}
