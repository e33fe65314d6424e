/* SPDX-License-Identifier: MIT */
/*
 * The memory of peers: which local address each was received at. A hash table in shared memory,
 * written by any number of processes, threads and signal handlers without a lock.
 */
#ifndef PEERS_H
#define PEERS_H

#include "locals.h"

/*
 * An entry is one word, read and written at once:
 *
 *   63..39  part of the name's hash, mixed with the local address's check
 *   38..22  part of the hash that chose the set: more sets are in use later on
 *   21..6   index of the local address
 *   5..0    the tick when it was last heard
 *
 * With the set itself that is 48 bits of a hash that nobody knows.
 */
enum { TAG_SHIFT = 39, GROWTH_SHIFT = 22, INDEX_SHIFT = 6 };
#define TAG_MASK    (~UINT64_C(0) << TAG_SHIFT)
#define GROWTH_MASK ((UINT64_C(1) << TAG_SHIFT) - (UINT64_C(1) << GROWTH_SHIFT))
#define TICK_MASK   UINT64_C(0x3f)

/* The hash bits that choose the set: those of the least number of sets, and behind them growth. */
enum { SETS_SHIFT = 16, SETS_LEAST = 1 << (GROWTH_SHIFT - SETS_SHIFT) };

/* A cache line of entries, 0: free. */
enum { SLOTS = 8 };
struct peer_set {
	_Alignas(64) uint64_t slot[SLOTS];
};

/* What is in the shared memory besides: read for every datagram, but for the clock. */
struct peers_state {
	uint64_t extent; /* how many sets are in use, and above that the mask for so many */
	uint32_t tick;	 /* goes on with the clock */
	_Alignas(64) uint32_t clock; /* entries made */
};

struct peers {
	struct peer_set *sets;
	struct local_place *locals;
	struct peers_state *state;
	uint32_t last; /* index of the last set there can be: a power of two - 1 */
	uint8_t tick_shift;
	struct hash_key key;
};

/* Room for each peer twice, for its own name and its host's, in a table half full. */
static inline size_t peers_sets(size_t peers)
{
	return 4 * peers / SLOTS;
}

/* Makes an empty table for so many peers, a power of two, in memory that is all zero. */
void peers_start(struct peers *peers, size_t count, const struct hash_key *key,
		 struct peer_set *sets, struct local_place *locals, struct peers_state *state);

static inline uint32_t peers_tick(const struct peers *peers)
{
	return __atomic_load_n(&peers->state->tick, __ATOMIC_RELAXED);
}

static inline uint64_t peers_extent(const struct peers *peers)
{
	return __atomic_load_n(&peers->state->extent, __ATOMIC_ACQUIRE);
}

/* The extent of a table of so many sets. */
static inline uint64_t peers_extent_of(uint32_t count)
{
	uint64_t mask = UINT32_MAX >> __builtin_clz(count - 1);

	return mask << 32 | count;
}

/*
 * The set for a hash: linear hashing (Litwin 1980), so that the table grows set by set. Whatever
 * the extent, it is a set that there is.
 */
static inline struct peer_set *peers_set(const struct peers *peers, uint64_t extent, uint64_t hash)
{
	uint32_t mask = (uint32_t)(extent >> 32), index = (uint32_t)(hash >> SETS_SHIFT) & mask;

	if (index >= (uint32_t)extent)
		index &= mask >> 1;
	return &peers->sets[index & peers->last];
}

/* Memory takes longer than what there is to do until the entries are looked at. */
static inline void peers_prefetch(const struct peers *peers, const struct names *names)
{
	__builtin_prefetch(peers_set(peers, peers_extent(peers), names->host));
}

/* Is that very entry in the set? */
static inline bool peers_set_has(const struct peer_set *set, uint64_t word)
{
	bool has = false;

#pragma GCC unroll 8
	for (int i = 0; i < SLOTS && !has; i++)
		has = __atomic_load_n(&set->slot[i], __ATOMIC_RELAXED) == word;
	return has;
}

/*
 * The same, or an entry that says so for no longer than half the time in which the table is filled:
 * such a one need not be written again. One of another local address has another check.
 */
