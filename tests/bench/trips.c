// SPDX-License-Identifier: MIT
// Round trips: plain, native and shimmed servers take turns on the same peers.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "serve.h"

enum { BATCH = 64, PORT = 5300 };

/* One batch of one side; only the server's work is timed. Returns its nanoseconds. */
static uint64_t batch(struct clients *clients, enum side side, enum style style, int fd)
{
	const struct calls *calls = side == SHIM ? &hooked : &raw;
	uint16_t port = (uint16_t)(PORT + side);
	uint64_t start, end;
	unsigned int wrong;

	lab_ask(clients, port, BATCH);
	start = now();
	serve(calls, side, style, fd, BATCH, 0);
	end = now();
	wrong = lab_collect(clients, port, BATCH);
	if (wrong && side != PLAIN) {
		fprintf(stderr, "bench: %u replies of %u from a wrong address (%s)\n", wrong, BATCH,
			side_names[side]);
		exit(1);
	}
	/* The plain server has to be wrong, or nothing was asked of the others. */
	if (!wrong && side == PLAIN) {
		fprintf(stderr, "bench: the plain server answers right: no lab\n");
		exit(2);
	}
	return end - start;
}

/* trips FAMILY STYLE PEERS ROUNDS [SIDE]: one side alone for counts of instructions */
int bench_trips(int count, char *arguments[])
{
	int servers[SIDES], only = -1;
	struct clients clients[SIDES];
	enum family family;
	enum style style;
	unsigned int peers, rounds;

	if (count < 4)
		return 2;
	family = family_of(arguments[0]);
	style = style_of(arguments[1]);
	peers = (unsigned int)atoi(arguments[2]);
	rounds = (unsigned int)atoi(arguments[3]);
	for (int side = 0; side < SIDES; side++) {
		servers[side] = lab_server(side == SHIM ? &hooked : &raw, family, (enum side)side,
					   (uint16_t)(PORT + side), false);
		if (count > 4 && !strcmp(arguments[4], side_names[side]))
			only = side;
	}
	lab_clients(&clients[0], family, peers);
	/* Each side meets peers that no other met lately: they are equally cold to all of them. */
	for (int side = 1; side < SIDES; side++) {
		clients[side] = clients[0];
		clients[side].next = (unsigned int)side * (peers / SIDES);
	}
	if (count <= 4) {
		/* Everybody is known before it counts. */
		for (int side = 0; side < SIDES; side++)
			for (unsigned int i = 0; i < (side == SHIM ? peers / BATCH + 1 : 4); i++)
				batch(&clients[side], (enum side)side, style, servers[side]);
	}
	for (unsigned int round = 0; round < rounds; round++) {
		for (int turn = 0; turn < SIDES; turn++) {
			/* Forwards and backwards, so that each follows each of its neighbours. */
			int side = ((round & 1 ? turn : SIDES - turn) + (int)round / 2) % SIDES;

			if (only >= 0 && side != only)
				continue;
			print_batch(round, side_names[side],
				    batch(&clients[side], (enum side)side, style, servers[side]),
				    BATCH);
		}
	}
	return 0;
}
