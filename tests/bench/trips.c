// SPDX-License-Identifier: MIT
// Round trips: plain, native and shimmed servers take turns on the same peers.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lab.h"
#include "serve.h"

enum { BATCH = 64, PORT = 5300, SOCKETS_MAX = 1000 };

/* One side's server, on one socket or many, and its clients. */
struct server {
	enum side side;
	const struct calls *calls;
	struct clients clients;
	unsigned int sockets, next;
	int fds[SOCKETS_MAX];
};
static struct server servers[SIDES];

static uint16_t port_of(const struct server *server, unsigned int n)
{
	return (uint16_t)(PORT + server->side * SOCKETS_MAX + (server->next + n) % server->sockets);
}

static void check(const struct server *server, unsigned int wrong)
{
	if (wrong && server->side != PLAIN) {
		fprintf(stderr, "bench: %u replies of %d from a wrong address (%s)\n", wrong, BATCH,
			side_names[server->side]);
		exit(1);
	}
	/* The plain server has to be wrong, or nothing was asked of the others. */
	if (!wrong && server->side == PLAIN) {
		fprintf(stderr, "bench: the plain server answers right: no lab\n");
		exit(2);
	}
}

/* One batch of one side; only the server's work is timed. Returns its nanoseconds. */
static uint64_t batch(struct server *server, enum style style)
{
	unsigned int share = server->sockets > 1 ? 1 : BATCH; /* datagrams for each socket */
	uint64_t start, end;

	for (unsigned int i = 0; i < BATCH / share; i++)
		lab_ask(&server->clients, port_of(server, i), share);
	start = now();
	for (unsigned int i = 0; i < BATCH / share; i++)
		serve(server->calls, server->side, style,
		      server->fds[(server->next + i) % server->sockets], share, 0);
	end = now();
	server->next += BATCH / share;
	check(server, lab_collect(&server->clients, BATCH));
	return end - start;
}

static void open_servers(enum family family, unsigned int peers, unsigned int addresses,
			 unsigned int sockets)
{
	struct rlimit files = { (SIDES + 1) * SOCKETS_MAX, (SIDES + 1) * SOCKETS_MAX };

	if (sockets > 1 && setrlimit(RLIMIT_NOFILE, &files))
		give_up("setrlimit");
	lab_clients(&servers[0].clients, family, peers);
	servers[0].clients.addresses = addresses;
	for (unsigned int side = 0; side < SIDES; side++) {
		struct server *server = &servers[side];

		server->side = (enum side)side;
		server->calls = side == SHIM ? &hooked : &raw;
		server->sockets = sockets;
		server->clients = servers[0].clients;
		/* Each side meets peers that no other met lately: equally cold to all of them. */
		server->clients.next = side * (peers / SIDES);
		for (unsigned int i = 0; i < sockets; i++)
			server->fds[i] = lab_server(server->calls, family, server->side,
						    port_of(server, i), false);
	}
}

/* Everybody is known before it counts, or the table is as full as it gets. */
static void warm_up(enum style style, unsigned int peers)
{
	for (unsigned int side = 0; side < SIDES; side++)
		for (unsigned int i = 0; i < (side == SHIM ? peers / BATCH + 1 : 4); i++)
			batch(&servers[side], style);
}

/* trips FAMILY STYLE PEERS ADDRESSES SOCKETS SIDE|all ROUNDS */
int bench_trips(int count, char *arguments[])
{
	unsigned int peers, addresses, sockets, rounds;
	enum style style;
	bool all;

	if (count < 7)
		return 2;
	style = style_of(arguments[1]);
	peers = (unsigned int)atoi(arguments[2]);
	addresses = (unsigned int)atoi(arguments[3]);
	sockets = (unsigned int)atoi(arguments[4]);
	all = !strcmp(arguments[5], "all");
	rounds = (unsigned int)atoi(arguments[6]);
	if (!peers || !addresses || !sockets || sockets > SOCKETS_MAX)
		return 2;
	open_servers(family_of(arguments[0]), peers, addresses, sockets);
	/* Alone: instructions are counted, in a few batches and in many. */
	if (all)
		warm_up(style, peers);
	for (unsigned int round = 0; round < rounds; round++) {
		for (unsigned int turn = 0; turn < SIDES; turn++) {
			/* Forwards and backwards, so that each follows each of its neighbours. */
			unsigned int side = ((round & 1 ? turn : SIDES - turn) + round / 2) % SIDES;

			if (all || !strcmp(arguments[5], side_names[side]))
				print_batch(round, side_names[side], batch(&servers[side], style),
					    BATCH);
		}
	}
	return 0;
}
