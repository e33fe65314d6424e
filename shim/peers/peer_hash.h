/* SPDX-License-Identifier: MIT */
/*
 * Keyed hashes of peers: an attacker without the secret cannot aim at a bucket of the peer table.
 */
#ifndef PEER_HASH_H
#define PEER_HASH_H

#include "wire/peer.h"

/* The secret of the hash. */
struct hash_secret {
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

/* The hashes of a peer in one space. */
struct peer_hash {
	uint64_t host; /* of its host, whatever the port */
	uint64_t peer; /* of the host and the port */
};

/*
 * The salt of a space: the sockets of one network namespace that are bound to one device (0: to
 * none). The same peer has different hashes in two spaces, so nothing learned in one is used in
 * another. `cookie` is SO_NETNS_COOKIE, 0 where the kernel has none (before Linux 5.14).
 */
static inline uint64_t peer_salt(const struct hash_secret *secret, uint64_t cookie, uint32_t device)
{
	return hash_fold(cookie ^ secret->word[2], secret->word[3]) +
	       device * UINT64_C(0x9e3779b97f4a7c15);
}

/* Returns the hashes of a peer in the space of that salt. */
static inline struct peer_hash peer_hash_of(const struct hash_secret *secret, struct peer peer,
					    uint64_t salt)
{
	struct peer_hash hash;

	if (__builtin_expect(peer.scope != 0, 0))
		salt = hash_fold(salt ^ peer.scope, secret->word[0]);
	/* Once is not enough for neighbours: the product is linear in the host's number. */
	hash.host = hash_fold(hash_fold(peer.half[0] ^ salt, peer.half[1] ^ secret->word[1]),
			      secret->word[0]);
	hash.peer = hash_fold(hash.host ^ secret->word[3], peer.port ^ secret->word[2]);
	return hash;
}

/*
 * A key of the peer table: a hash, the hash that chooses the first bucket, and the local port of
 * the socket (network byte order; 0: any). All keys of one host have the same first bucket, one
 * cache line.
 */
struct peer_key {
	uint64_t hash, bucket_hash;
	in_port_t port;
};

/* The buckets in which a key can be: its first, and two others if that is full. Two can be one. */
enum { KEY_BUCKETS = 3 };

/* Returns the hash that leads to the n-th of the key's buckets, from 0 on. */
static inline uint64_t key_bucket_hash(const struct peer_key *key, int n)
{
	static const uint64_t other[KEY_BUCKETS] = { 0, UINT64_C(0x9e3779b97f4a7c15),
						     UINT64_C(0xc2b2ae3d27d4eb4f) };

	return n ? key->hash * other[n] : key->bucket_hash;
}

/* The peer, on sockets of that local port. */
static inline struct peer_key key_of_peer(const struct peer_hash *hash, in_port_t port)
{
	return (struct peer_key){ .hash = hash->peer, .bucket_hash = hash->host, .port = port };
}

/* The peer's host: where it asked and got no reply at the port it asked from. */
static inline struct peer_key key_of_host(const struct peer_hash *hash, in_port_t port)
{
	return (struct peer_key){ .hash = hash->host, .bucket_hash = hash->host, .port = port };
}

/* The local address of the program's own conversation with a peer before the present one. */
static inline struct peer_key key_of_past(const struct peer_hash *hash, in_port_t port)
{
	return (struct peer_key){ .hash = ~hash->peer, .bucket_hash = hash->host, .port = port };
}

/* The peer's host, as the other end of a TCP connection that was accepted. */
static inline struct peer_key key_of_tcp(const struct peer_hash *hash)
{
	return (struct peer_key){ .hash = ~hash->host, .bucket_hash = hash->host };
}

#endif
