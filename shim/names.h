/* SPDX-License-Identifier: MIT */
/* Names of peers: keyed hashes, so that nobody can aim at a place in the table of peers. */
#ifndef NAMES_H
#define NAMES_H

#include "address.h"

/* The secret of the hash. */
struct hash_key {
	uint64_t word[4];
};

/* Folded 64 x 64 -> 128 bit multiplication: every bit of either side reaches every bit. */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	uint64_t ah = a >> 32, al = (uint32_t)a, bh = b >> 32, bl = (uint32_t)b;
	uint64_t low = al * bl, middle = ah * bl + (low >> 32);
	uint64_t other = al * bh + (uint32_t)middle;

	return ((other << 32) | (uint32_t)low) ^ (ah * bh + (middle >> 32) + (other >> 32));
#endif
}

/* Under these a datagram's local address is remembered. */
struct names {
	uint64_t host; /* this peer's host at any port, on this socket */
	uint64_t peer; /* this peer, on this socket */
};

/* What stands for a socket in names: a secret made of its cookie, so that none is another's. */
static inline uint64_t names_salt(const struct hash_key *key, uint64_t cookie)
{
	return hash_fold(cookie ^ key->word[2], key->word[3]);
}

/* The same for all the sockets on a port. No cookie has such a number. */
static inline uint64_t names_salt_of_port(const struct hash_key *key, in_port_t port)
{
	return names_salt(key, UINT64_C(1) << 62 | port);
}

static inline struct names names_of_peer(const struct hash_key *key, struct peer peer,
					 uint64_t salt)
{
	struct names names;

	if (__builtin_expect(peer.scope != 0, 0))
		salt = hash_fold(salt ^ peer.scope, key->word[0]);
	/* Once is not enough for neighbours: the product is linear in the host's number. */
	names.host = hash_fold(hash_fold(peer.half[0] ^ salt, peer.half[1] ^ key->word[1]),
			       key->word[0]);
	names.peer = hash_fold(names.host ^ key->word[3], peer.port ^ key->word[2]);
	return names;
}

/*
 * What the table works with: the name itself, and where it is at home. A peer and its host are at
 * home in the same place, one cache line.
 */
struct name {
	uint64_t hash, home;
};

static inline struct name name_of_peer(const struct names *names)
{
	return (struct name){ .hash = names->peer, .home = names->host };
}

static inline struct name name_of_host(const struct names *names)
{
	return (struct name){ .hash = names->host, .home = names->host };
}

#endif
