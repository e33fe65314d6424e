/* SPDX-License-Identifier: MIT */
/*
 * The local addresses that peers asked: each once, so that a peer's entry need only hold a number.
 * In memory that forked processes share, written without a lock.
 */
#ifndef LOCAL_TABLE_H
#define LOCAL_TABLE_H

#include "base/compiler.h"
#include "peers/peer_hash.h"

/* A table of 2^bits slots: for the default number of peers, and for more. */
enum { LOCALS_BITS = 12, LOCALS_BITS_MOST = 16, LOCALS_SLOTS = 8 };

struct local_slot {
	uint64_t half[2];    /* of the address, in network byte order */
	uint64_t packed;     /* struct local */
	uint32_t tick;	     /* of the local addresses, when it was last used */
	uint32_t generation; /* grows by 2 for each address; odd while one is being written */
};
_Static_assert(sizeof(struct local_slot) == 32, "two in a cache line");

struct locals {
	struct local_slot *slots;
	uint8_t shift; /* 64 - bits: the highest bits of a hash are a slot */
};

/*
 * A local address in the table. `check` is a keyed hash of it and of the slot's generation:
 * entries of peers contain it, so that they fit no other address that takes the slot, nor one that
 * is just being written, nor the same address when it comes back.
 */
struct local_known {
	uint64_t check;
	uint64_t index;
};

/* Returns the keyed hash of a local address. */
static inline uint64_t local_hash(const struct hash_secret *secret, struct local local)
{
	uint64_t packed = local.packed * UINT64_C(0x9e3779b97f4a7c15);

	return hash_fold(local.half[0] ^ secret->word[3], local.half[1] ^ secret->word[0] ^ packed);
}

/*
 * The slot where it is if it can. Not just some bits of the hash: with one secret in some 20,000
 * these are the same for all neighbours, and then they would drive each other out.
 */
static inline uint64_t local_first_slot(const struct locals *locals,
					const struct hash_secret *secret, uint64_t hash)
{
	return hash * (secret->word[1] | 1) >> locals->shift;
}

static inline bool local_is_changing(uint32_t generation)
{
	return generation & 1;
}

static inline uint64_t local_check_of(uint64_t hash, uint32_t generation)
{
	return hash ^ generation * UINT64_C(0xc2b2ae3d27d4eb4f);
}

static inline uint64_t local_check(const struct local_slot *slot, uint64_t hash)
{
	return local_check_of(hash, __atomic_load_n(&slot->generation, __ATOMIC_RELAXED));
}

static inline struct local locals_read(const struct local_slot *slot)
{
	struct local local;

	local.half[0] = __atomic_load_n(&slot->half[0], __ATOMIC_RELAXED);
	local.half[1] = __atomic_load_n(&slot->half[1], __ATOMIC_RELAXED);
	local.packed = __atomic_load_n(&slot->packed, __ATOMIC_RELAXED);
	return local;
}

static inline bool locals_is_at(const struct local_slot *slot, struct local local)
{
	struct local there = locals_read(slot);

	return !((there.half[1] ^ local.half[1]) | (there.half[0] ^ local.half[0]) |
		 (there.packed ^ local.packed));
}

/*
 * Returns true if the slot was used in this tick. If not, its address is to be put again, or it
 * would lose its slot where a peer asks all addresses of a prefix.
 */
static inline bool locals_is_fresh(const struct local_slot *slot, uint32_t tick)
{
	return __atomic_load_n(&slot->tick, __ATOMIC_RELAXED) == tick;
}

/*
 * Remembers a local address; of the LOCALS_SLOTS slots it can have, the least recently used one is
 * used again. *made: it was not there.
 */
struct local_known locals_put(const struct locals *locals, const struct hash_secret *secret,
			      const struct local *local, uint32_t tick, bool *made);

#endif
