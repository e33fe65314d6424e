/* SPDX-License-Identifier: MIT */
/*
 * The local addresses that peers asked: each once, so that a peer's entry need only hold a number.
 * In memory that forked processes share, written without a lock.
 */
#ifndef LOCALS_H
#define LOCALS_H

#include "hook.h"
#include "names.h"

enum { LOCALS = 65536, LOCALS_WAYS = 8 };

struct local_place {
	uint64_t half[2]; /* of the address, in network byte order */
	uint32_t ifindex;
	uint32_t tick; /* of the table of peers, when it was last heard of */
	uint64_t unused;
};
_Static_assert(sizeof(struct local_place) == 32, "two in a cache line");

/*
 * A local address in the table. `check` is a keyed hash of it: entries of peers contain it, so that
 * they fit no other address that takes the place, nor one that is just being written.
 */
struct local_known {
	uint64_t check;
	uint32_t index;
};

static inline uint64_t local_check(const struct hash_key *key, struct local local)
{
	uint64_t ifindex = local.ifindex * UINT64_C(0x9e3779b97f4a7c15);

	return hash_fold(local.half[0] ^ key->word[3], local.half[1] ^ key->word[0] ^ ifindex);
}

static inline struct local locals_read(const struct local_place *places, uint32_t index)
{
	const struct local_place *place = &places[index % LOCALS];
	struct local local;

	local.half[0] = __atomic_load_n(&place->half[0], __ATOMIC_RELAXED);
	local.half[1] = __atomic_load_n(&place->half[1], __ATOMIC_RELAXED);
	local.ifindex = __atomic_load_n(&place->ifindex, __ATOMIC_RELAXED);
	return local;
}

static inline bool locals_is_at(const struct local_place *places, uint32_t index,
				struct local local)
{
	struct local there = locals_read(places, index);

	return there.half[1] == local.half[1] && there.half[0] == local.half[0] &&
	       there.ifindex == local.ifindex;
}

/*
 * Remembers a local address whose check is `check`; of the LOCALS_WAYS places it can have, the one
 * heard of longest ago is used again. Returns its index; *made: it was not there.
 */
uint32_t locals_put(struct local_place *places, uint64_t check, struct local local, uint32_t tick,
		    bool *made);

#endif
