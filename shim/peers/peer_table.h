/* SPDX-License-Identifier: MIT */
/*
 * The peer table: the local address at which each peer was received. A hash table of fixed size in
 * shared memory, written by any number of processes, threads and signal handlers without a lock.
 */
#ifndef PEER_TABLE_H
#define PEER_TABLE_H

#include "peers/local_table.h"

/*
 * An entry is one word, so it is read and written whole:
 *
 *   63..28  part of the key's hash, mixed with the check of the local address
 *   27..22  part of the key's hash alone: most entries of other keys differ there
 *   21..6   index of the local address
 *    5..0   the tick of its last use
 *
 * With the bucket itself that is more than 50 bits of a hash that nobody knows.
 */
enum { CHECK_SHIFT = 28, FINGERPRINT_SHIFT = 22, INDEX_SHIFT = 6 };
#define CHECK_MASK	 (~UINT64_C(0) << CHECK_SHIFT)
#define FINGERPRINT_MASK (~UINT64_C(0) << FINGERPRINT_SHIFT)
#define TICK_MASK	 UINT64_C(0x3f)

/* A bucket is a cache line of entries; 0: a free slot. */
enum { SLOTS = 8 };
struct peer_bucket {
	_Alignas(64) uint64_t slot[SLOTS];
};

/* The rest of the shared memory; the ticks are read for every datagram. */
struct peers_state {
	_Alignas(64) uint32_t tick;  /* follows the clock */
	uint32_t local_tick;	     /* follows the clock of the local addresses */
	uint32_t options;	     /* PKTINFO options that programs set (source.h) */
	uint32_t own;		     /* 1: a program spoke first to a peer, at some time */
	_Alignas(64) uint32_t clock; /* entries made */
	uint32_t local_clock;	     /* local addresses made */
};

struct peers {
	struct peer_bucket *buckets;
	struct locals locals;
	struct peers_state *state;
	uint32_t count; /* of the buckets */
	uint8_t tick_shift;
	struct hash_secret secret;
};

/* Returns the number of buckets for so many peers, a power of two from 1,024: five slots for four.
 */
static inline size_t peers_bucket_count(size_t peers)
{
	return peers * 5 / 4 / SLOTS;
}

/* Returns the number of bits of the table of local addresses that goes with so many peers. */
static inline uint8_t peers_locals_bits(size_t peers)
{
	return peers <= 65536 ? LOCALS_BITS : LOCALS_BITS_MOST;
}

/* Makes an empty table for so many peers, a power of two, in memory that is all zero. */
void peers_start(struct peers *peers, size_t count, const struct hash_secret *secret,
		 struct peer_bucket *buckets, struct local_slot *locals, struct peers_state *state);

static inline uint32_t peers_tick(const struct peers *peers)
{
	return __atomic_load_n(&peers->state->tick, __ATOMIC_RELAXED);
}

static inline uint32_t peers_local_tick(const struct peers *peers)
{
	return __atomic_load_n(&peers->state->local_tick, __ATOMIC_RELAXED);
}

/* Returns the bucket for a hash. */
static inline struct peer_bucket *peers_bucket(const struct peers *peers, uint64_t hash)
{
	return &peers->buckets[(hash >> 32) * peers->count >> 32];
}

/*
 * Returns the first bucket of a peer's keys, on its way to the cache: memory takes longer than what
 * there is to do until the entries are looked at.
 */
static inline const struct peer_bucket *peers_prefetch(const struct peers *peers,
						       const struct peer_hash *hash)
{
	const struct peer_bucket *bucket = peers_bucket(peers, hash->host);

	__builtin_prefetch(bucket);
	return bucket;
}

/*
 * An entry that is this young need not be written again: half the time in which the table is
 * filled. One of another local address has another check.
 */
enum { TICKS_YOUNG = 16 };

static inline bool peers_slot_knows(const uint64_t *slot, uint64_t word)
{
	return word - __atomic_load_n(slot, __ATOMIC_RELAXED) <= TICKS_YOUNG;
}

/* Returns the slot of a bucket where a search for a free one begins. */
static inline uint32_t peers_first_slot(uint64_t key_hash)
{
	return (uint32_t)key_hash % SLOTS;
}

/* Returns true if a bucket has that young entry, of the key of that hash. */
static inline bool peers_bucket_knows(const struct peer_bucket *bucket, uint64_t key_hash,
				      uint64_t word)
{
	bool knows = false;

	if (likely(peers_slot_knows(&bucket->slot[peers_first_slot(key_hash)], word)))
		return true;
	for (uint32_t i = 1; i < SLOTS && !knows; i++)
		knows = peers_slot_knows(&bucket->slot[peers_first_slot(key_hash + i)], word);
	return knows;
}

