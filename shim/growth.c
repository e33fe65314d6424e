// SPDX-License-Identifier: MIT
// How the table of peers grows by a set, while others use it.

#include "peers.h"

/* Copies the entry to a free slot, unless it is there. Returns the slot; NULL: not copied. */
static uint64_t *copy_entry(struct peer_set *to, uint64_t word)
{
	for (uint32_t i = 0; i < SLOTS && !peers_set_has(to, word); i++) {
		uint64_t none = 0;

		if (__atomic_compare_exchange_n(&to->slot[i], &none, word, false, __ATOMIC_RELEASE,
						__ATOMIC_RELAXED))
			return &to->slot[i];
	}
	return NULL;
}

static void replace_entry(struct peer_set *set, uint64_t old, uint64_t new)
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint64_t word = old;

		__atomic_compare_exchange_n(&set->slot[i], &word, new, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED);
	}
}

/*
 * Takes out of the set that comes next what somebody left there who was killed in the middle: it
 * can be older than what is known by now. What others copy just now is in the old set too.
 */
static void clear_next(const struct peers *peers, uint64_t extent, struct peer_set *to,
		       const struct peer_set *from)
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint64_t word = __atomic_load_n(&to->slot[i], __ATOMIC_ACQUIRE);

		if (!word || peers_set_has(from, word))
			continue;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (peers_extent(peers) == extent)
			__atomic_compare_exchange_n(&to->slot[i], &word, 0, false, __ATOMIC_RELAXED,
						    __ATOMIC_RELAXED);
	}
}

static bool is_same_name(const struct peers *peers, uint64_t one, uint64_t other)
{
	struct local unused;

	return one && other && !((one ^ other) & GROWTH_MASK) &&
	       peers_tag(peers, one, &unused) == peers_tag(peers, other, &unused);
}

/* Takes an entry out of its old set. If it is newer than its copy, it takes the copy's place. */
static void finish_move(const struct peers *peers, uint64_t *from, uint64_t copy, uint64_t moves,
			struct peer_set *to)
{
	uint64_t word = __atomic_load_n(from, __ATOMIC_ACQUIRE);

	if (!(word & moves))
		return;
	if (word != copy && is_same_name(peers, word, copy))
		replace_entry(to, copy, word);
	else if (word != copy)
		copy_entry(to, word);
	__atomic_compare_exchange_n(from, &word, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

/*
 * Takes back a copy that came too late: the set was in use already, and has a newer entry of that
 * name.
 */
static void take_back(const struct peers *peers, struct peer_set *to, uint64_t *slot, uint64_t word)
{
	for (uint32_t i = 0; slot && i < SLOTS; i++) {
		uint64_t other = __atomic_load_n(&to->slot[i], __ATOMIC_ACQUIRE);

		if (&to->slot[i] != slot && is_same_name(peers, word, other)) {
			__atomic_compare_exchange_n(slot, &word, 0, false, __ATOMIC_RELAXED,
						    __ATOMIC_RELAXED);
			return;
		}
	}
}

/* Whoever does the same at the same time writes the same, and one of them counts. */
void peers_grow(struct peers *peers)
{
	uint64_t extent = peers_extent(peers), moves;
	uint32_t count = (uint32_t)extent, half;
	struct peer_set *from, *to;
	bool done;
	uint64_t copies[SLOTS], *slots[SLOTS];

	if (count < SETS_LEAST || count > peers->last || extent != peers_extent_of(count))
		return;
	half = UINT32_C(1) << (31 - __builtin_clz(count));
	moves = (uint64_t)half << SETS_SHIFT;
	from = &peers->sets[count - half];
	to = &peers->sets[count];
	clear_next(peers, extent, to, from);
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint64_t word = __atomic_load_n(&from->slot[i], __ATOMIC_ACQUIRE);

		copies[i] = word & moves ? word : 0;
		slots[i] = copies[i] ? copy_entry(to, copies[i]) : NULL;
	}
	done = __atomic_compare_exchange_n(&peers->state->extent, &extent,
					   peers_extent_of(count + 1), false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < SLOTS; i++) {
		if (done)
			finish_move(peers, &from->slot[i], copies[i], moves, to);
		else
			take_back(peers, to, slots[i], copies[i]);
	}
}
