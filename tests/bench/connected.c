// SPDX-License-Identifier: MIT
// Connected sockets: bound to the address and connected, and after the library's two-step connect.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"

enum { BATCH = 64, PORT = 5400, ASKED = 1 };
enum { CONNECTED_PLAIN, CONNECTED_AGAIN, CONNECTED_PRELOAD, CONNECTED };
static const char *const names[CONNECTED] = { "plain", "again", "preload" };

/* A server that talks to one client, and the address where it is asked. */
struct conversation {
	int server, client;
	struct sockaddr_in6 asked;
	socklen_t length;
};

static void expect(ssize_t result, const char *what)
{
	if (result < 0)
		give_up(what);
}

/* The same IPv4 address for an AF_INET6 socket. */
static socklen_t map(struct sockaddr_in6 *name)
{
	struct sockaddr_in v4;

	memcpy(&v4, name, sizeof(v4));
	*name = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = v4.sin_port };
	name->sin6_addr.s6_addr32[2] = htonl(0xffff);
	name->sin6_addr.s6_addr32[3] = v4.sin_addr.s_addr;
	return sizeof(*name);
}

/* The client's own address: one of the server's that is not asked, as all are local here. */
static int open_client(enum family family, uint16_t port)
{
	struct sockaddr_in6 name;
	socklen_t length = lab_server_address(&name, family, SERVER_ADDRESSES - 1, port);
	int fd = raw.socket(family == V6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);

	expect(fd, "socket");
	expect(raw.bind(fd, (struct sockaddr *)&name, length), "bind");
	return fd;
}

/* What a plain connect keeps when the address is chosen before it: by bind(), to the one asked. */
static void start_plain(struct conversation *talk, enum family family, uint16_t port)
{
	struct sockaddr_in6 peer, own;
	socklen_t length = lab_server_address(&peer, family, SERVER_ADDRESSES - 1, port + 100);
	socklen_t own_length = lab_server_address(&own, family, ASKED, port);

	talk->length = own_length;
	talk->asked = own;
	talk->server = raw.socket(family == V4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	expect(talk->server, "socket");
	if (family == DUAL) {
		own_length = map(&own);
		length = map(&peer);
	}
	expect(raw.bind(talk->server, (struct sockaddr *)&own, own_length), "bind");
	expect(raw.connect(talk->server, (struct sockaddr *)&peer, length), "connect");
}

/* As nc does it: peek at the first datagram, connect to its sender. */
static void start_preload(struct conversation *talk, enum family family, uint16_t port)
{
	struct sockaddr_in6 peer;
	socklen_t length = sizeof(peer);
	char byte;

	talk->server = lab_server(family, PRELOAD, port, false);
	talk->length = lab_server_address(&talk->asked, family, ASKED, port);
	expect(raw.sendto(talk->client, "?", 1, 0, (struct sockaddr *)&talk->asked, talk->length),
	       "a client's sendto");
	expect(hooked.recvfrom(talk->server, &byte, 1, 0, (struct sockaddr *)&peer, &length),
	       "recvfrom");
	expect(hooked.connect(talk->server, (struct sockaddr *)&peer, length), "connect");
}

static uint64_t batch(const struct conversation *talk, const struct calls *calls)
{
	unsigned char payload[PAYLOAD] = { 0 };
	uint64_t start, end;

	for (int i = 0; i < BATCH; i++)
		expect(raw.sendto(talk->client, payload, sizeof(payload), 0,
				  (const struct sockaddr *)&talk->asked, talk->length),
		       "a client's sendto");
	start = now();
	/* recv() and send(), as programs on a connected socket do. */
	for (int i = 0; i < BATCH; i++) {
		ssize_t n = calls == &hooked ? recv(talk->server, payload, sizeof(payload), 0)
					     : calls->recvfrom(talk->server, payload,
							       sizeof(payload), 0, NULL, NULL);

		expect(n, "recv");
		expect(calls == &hooked
			       ? send(talk->server, payload, (size_t)n, 0)
			       : calls->sendto(talk->server, payload, (size_t)n, 0, NULL, 0),
		       "send");
	}
	end = now();
	for (int i = 0; i < BATCH; i++) {
		struct sockaddr_in6 from;
		socklen_t length = sizeof(from);

		expect(raw.recvfrom(talk->client, payload, sizeof(payload), MSG_DONTWAIT,
				    (struct sockaddr *)&from, &length),
		       "a reply");
		if (memcmp(&from, &talk->asked, length == sizeof(from) ? 24 : 8)) {
			fputs("bench: a connected socket answered from a wrong address\n", stderr);
			exit(1);
		}
	}
	return end - start;
}

/* connected FAMILY ROUNDS */
int bench_connected(int count, char *arguments[])
{
	struct conversation talks[CONNECTED];
	enum family family;

	if (count < 2)
		return 2;
	family = family_of(arguments[0]);
	for (int i = 0; i < CONNECTED; i++) {
		talks[i].client = open_client(family, (uint16_t)(PORT + i + 100));
		if (i == CONNECTED_PRELOAD)
			start_preload(&talks[i], family, (uint16_t)(PORT + i));
		else
			start_plain(&talks[i], family, (uint16_t)(PORT + i));
	}
	for (unsigned int round = 0; round < (unsigned int)atoi(arguments[1]); round++) {
		for (int turn = 0; turn < CONNECTED; turn++) {
			int i = ((round & 1 ? turn : CONNECTED - turn) + (int)round / 2) %
				CONNECTED;

			print_batch(
				round, names[i],
				batch(&talks[i], i == CONNECTED_PRELOAD ? &hooked : &libc_calls),
				BATCH);
		}
	}
	return 0;
}