/* Returns an entry but for its key's hash. */
static inline uint64_t peers_word(const struct local_known *local, uint32_t tick)
{
	return (local->check & CHECK_MASK) | local->index << INDEX_SHIFT | (tick & TICK_MASK);
}

/* Returns the slot of an entry's local address. */
static inline const struct local_slot *peers_local(const struct peers *peers, uint64_t word)
{
	uint32_t index =
		(uint32_t)(word >> INDEX_SHIFT) & (uint32_t)(~UINT64_C(0) >> peers->locals.shift);

	return &peers->locals.slots[index];
}

/* Returns the hash bits of an entry's key, if that is what its slot of a local address holds. */
static inline uint64_t peers_fingerprint_of(const struct peers *peers, uint64_t word,
					    const struct local_slot *slot, struct local local)
{
	uint64_t check = local_check(slot, local_hash(&peers->secret, local));

	return (word & FINGERPRINT_MASK) ^ (check & CHECK_MASK);
}

/* Returns the hash bits of an entry's key if its local address is still in its slot: *local. */
static inline uint64_t peers_fingerprint(const struct peers *peers, uint64_t word,
					 struct local *local)
{
	const struct local_slot *slot = peers_local(peers, word);

	*local = locals_read(slot);
	return peers_fingerprint_of(peers, word, slot, *local);
}

/*
 * Looks a key up. Returns false when it is not remembered. With port 0 it finds the youngest entry
 * of that hash, whatever the local port, with an address at which the peer asked.
 */
bool peers_find(const struct peers *peers, struct peer_key key, struct local *local);

/*
 * Remembers a local address, whose port is the key's, under a key. If all the slots that the key
 * can have are taken, it evicts one of the least recently used entries. An entry that says so
 * already is not written: processors share the cache lines of entries in use.
 * Returns false when it evicted another key.
 */
bool peers_put(struct peers *peers, struct peer_key key, struct local local);

/* peers_put() by pointers, which takes less stack. */
bool peers_put_at(struct peers *peers, const struct peer_key *key, const struct local *local);

void peers_forget(struct peers *peers, struct peer_key key);

/* Returns true if the table has never had an entry. */
static inline bool peers_is_empty(const struct peers *peers)
{
	return __atomic_load_n(&peers->state->clock, __ATOMIC_RELAXED) ==
	       UINT32_C(1) << peers->tick_shift;
}

/*
 * Returns true if a local address is in the first of its slots, and was used in this tick. *word is
 * then a new entry of it but for its key's hash. The fast path: false means only "look closer".
 */
static inline __attribute__((always_inline)) bool
peers_know_local(const struct peers *peers, struct local local, uint64_t *word)
{
	uint64_t hash = local_hash(&peers->secret, local);
	struct local_known known = { .index = local_first_slot(&peers->locals, &peers->secret,
							       hash) };
	const struct local_slot *slot = &peers->locals.slots[known.index];

	if (unlikely(!locals_is_at(slot, local) || !locals_is_fresh(slot, peers_local_tick(peers))))
		return false;
	known.check = local_check(slot, hash);
	*word = peers_word(&known, peers_tick(peers));
	return true;
}

/*
 * Returns true if exactly that is remembered in the key's first bucket and young, with a local
 * address that peers_know_local() finds. The fast path: false means only "look closer".
 */
static inline __attribute__((always_inline)) bool peers_know_at(const struct peers *peers,
								const struct peer_bucket *bucket,
								uint64_t key_hash,
								struct local local)
{
	uint64_t word;

	return likely(peers_know_local(peers, local, &word)) &&
	       peers_bucket_knows(bucket, key_hash, word ^ (key_hash & FINGERPRINT_MASK));
}

static inline __attribute__((always_inline)) bool
peers_knows(const struct peers *peers, struct peer_key key, struct local local)
{
	return peers_know_at(peers, peers_bucket(peers, key.bucket_hash), key.hash, local);
}

/*
 * Returns what peers_knows() does, of a peer in the space of that salt. What is known of the local
 * address is found out first: so few values are needed at a time that registers hold them.
 */
static inline __attribute__((always_inline)) bool peers_know_peer(const struct peers *peers,
								  const struct peer *peer,
								  uint64_t salt, struct local local)
{
	struct peer_hash hash;
	uint64_t word;

	if (unlikely(!peers_know_local(peers, local, &word)))
		return false;
	hash = peer_hash_of(&peers->secret, *peer, salt);
	return peers_bucket_knows(peers_bucket(peers, hash.host), hash.peer,
				  word ^ (hash.peer & FINGERPRINT_MASK));
}

#endif