enum { TICKS_YOUNG = 16 };

static inline bool peers_set_knows(const struct peer_set *set, uint64_t word)
{
	bool knows = false;

#pragma GCC unroll 8
	for (int i = 0; i < SLOTS && !knows; i++)
		knows = word - __atomic_load_n(&set->slot[i], __ATOMIC_RELAXED) <= TICKS_YOUNG;
	return knows;
}

/* An entry but for its name's hash. */
static inline uint64_t peers_word(uint64_t home, const struct local_known *local, uint32_t tick)
{
	return (local->check & TAG_MASK) | (home & GROWTH_MASK) |
	       (uint64_t)local->index << INDEX_SHIFT | (tick & TICK_MASK);
}

/* The place of an entry's local address. */
static inline const struct local_place *peers_local(const struct peers *peers, uint64_t word)
{
	return &peers->locals[word >> INDEX_SHIFT & (LOCALS - 1)];
}

/* The tag bits of an entry's name, if its local address is still the one that is there: *local. */
static inline uint64_t peers_tag(const struct peers *peers, uint64_t word, struct local *local)
{
	const struct local_place *place = peers_local(peers, word);

	*local = locals_read(place);
	return (word ^ local_check(place, local_hash(&peers->key, *local))) & TAG_MASK;
}

/* Looks a name up. Returns false when it is not remembered. */
bool peers_find(const struct peers *peers, struct name name, struct local *local);

/* Age of a remembered name, in ticks; UINT32_MAX when it is not remembered. */
uint32_t peers_age(const struct peers *peers, struct name name);

/*
 * Remembers a local address under a name. Where all the places that the name can have are taken,
 * one of those heard from longest ago is forgotten. What is said already is not written again:
 * entries in use share their cache line among all processors.
 * Returns false when another name was forgotten for it.
 */
bool peers_put(struct peers *peers, struct name name, struct local local);

void peers_forget(struct peers *peers, struct name name);

/* What happens to a table of that extent when it grows. */
struct growth {
	struct peer_set *from, *to;
	uint64_t moves; /* the bit of those entries in `from` that go to `to` */
};

/* Returns false when it can grow no more. */
static inline bool peers_growth(const struct peers *peers, uint64_t extent, struct growth *growth)
{
	uint32_t count = (uint32_t)extent, half;

	if (count < SETS_LEAST || count > peers->last || extent != peers_extent_of(count))
		return false;
	half = UINT32_C(1) << (31 - __builtin_clz(count));
	growth->from = &peers->sets[count - half];
	growth->to = &peers->sets[count];
	growth->moves = (uint64_t)half << SETS_SHIFT;
	return true;
}

/*
 * One more set, if there can be, for the half of another set's entries whose hashes say so. They
 * are copied before the new set is in use. Meanwhile nobody writes one of them and leaves it at
 * that: peers_put() makes the table grow first, or sees that it grew and writes once more.
 */
void peers_grow(struct peers *peers);

/*
 * Remembers it for a peer and its host, quickest where nothing is new: the entries are just what
 * would be written, with a local address that is at the first of its places.
 */
static inline __attribute__((always_inline)) void
peers_confirm(struct peers *peers, const struct names *names, struct local local)
{
	uint32_t tick = peers_tick(peers);
	uint64_t hash = local_hash(&peers->key, local);
	struct local_known known = { .index = local_home(&peers->key, hash) };
	const struct local_place *place = &peers->locals[known.index];
	const struct peer_set *set = peers_set(peers, peers_extent(peers), names->host);
	uint64_t word, host, peer;
	bool there;

	known.check = local_check(place, hash);
	there = locals_is_fresh(place, local, tick);
	word = peers_word(names->host, &known, tick);
	host = word ^ (names->host & TAG_MASK);
	peer = word ^ (names->peer & TAG_MASK);
	/* The peer first: it is looked for more often, so it had better be found first. */
	if (unlikely(!there || !peers_set_knows(set, peer)))
		peers_put(peers, name_of_peer(names), local);
	if (unlikely(!there || !peers_set_knows(set, host)))
		peers_put(peers, name_of_host(names), local);
}

#endif
