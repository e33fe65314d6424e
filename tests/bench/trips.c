// SPDX-License-Identifier: MIT
// Round trips: servers of all sides take turns on the same peers.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lab.h"
#include "serve.h"

enum { BATCH = 64, PORT = 5300, SOCKETS_MAX = 5000 };

/* One side's server, on one socket or many, and its clients. */
struct server {
	enum side side;
	struct clients clients;
	unsigned int sockets, next;
	int fds[SOCKETS_MAX];
};
static struct server servers[SIDES];

/* The sides that take part. */
static enum side used[SIDES];
static unsigned int sides;

static uint16_t port_of(const struct server *server, unsigned int n)
{
	return (uint16_t)(PORT + server->side * SOCKETS_MAX + (server->next + n) % server->sockets);
}

static void check(const struct server *server, unsigned int wrong)
{
	if (wrong && !side_is_plain(server->side)) {
		fprintf(stderr, "bench: %u replies of %d from a wrong address (%s)\n", wrong, BATCH,
			side_names[server->side]);
		exit(1);
	}
	/* The plain server has to be wrong, or nothing was asked of the others. */
	if (!wrong && side_is_plain(server->side)) {
		fprintf(stderr, "bench: the plain server answers right: no lab\n");
		exit(2);
	}
}

/* One batch of one side; the clients take their replies when it is over. */
static struct cost batch(struct server *server, enum style style)
{
	unsigned int share = server->sockets > 1 ? 1 : BATCH; /* datagrams for each socket */
	uint64_t begin = now(), start, end;

	for (unsigned int i = 0; i < BATCH / share; i++)
		lab_ask(&server->clients, port_of(server, i), share);
	start = now();
	for (unsigned int i = 0; i < BATCH / share; i++)
		serve(server->side, style, server->fds[(server->next + i) % server->sockets], share,
		      0);
	end = now();
	server->next += BATCH / share;
	check(server, lab_collect(&server->clients, BATCH));
	return (struct cost){ end - start, end - begin };
}

/* A comma-separated list of sides, or "all". */
static void choose_sides(const char *list)
{
	bool all = !strcmp(list, "all");

	for (unsigned int side = 0; side < SIDES; side++)
		if (all ? side < sides_here()
			: strstr(list, side_names[side]) && side_is_here((enum side)side))
			used[sides++] = (enum side)side;
}

static void open_servers(enum family family, unsigned int peers, unsigned int addresses,
			 unsigned int sockets, bool moving)
{
	rlim_t descriptors = sides * sockets + 100;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		give_up("getrlimit");
	if (files.rlim_cur < descriptors) {
		files.rlim_cur = descriptors;
		if (setrlimit(RLIMIT_NOFILE, &files))
			give_up("setrlimit");
	}
	lab_clients(&servers[0].clients, family, peers);
	servers[0].clients.addresses = addresses;
	servers[0].clients.moving = moving;
	for (unsigned int turn = 0; turn < sides; turn++) {
		struct server *server = &servers[used[turn]];

		server->side = used[turn];
		server->sockets = sockets;
		server->clients = servers[0].clients;
		/* Each side meets peers that no other met lately: equally cold to all of them. */
		server->clients.next = turn * (peers / sides);
		for (unsigned int i = 0; i < sockets; i++)
			server->fds[i] =
				lab_server(family, server->side, port_of(server, i), false);
	}
}

/* Everybody is known before it counts, or the table is as full as it gets. */
static void warm_up(enum style style, unsigned int peers)
{
	const char *table = getenv("REPLYFROM_PEERS");

	if (table && peers / 2 > (unsigned int)atoi(table))
		peers = 2 * (unsigned int)atoi(table);
	/* Twice: entries that are old when the last peer comes are written once more. */
	peers *= 2;
	for (unsigned int turn = 0; turn < sides; turn++)
		for (unsigned int i = 0; i < (used[turn] >= PRELOAD ? peers / BATCH + 1 : 4); i++)
			batch(&servers[used[turn]], style);
}

/* trips FAMILY STYLE PEERS ADDRESSES[+] SOCKETS SIDES ROUNDS; +: peers move */
int bench_trips(int count, char *arguments[])
{
	unsigned int peers, addresses, sockets, rounds;
	enum style style;

	if (count < 7)
		return 2;
	style = style_of(arguments[1]);
	peers = (unsigned int)atoi(arguments[2]);
	addresses = (unsigned int)atoi(arguments[3]);
	sockets = (unsigned int)atoi(arguments[4]);
	choose_sides(arguments[5]);
	rounds = (unsigned int)atoi(arguments[6]);
	if (!peers || !addresses || !sockets || sockets > SOCKETS_MAX || !sides)
		return 2;
	open_servers(family_of(arguments[0]), peers, addresses, sockets, strchr(arguments[3], '+'));
	if (strstr(arguments[5], "between"))
		serve_with_stub(lab_server(V4, PRELOAD, PORT - 1, false), peers);
	/* Alone: instructions are counted, in a few batches and in many. */
	if (sides > 1)
		warm_up(style, peers);
	for (unsigned int round = 0; round < rounds; round++) {
		for (unsigned int turn = 0; turn < sides; turn++) {
			/* Forwards and backwards, so that each follows each of its neighbours. */
			unsigned int at = ((round & 1 ? turn : sides - turn) + round / 2) % sides;
			struct server *server = &servers[used[at]];

			print_cost(round, server->side, batch(server, style), BATCH);
		}
	}
	return 0;
}
