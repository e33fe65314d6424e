// SPDX-License-Identifier: MIT
// The memory of peers: a lock-free hash table.

#include "peers.h"

/* While the table is filled once, so many ticks go by; entries know the last 64. */
enum { TICKS_BITS = 5 };

/* A new entry in a set with so many others makes the table grow by a set. */
enum { CROWDED = 3 };

/* So many when there is no room for it at all; peers_put() tries that some times. */
enum { SETS_AT_ONCE = 32 };

/* Others are at work on the same entries, again and again: then it is as if they were last. */
enum { TRIES = 8 };

void peers_start(struct peers *peers, size_t count, const struct hash_key *key,
		 struct peer_set *sets, struct local_place *locals, struct peers_state *state)
{
	uint32_t most = (uint32_t)peers_sets(count);

	*peers = (struct peers){ .sets = sets,
				 .locals = locals,
				 .state = state,
				 .last = most - 1,
				 .tick_shift = (uint8_t)(__builtin_ctz(most * SLOTS) - TICKS_BITS),
				 .key = *key };
	/* Not from 0: places of local addresses that nobody took are older than all others. */
	__atomic_store_n(&state->clock, UINT32_C(1) << peers->tick_shift, __ATOMIC_RELAXED);
	__atomic_store_n(&state->tick, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&state->extent, peers_extent_of(SETS_LEAST), __ATOMIC_RELEASE);
}

/* The hashes that choose the sets in which a name can be: its home, and others if that is full. */
enum { WAYS = 3 };

static uint64_t home_of_way(struct name name, int way)
{
	static const uint64_t other[WAYS] = { 0, UINT64_C(0x9e3779b97f4a7c15),
					      UINT64_C(0xc2b2ae3d27d4eb4f) };

	return way ? name.hash * other[way] : name.home;
}

/* Is it an entry of that name, by the way that leads to `home`? Copies its local address. */
static bool is_named(const struct peers *peers, uint64_t word, uint64_t home, struct name name,
		     struct local *local)
{
	return word && !((word ^ home) & GROWTH_MASK) &&
	       peers_tag(peers, word, local) == (name.hash & TAG_MASK);
}

/* The slot that holds a name, with *word in it, or NULL. */
static uint64_t *search(const struct peers *peers, uint64_t extent, struct name name,
			uint64_t *word, struct local *local)
{
	for (int way = 0; way < WAYS; way++) {
		uint64_t home = home_of_way(name, way);
		struct peer_set *set = peers_set(peers, extent, home);

		for (uint32_t i = 0; i < SLOTS; i++) {
			*word = __atomic_load_n(&set->slot[i], __ATOMIC_ACQUIRE);
			if (is_named(peers, *word, home, name, local))
				return &set->slot[i];
		}
	}
	return NULL;
}

/*
 * The same while the table grows, for entries move then; and what is not found is looked for twice,
 * for of two entries that are made at the same time the later one goes (is_only()).
 */
static uint64_t *search_all(const struct peers *peers, struct name name, uint64_t *word,
			    struct local *local)
{
	uint64_t *slot = NULL;

	for (int tries = 0; tries < TRIES; tries++) {
		uint64_t extent = peers_extent(peers);

		slot = search(peers, extent, name, word, local);
		if (likely(peers_extent(peers) == extent) && (slot || tries))
			break;
	}
	return slot;
}

bool peers_find(const struct peers *peers, struct name name, struct local *local)
{
	uint64_t word;

	return search_all(peers, name, &word, local);
}

uint32_t peers_age(const struct peers *peers, struct name name)
{
	struct local unused;
	uint64_t word;

	if (!search_all(peers, name, &word, &unused))
		return UINT32_MAX;
	return (peers_tick(peers) - (uint32_t)word) & TICK_MASK;
}

void peers_forget(struct peers *peers, struct name name)
{
	struct local unused;
	uint64_t word, *slot;

	for (int tries = 0; tries < TRIES; tries++) {
		slot = search_all(peers, name, &word, &unused);
		if (!slot)
			return;
		__atomic_compare_exchange_n(slot, &word, 0, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED);
	}
}

/* Where a new entry goes: what is there now, and how many others are in its set. */
struct place {
	uint64_t *slot, word, home;
	uint32_t others;
};

/*
 * A free slot, at home if there is one; if there is none at all, one of the oldest entries'. Looked
 * for from a slot that depends on the name: two that put the same one at the same time want the
 * same slot, and a peer and its host different ones.
 */
static struct place choose(const struct peers *peers, uint64_t extent, struct name name)
{
	struct place oldest = { .slot = NULL };
	uint32_t now = peers_tick(peers), most = 0;
	uint32_t first = (uint32_t)name.hash;

