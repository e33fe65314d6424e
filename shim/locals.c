// SPDX-License-Identifier: MIT
// The local addresses that peers asked.

#include "locals.h"

/*
 * The place that the address has, or the oldest of those that it can have. *generation is from
 * before its address was read: with that one it can be taken, as long as nobody else took it.
 */
static struct local_place *find(struct local_place *places, uint32_t home, struct local local,
				uint32_t now, uint32_t *generation, bool *found)
{
	struct local_place *best = NULL;
	uint32_t oldest = 0;

	for (uint32_t way = 0; way < LOCALS_WAYS; way++) {
		struct local_place *place = &places[home ^ way];
		uint32_t before = __atomic_load_n(&place->generation, __ATOMIC_ACQUIRE);
		uint32_t age = now - __atomic_load_n(&place->tick, __ATOMIC_RELAXED);

		*found = locals_is_at(place, local);
		if (*found)
			return place;
		if (!best || age > oldest) {
			oldest = age;
			best = place;
			*generation = before;
		}
	}
	return best;
}

/* Two that want the same place at once: the other looks again. */
enum { TRIES = 8 };

struct local_known locals_put(struct local_place *places, const struct hash_key *key,
			      struct local local, uint32_t tick, bool *made)
{
	uint64_t hash = local_hash(key, local);
	struct local_place *place = NULL;
	bool found = false, taken = false;

	for (int tries = 0; tries < TRIES && !found && !taken; tries++) {
		uint32_t generation = 0;

		place = find(places, (uint32_t)hash % LOCALS, local, tick, &generation, &found);
		taken = !found &&
			__atomic_compare_exchange_n(&place->generation, &generation, generation + 1,
						    false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	}
	/* Young at once, so that it is nobody else's choice. */
	if (__atomic_load_n(&place->tick, __ATOMIC_RELAXED) != tick)
		__atomic_store_n(&place->tick, tick, __ATOMIC_RELAXED);
	/* Read in the middle of this, it is an address that fits no entry's check. */
	if (taken) {
		__atomic_store_n(&place->half[0], local.half[0], __ATOMIC_RELAXED);
		__atomic_store_n(&place->half[1], local.half[1], __ATOMIC_RELAXED);
		__atomic_store_n(&place->ifindex, local.ifindex, __ATOMIC_RELAXED);
	}
	*made = taken;
	return (struct local_known){ .check = local_check(place, hash),
				     .index = (uint32_t)(place - places) };
}
