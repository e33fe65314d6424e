// SPDX-License-Identifier: MIT
// The local addresses that peers asked.

#include "peers/local_table.h"

/* Two that want the same slot at once: the other looks again. */
enum { TRIES = 8 };

/* A slot as it was found, with the generation from before it was looked at. */
struct found {
	struct local_slot *slot;
	uint32_t generation;
	bool there; /* with the address that was looked for */
};

/* Returns true if the slot had that generation before and after the address was read. */
static bool local_slot_is_settled(const struct found *found)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return !local_is_changing(found->generation) &&
	       __atomic_load_n(&found->slot->generation, __ATOMIC_RELAXED) == found->generation;
}

/*
 * How long ago the slot was used. Others can have put it at a later tick than ours; slots
 * that never were in use are as old as ticks are.
 */
static uint32_t age_of_local_slot(const struct local_slot *slot, uint32_t now)
{
	uint32_t age = now - __atomic_load_n(&slot->tick, __ATOMIC_RELAXED);

	return (int32_t)age < 0 ? 0 : age;
}

/*
 * Finds the slot that the address has, or the least recently used of those that it can have. A slot
 * with this very address by a writer that was stopped counts as free.
 */
static struct found find_local_slot(struct local_slot *slots, uint64_t first,
				    const struct local *local, uint32_t now)
{
	struct found best = { .slot = NULL };
	uint32_t oldest = 0;

	for (uint32_t i = 0; i < LOCALS_SLOTS; i++) {
		struct found found = { .slot = &slots[first ^ i] };
		uint32_t age;

		found.generation = __atomic_load_n(&found.slot->generation, __ATOMIC_ACQUIRE);
		if (locals_is_at(found.slot, *local)) {
			found.there = local_slot_is_settled(&found);
			return found;
		}
		age = age_of_local_slot(found.slot, now);
		if (!best.slot || age > oldest) {
			oldest = age;
			best = found;
		}
	}
	return best;
}

/*
 * Writes the address in the slot if that is still as it was found. A writer that is stopped in the
 * middle leaves a slot that no entry fits, until it is used again.
 */
static bool claim_local_slot(struct found *found, const struct local *local)
{
	uint32_t mine = found->generation + 1 + local_is_changing(found->generation);

	if (!__atomic_compare_exchange_n(&found->slot->generation, &found->generation, mine, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&found->slot->half[0], local->half[0], __ATOMIC_RELAXED);
	__atomic_store_n(&found->slot->half[1], local->half[1], __ATOMIC_RELAXED);
	__atomic_store_n(&found->slot->packed, local->packed, __ATOMIC_RELAXED);
	found->generation = mine + 1;
	return __atomic_compare_exchange_n(&found->slot->generation, &mine, mine + 1, false,
					   __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

struct local_known locals_put(const struct locals *locals, const struct hash_secret *secret,
			      const struct local *local, uint32_t tick, bool *made)
{
	uint64_t hash = local_hash(secret, *local);
	struct found found = { .there = false };

	*made = false;
	for (int tries = 0; tries < TRIES && !found.there && !*made; tries++) {
		found = find_local_slot(locals->slots, local_first_slot(locals, secret, hash),
					local, tick);
		/* The tick first, so that no other writer evicts the slot. */
		if (__atomic_load_n(&found.slot->tick, __ATOMIC_RELAXED) != tick)
			__atomic_store_n(&found.slot->tick, tick, __ATOMIC_RELAXED);
		*made = !found.there && claim_local_slot(&found, local);
	}
	return (struct local_known){ .check = local_check_of(hash, found.generation),
				     .index = (uint64_t)(found.slot - locals->slots) };
}