	for (int way = 0; way < WAYS; way++) {
		struct place spare = { .home = home_of_way(name, way) };
		struct peer_set *set = peers_set(peers, extent, spare.home);

		for (uint32_t i = 0; i < SLOTS; i++) {
			uint64_t *slot = &set->slot[(first + i) % SLOTS];
			uint64_t word = __atomic_load_n(slot, __ATOMIC_RELAXED);
			uint32_t age = (now - (uint32_t)word) & TICK_MASK;

			if (word)
				spare.others++;
			else if (!spare.slot)
				spare.slot = slot;
			if (!oldest.slot || age > most) {
				oldest = (struct place){ slot, word, spare.home, SLOTS };
				most = age;
			}
		}
		if (spare.slot)
			return spare;
	}
	return oldest;
}

/* So much has happened since. Lost counts do no harm: the clock only has to go on. */
static void go_on(struct peers *peers)
{
	uint32_t now = __atomic_load_n(&peers->state->clock, __ATOMIC_RELAXED) + 1;

	__atomic_store_n(&peers->state->clock, now, __ATOMIC_RELAXED);
	if (!(now & ((UINT32_C(1) << peers->tick_shift) - 1)))
		__atomic_fetch_add(&peers->state->tick, 1, __ATOMIC_RELAXED);
}

/*
 * An entry was written in `slot`. Somebody else may have made one of the same name at the same
 * time, or have been killed and left one: the first that a search finds is to be the only one, in
 * the first of the name's sets. Is it ours? If not, it is taken back.
 */
static bool is_only(const struct peers *peers, uint64_t extent, struct name name, int ways,
		    uint64_t *slot, uint64_t word)
{
	bool after = false;

	for (int way = 0; way < ways; way++) {
		uint64_t home = home_of_way(name, way);
		struct peer_set *set = peers_set(peers, extent, home);

		for (uint32_t i = 0; i < SLOTS; i++) {
			uint64_t *twin = &set->slot[i];
			uint64_t other = __atomic_load_n(twin, __ATOMIC_ACQUIRE);
			struct local unused;

			after |= twin == slot;
			if (twin == slot || !is_named(peers, other, home, name, &unused))
				continue;
			if (!after) {
				__atomic_compare_exchange_n(slot, &word, 0, false, __ATOMIC_RELAXED,
							    __ATOMIC_RELAXED);
				return false;
			}
			__atomic_compare_exchange_n(twin, &other, 0, false, __ATOMIC_RELAXED,
						    __ATOMIC_RELAXED);
		}
	}
	return true;
}

/* Is it one of the entries that move when the table grows? Who does that may have copied it. */
static bool is_moving(const struct peers *peers, uint64_t extent, const struct place *place)
{
	struct growth growth;

	return peers_growth(peers, extent, &growth) && place->home & growth.moves &&
	       place->slot >= growth.from->slot && place->slot < growth.from->slot + SLOTS;
}

/* All the sets in which a name can be are full: rather than forget anybody. Returns if it could. */
static bool grow_much(struct peers *peers)
{
	struct growth growth;

	if (!peers_growth(peers, peers_extent(peers), &growth))
		return false;
	for (int sets = 0; sets < SETS_AT_ONCE; sets++)
		peers_grow(peers);
	return true;
}

/*
 * Writes an entry, `word` but for the bits that its set gives it. Returns false when it is to be
 * tried again: others were at work there. *made: where a new entry went.
 */
static bool put_once(struct peers *peers, struct name name, uint64_t word, int tries,
		     struct place *made)
{
	uint64_t extent = peers_extent(peers);
	struct place place;
	struct local unused;
	bool found, all;

	place.slot = search(peers, extent, name, &place.word, &unused);
	found = place.slot;
	if (found)
		place.home = place.word;
	else
		place = *made = choose(peers, extent, name);
	if (unlikely(!found && place.word && tries < TRIES / 2) && grow_much(peers))
		return false;
	word |= place.home & GROWTH_MASK;
	if (unlikely(is_moving(peers, extent, &place))) {
		peers_grow(peers);
		return false;
	}
	if (found && !tries && place.word == word)
		return true;
	if (!__atomic_compare_exchange_n(place.slot, &place.word, word, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED))
		return false;
	/*
	 * Of two that write an entry of this name at the same time one sees the other's. And either
	 * who makes the table grow sees the entry, or we see that it grew.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* At home, where peers_confirm() looks, each time; elsewhere now and then. */
	all = !found || tries || (place.word ^ word) & TICK_MASK;
	if (!is_only(peers, extent, name, all ? WAYS : 1, place.slot, word))
		return false;
	return likely(peers_extent(peers) == extent);
}

bool peers_put(struct peers *peers, struct name name, struct local local)
{
	uint32_t tick = peers_tick(peers);
	struct place made = { .slot = NULL };
	struct local_known known;
	bool made_local;
	uint64_t word;

	known = locals_put(peers->locals, &peers->key, local, tick, &made_local);
	word = peers_word(0, &known, tick) ^ (name.hash & TAG_MASK);
	for (int tries = 0; tries < TRIES && !put_once(peers, name, word, tries, &made); tries++)
		;
	if (made.slot || made_local)
		go_on(peers);
	if (made.others >= CROWDED)
		peers_grow(peers);
	return !made.word;
}
