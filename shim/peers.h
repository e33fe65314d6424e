/* SPDX-License-Identifier: MIT */
/*
 * The memory of peers: which local address each was received at. A hash table of fixed size in
 * shared memory, written by any number of processes, threads and signal handlers without a lock.
 */
#ifndef PEERS_H
#define PEERS_H

#include "address.h"

/*
 * One thing remembered, 32 bytes. `check` is the key mixed with the value: an entry read while it
 * was written, or left half-written by a process that was killed, fits no key and is not found.
 */
struct entry {
	uint64_t check;
	struct in6_addr address;
	uint32_t ifindex;
	uint32_t stamp; /* reading of the table's clock when last heard */
};

struct peers {
	struct entry *entries;
	uint32_t mask;	 /* number of entries - 1, a power of two - 1 */
	uint32_t *clock; /* counts what was remembered: the age of an entry, in entries */
};

/* Two entries for each peer: its own, and one for its host at any port. */
static inline size_t peers_entries(size_t peers)
{
	return 2 * peers;
}

/* The secret of the hash: without it nobody can aim at a place in the table. */
struct hash_key {
	uint64_t word[4];
};

/*
 * Names under which a datagram's local address is remembered: 64-bit keyed hashes, so that a wrong
 * hit takes a collision that nobody can look for.
 */
struct names {
	uint64_t anywhere; /* this peer, on whatever socket */
	uint64_t peer;	   /* this peer, on this socket */
	uint64_t host;	   /* this peer's host at any port, on this socket */
};

void names_of_peer(struct names *names, const struct hash_key *key, const struct peer *peer,
		   uint64_t socket);

/* The name `peer` alone, for another socket; `anywhere` from names_of_peer(). */
uint64_t name_on_socket(const struct hash_key *key, uint64_t anywhere, uint64_t socket);

/* Is the entry valid and called `name`? Copies the value. Torn entries match nothing. */
bool entry_read(const struct entry *entry, uint64_t name, struct local *local);
void entry_write(struct entry *entry, uint64_t name, const struct local *local, uint32_t stamp);

/* Looks a name up. Returns false when it is not remembered. */
bool peers_find(const struct peers *peers, uint64_t name, struct local *local);

/* Age of a remembered name, in entries written since; UINT32_MAX when it is not remembered. */
uint32_t peers_age(const struct peers *peers, uint64_t name);

/*
 * Remembers `local` under a name. Where all the places a name can have are taken, the one heard
 * from longest ago is forgotten. An entry that says so already is not written again, unless it
 * would look old: entries in use share their cache line among all processors.
 * Returns false when another name was forgotten for it.
 */
bool peers_put(struct peers *peers, uint64_t name, const struct local *local);

void peers_forget(struct peers *peers, uint64_t name);

#endif
