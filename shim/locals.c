// SPDX-License-Identifier: MIT
// The local addresses that peers asked.

#include "locals.h"

/* The place that the address has, or the oldest of those that it can have. */
static uint32_t find(const struct local_place *places, uint32_t home, struct local local,
		     uint32_t now, bool *found)
{
	uint32_t oldest = 0, best = home;

	for (uint32_t way = 0; way < LOCALS_WAYS; way++) {
		uint32_t index = home ^ way;
		uint32_t age = now - __atomic_load_n(&places[index].tick, __ATOMIC_RELAXED);

		*found = locals_is_at(places, index, local);
		if (*found)
			return index;
		if (age > oldest) {
			oldest = age;
			best = index;
		}
	}
	return best;
}

uint32_t locals_put(struct local_place *places, uint64_t check, struct local local, uint32_t tick,
		    bool *made)
{
	bool found;
	uint32_t index = find(places, (uint32_t)check % LOCALS, local, tick, &found);
	struct local_place *place = &places[index];

	/* Read in the middle of this, it is an address that fits no entry's check. */
	if (!found) {
		__atomic_store_n(&place->half[0], local.half[0], __ATOMIC_RELAXED);
		__atomic_store_n(&place->half[1], local.half[1], __ATOMIC_RELAXED);
		__atomic_store_n(&place->ifindex, local.ifindex, __ATOMIC_RELAXED);
	}
	if (__atomic_load_n(&place->tick, __ATOMIC_RELAXED) != tick)
		__atomic_store_n(&place->tick, tick, __ATOMIC_RELAXED);
	*made = !found;
	return index;
}
