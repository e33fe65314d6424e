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
	uint64_t high, low; /* halves of the local address, in network byte order */
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

/* The name `peer` alone, for another socket; `anywhere` from names_of_peer(). Never 0 or 1. */
static inline uint64_t name_on_socket(const struct hash_key *key, uint64_t anywhere,
				      uint64_t socket)
{
	return hash_fold(anywhere ^ key->word[2], socket ^ key->word[3]) | 2;
}

static inline void names_of_peer(struct names *names, const struct hash_key *key,
				 const struct peer *peer, uint64_t socket)
{
	uint64_t host =
		hash_fold(peer->half[0] ^ key->word[0], peer->half[1] ^ key->word[1]) ^ peer->scope;

	names->host = name_on_socket(key, host, socket);
	names->anywhere = hash_fold(host ^ key->word[3], peer->port ^ key->word[2]) | 2;
	names->peer = name_on_socket(key, names->anywhere, socket);
}

/* Shared memory is read and written in words that no compiler tears or invents. */
static inline uint64_t shared_load(const uint64_t *from)
{
#if __SIZEOF_POINTER__ == 8
	return __atomic_load_n(from, __ATOMIC_RELAXED);
#else
	const uint32_t *half = (const uint32_t *)(const void *)from;
	uint32_t copy[2] = { __atomic_load_n(half, __ATOMIC_RELAXED),
			     __atomic_load_n(half + 1, __ATOMIC_RELAXED) };
	uint64_t whole;

	memcpy(&whole, copy, sizeof(whole));
	return whole;
#endif
}

static inline void shared_store(uint64_t *to, uint64_t value)
{
#if __SIZEOF_POINTER__ == 8
	__atomic_store_n(to, value, __ATOMIC_RELAXED);
#else
	uint32_t copy[2];

	memcpy(copy, &value, sizeof(copy));
	__atomic_store_n((uint32_t *)(void *)to, copy[0], __ATOMIC_RELAXED);
	__atomic_store_n((uint32_t *)(void *)to + 1, copy[1], __ATOMIC_RELAXED);
#endif
}

/* The value's share of the check; it leaves the bit alone that keeps a check from being 0 or 1. */
static inline uint64_t value_check(uint64_t high, uint64_t low, uint32_t ifindex)
{
	return ((high + ifindex) * UINT64_C(0x9e3779b97f4a7c15) ^
		low * UINT64_C(0xc2b2ae3d27d4eb4f)) &
	       ~UINT64_C(2);
}

/* A value ready to be compared and stored. */
struct value {
	uint64_t high, low, check;
	uint32_t ifindex;
};

static inline struct value value_of_local(const struct local *local)
{
	return (struct value){ .high = local->half[0],
			       .low = local->half[1],
			       .check = value_check(local->half[0], local->half[1], local->ifindex),
			       .ifindex = local->ifindex };
}

/* Is the entry valid and called `name`? Copies the value. Torn entries match nothing. */
static inline bool entry_read(const struct entry *entry, uint64_t name, struct local *local)
{
	uint64_t check = shared_load(&entry->check);
	uint64_t high = shared_load(&entry->high), low = shared_load(&entry->low);
	uint32_t ifindex = __atomic_load_n(&entry->ifindex, __ATOMIC_RELAXED);

	if ((check ^ name) != value_check(high, low, ifindex))
		return false;
	local->half[0] = high;
	local->half[1] = low;
	local->ifindex = ifindex;
	return true;
}

static inline void entry_put(struct entry *entry, uint64_t name, const struct value *value,
			     uint32_t stamp)
{
	shared_store(&entry->check, name ^ value->check);
	shared_store(&entry->high, value->high);
	shared_store(&entry->low, value->low);
	__atomic_store_n(&entry->ifindex, value->ifindex, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->stamp, stamp, __ATOMIC_RELAXED);
}

void entry_write(struct entry *entry, uint64_t name, const struct local *local, uint32_t stamp);

/* Does the entry have just this name and value? */
static inline bool entry_is(const struct entry *entry, uint64_t name, const struct value *value)
{
	return shared_load(&entry->check) == (name ^ value->check) &&
	       shared_load(&entry->high) == value->high && shared_load(&entry->low) == value->low &&
	       __atomic_load_n(&entry->ifindex, __ATOMIC_RELAXED) == value->ifindex;
}

/* Where a name is when nothing else was in its way. */
static inline struct entry *peers_home(const struct peers *peers, uint64_t name)
{
	return &peers->entries[(uint32_t)(name >> 8) & peers->mask];
}

/* An entry that is older than this could be chosen before others that were heard less lately. */
static inline bool peers_is_young(const struct peers *peers, const struct entry *entry)
{
	return __atomic_load_n(peers->clock, __ATOMIC_RELAXED) -
		       __atomic_load_n(&entry->stamp, __ATOMIC_RELAXED) <=
	       peers->mask / 16;
}

/* Looks a name up. Returns false when it is not remembered. */
bool peers_find(const struct peers *peers, uint64_t name, struct local *local);

/* Age of a remembered name, in entries written since; UINT32_MAX when it is not remembered. */
uint32_t peers_age(const struct peers *peers, uint64_t name);

/*
 * Remembers a value under a name. Where all the places a name can have are taken, the one heard
 * from longest ago is forgotten. An entry that says so already is not written again, unless it
 * would look old: entries in use share their cache line among all processors.
 * Returns false when another name was forgotten for it.
 */
bool peers_put_value(struct peers *peers, uint64_t name, const struct value *value);
bool peers_put(struct peers *peers, uint64_t name, const struct local *local);

/* The same, quickest where nothing is new. */
static inline void peers_confirm(struct peers *peers, uint64_t name, const struct value *value)
{
	const struct entry *home = peers_home(peers, name);

	if (!entry_is(home, name, value) || !peers_is_young(peers, home))
		peers_put_value(peers, name, value);
}

void peers_forget(struct peers *peers, uint64_t name);

#endif
