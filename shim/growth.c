// SPDX-License-Identifier: MIT
// How the table of peers grows by a set, while others use it.

#include "peers.h"

/*
 * Copies the entry that moves from a slot to the same one of the new set, and takes out of there
 * what somebody left who was killed in the middle. Returns what was copied; 0: nothing.
 */
static uint64_t copy_entry(const struct peers *peers, uint64_t extent, const struct growth *growth,
			   uint32_t i)
{
	uint64_t there = __atomic_load_n(&growth->to->slot[i], __ATOMIC_ACQUIRE);
	uint64_t word = __atomic_load_n(&growth->from->slot[i], __ATOMIC_ACQUIRE);

	if (!(word & growth->moves))
		word = 0;
	if (there == word)
		return 0;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (peers_extent(peers) != extent ||
	    !__atomic_compare_exchange_n(&growth->to->slot[i], &there, word, false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return 0;
	return word;
}

/* Takes what has moved out of its old set. */
static void clear_moved(const struct growth *growth)
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint64_t word = __atomic_load_n(&growth->from->slot[i], __ATOMIC_RELAXED);

		if (word & growth->moves)
			__atomic_compare_exchange_n(&growth->from->slot[i], &word, 0, false,
						    __ATOMIC_RELEASE, __ATOMIC_RELAXED);
	}
}

static bool is_same_name(const struct peers *peers, uint64_t one, uint64_t other)
{
	struct local unused;

	return one && other && !((one ^ other) & GROWTH_MASK) &&
	       peers_tag(peers, one, &unused) == peers_tag(peers, other, &unused);
}

/*
 * Takes back a copy that came too late: the set was in use already, and has a newer entry of that
 * name.
 */
static void take_back(const struct peers *peers, struct peer_set *to, uint32_t i, uint64_t word)
{
	for (uint32_t j = 0; word && j < SLOTS; j++) {
		uint64_t other = __atomic_load_n(&to->slot[j], __ATOMIC_ACQUIRE);

		if (j != i && is_same_name(peers, word, other)) {
			__atomic_compare_exchange_n(&to->slot[i], &word, 0, false, __ATOMIC_RELAXED,
						    __ATOMIC_RELAXED);
			return;
		}
	}
}

/* Whoever does the same at the same time writes the same, and one of them counts. */
void peers_grow(struct peers *peers)
{
	uint64_t extent = peers_extent(peers), copied[SLOTS];
	struct growth growth;

	if (!peers_growth(peers, extent, &growth))
		return;
	/* Who wrote an entry before this, and saw no growth, has written what is copied now. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < SLOTS; i++)
		copied[i] = copy_entry(peers, extent, &growth, i);
	if (__atomic_compare_exchange_n(&peers->state->extent, &extent,
					peers_extent_of((uint32_t)extent + 1), false,
					__ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
		clear_moved(&growth);
		return;
	}
	for (uint32_t i = 0; i < SLOTS; i++)
		take_back(peers, growth.to, i, copied[i]);
}
