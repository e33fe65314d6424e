// SPDX-License-Identifier: MIT
// The peer table: a lock-free hash table of fixed size.

#include "peers/peer_table.h"

/*
 * While a table is filled once, 32 ticks go by, or 40; entries know the last 64. The local
 * addresses have a clock of their own: there are far fewer of them than of peers, and within one
 * tick none is older than another.
 */
enum { TICKS_BITS = 5 };

/* Give up after so many lost races; the other writer's value wins. */
enum { TRIES = 8 };

/* Each step has a stack frame of its own: what calls the next one takes less stack for that. */
#define NOINLINE __attribute__((noinline))

void peers_start(struct peers *peers, size_t count, const struct hash_secret *secret,
		 struct peer_bucket *buckets, struct local_slot *locals, struct peers_state *state)
{
	uint32_t bucket_count = (uint32_t)peers_bucket_count(count);

	*peers = (struct peers){ .buckets = buckets,
				 .locals = { locals, (uint8_t)(64 - peers_locals_bits(count)) },
				 .state = state,
				 .count = bucket_count,
				 .tick_shift = (uint8_t)(31 - __builtin_clz(bucket_count * SLOTS) -
							 TICKS_BITS),
				 .secret = *secret };
	/* Not from 0: slots of local addresses that were never used are older than all others. */
	__atomic_store_n(&state->clock, UINT32_C(1) << peers->tick_shift, __ATOMIC_RELAXED);
	__atomic_store_n(&state->local_tick, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&state->tick, 1, __ATOMIC_RELEASE);
}

static struct peer_bucket *nth_bucket(const struct peers *peers, const struct peer_key *key, int n)
{
	return peers_bucket(peers, key_bucket_hash(key, n));
}

/* The slow path of has_key(): the entry's local address is read. */
static bool has_key_slow(const struct peers *peers, uint64_t word, const struct peer_key *key,
			 struct local *local)
{
	const struct local_slot *slot = peers_local(peers, word);

	*local = locals_read(slot);
	/* The port first: a peer that asks many ports has its entries in the same buckets. */
	return word && (!key->port || local->port == key->port) &&
	       peers_fingerprint_of(peers, word, slot, *local) == (key->hash & FINGERPRINT_MASK);
}

/*
 * Returns true for an entry of that key, and copies its local address. Of most other entries
 * nothing but the entry itself is read.
 */
static inline bool has_key(const struct peers *peers, uint64_t word, const struct peer_key *key,
			   struct local *local)
{
	return unlikely(!((word ^ key->hash) & FINGERPRINT_MASK & ~CHECK_MASK)) &&
	       has_key_slow(peers, word, key, local);
}

static uint32_t age_of_entry(uint64_t word, uint32_t now)
{
	return (now - (uint32_t)word) & TICK_MASK;
}

/*
 * Returns the slot that holds a key, with *word in it, or NULL. The search takes the slots of each
 * bucket in the order in which choose_slot() fills them.
 */
static NOINLINE uint64_t *search_key(const struct peers *peers, const struct peer_key *key,
				     uint64_t *word, struct local *local)
{
	for (int n = 0; n < KEY_BUCKETS; n++) {
		struct peer_bucket *bucket = nth_bucket(peers, key, n);

		for (uint32_t i = 0; i < SLOTS; i++) {
			uint64_t *slot = &bucket->slot[peers_first_slot(key->hash + i)];

			*word = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
			if (has_key(peers, *word, key, local))
				return slot;
		}
	}
	return NULL;
}

/* Of the entries of that hash whose peer asked, copies the local address of the youngest. */
static NOINLINE bool search_any_port(const struct peers *peers, const struct peer_key *key,
				     struct local *local)
{
	uint32_t now = peers_tick(peers), least = UINT32_MAX;

	for (int n = 0; n < KEY_BUCKETS; n++) {
		struct peer_bucket *bucket = nth_bucket(peers, key, n);

		for (uint32_t i = 0; i < SLOTS; i++) {
			uint64_t word = __atomic_load_n(&bucket->slot[i], __ATOMIC_ACQUIRE);
			struct local found;

			if (has_key(peers, word, key, &found) && found.state == LOCAL_ASKED &&
			    local_is_usable(found) && age_of_entry(word, now) < least) {
				least = age_of_entry(word, now);
				*local = found;
			}
		}
	}
	return least != UINT32_MAX;
}

bool peers_find(const struct peers *peers, struct peer_key key, struct local *local)
{
	uint64_t word;

	/* Twice: of two entries made at the same time the later one is deleted (entry_is_only()).
	 */
	if (!key.port)
		return search_any_port(peers, &key, local) || search_any_port(peers, &key, local);
	return search_key(peers, &key, &word, local) || search_key(peers, &key, &word, local);
}

void peers_forget(struct peers *peers, struct peer_key key)
{
	struct local unused;
	uint64_t word, *slot;

	for (int tries = 0; tries < TRIES; tries++) {
		slot = search_key(peers, &key, &word, &unused);
		if (!slot)
			return;
		__atomic_compare_exchange_n(slot, &word, 0, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED);
	}
}

/* Where a new entry goes, and what is there now. */
struct choice {
	uint64_t *slot, word;
};

/*
 * Chooses a free slot, in the first bucket if there is one, else one of the least recently used
 * entries. The search starts at a slot that depends on the key: two writers of one key want the
 * same slot, and a peer and its host different ones.
 */
static NOINLINE struct choice choose_slot(const struct peers *peers, const struct peer_key *key)
{
	struct choice oldest = { .slot = NULL };
	uint32_t now = peers_tick(peers), most = 0;

	for (int n = 0; n < KEY_BUCKETS; n++) {
		struct peer_bucket *bucket = nth_bucket(peers, key, n);

		for (uint32_t i = 0; i < SLOTS; i++) {
			uint64_t *slot = &bucket->slot[peers_first_slot(key->hash + i)];
			uint64_t word = __atomic_load_n(slot, __ATOMIC_RELAXED);
			uint32_t age = age_of_entry(word, now);

			if (!word)
				return (struct choice){ slot, 0 };
			if (!oldest.slot || age > most) {
				oldest = (struct choice){ slot, word };
				most = age;
			}
		}
	}
	return oldest;
}

/*
 * Counts an entry or a local address that was made; a tick has 2^shift of them. Lost counts do no
 * harm: the clock only has to go on.
 */
static void advance_clock(uint32_t *clock, uint32_t *tick, int shift)
{
	uint32_t now = __atomic_load_n(clock, __ATOMIC_RELAXED) + 1;

	__atomic_store_n(clock, now, __ATOMIC_RELAXED);
	if (!(now & ((UINT32_C(1) << shift) - 1)))
		__atomic_fetch_add(tick, 1, __ATOMIC_RELAXED);
}

/*
 * An entry was written in `slot`. Another process may have made one of the same key at the same
 * time, or have been killed and left one: the first that a search finds is kept, in the first of
 * the key's buckets, and the others are deleted. Returns false if ours was one of those.
 */
static NOINLINE bool entry_is_only(const struct peers *peers, const struct peer_key *key, int count,
				   uint64_t *slot, uint64_t word)
{
	struct peer_bucket *buckets[KEY_BUCKETS];
	bool after = false;

	for (int n = 0; n < count; n++) {
		struct peer_bucket *bucket = buckets[n] = nth_bucket(peers, key, n);

		/*
		 * One that comes again was searched in its turn. By now another writer may have
		 * deleted our entry for one in front of it, and that one has to stay.
		 */
		if (n && (bucket == buckets[0] || bucket == buckets[n - 1]))
			continue;
		for (uint32_t i = 0; i < SLOTS; i++) {
			uint64_t *duplicate = &bucket->slot[peers_first_slot(key->hash + i)];
			uint64_t other = __atomic_load_n(duplicate, __ATOMIC_ACQUIRE);
			struct local unused;

			after |= duplicate == slot;
			if (duplicate == slot || !has_key(peers, other, key, &unused))
				continue;
			if (!after) {
				/* A reader that finds the slot free finds the other entry. */
				__atomic_compare_exchange_n(slot, &word, 0, false, __ATOMIC_RELEASE,
							    __ATOMIC_RELAXED);
				return false;
			}
			__atomic_compare_exchange_n(duplicate, &other, 0, false, __ATOMIC_RELAXED,
						    __ATOMIC_RELAXED);
		}
	}
	return true;
}

static NOINLINE uint64_t *search_key_slot(const struct peers *peers, const struct peer_key *key,
					  uint64_t *word)
{
	struct local unused;

	return search_key(peers, key, word, &unused);
}

/*
 * Writes an entry. Returns false when it is to be tried again: another writer was at work there.
 * *made: where a new entry went.
 */
static bool put_entry_once(const struct peers *peers, const struct peer_key *key, uint64_t word,
			   int tries, struct choice *made)
{
	struct choice choice;
	bool found, all;

	choice.slot = search_key_slot(peers, key, &choice.word);
	found = choice.slot;
	if (!found)
		choice = *made = choose_slot(peers, key);
	else if (!tries && choice.word == word)
		return true;
	if (!__atomic_compare_exchange_n(choice.slot, &choice.word, word, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED))
		return false;
	/* Of two that write an entry of this key at the same time one sees the other's. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* In the first bucket, where peers_knows() looks, each time; elsewhere now and then. */
	all = !found || tries || (choice.word ^ word) & TICK_MASK;
	return entry_is_only(peers, key, all ? KEY_BUCKETS : 1, choice.slot, word);
}

/* Remembers the local address. Returns what is to be written for the key. */
static NOINLINE uint64_t put_local(struct peers *peers, const struct peer_key *key,
				   const struct local *local)
{
	struct peers_state *state = peers->state;
	uint32_t tick = peers_tick(peers);
	struct local_known known;
	bool made;

	known = locals_put(&peers->locals, &peers->secret, local, peers_local_tick(peers), &made);
	if (made)
		advance_clock(&state->local_clock, &state->local_tick,
			      64 - peers->locals.shift - TICKS_BITS);
	return peers_word(&known, tick) ^ (key->hash & FINGERPRINT_MASK);
}

static NOINLINE bool put_entry(struct peers *peers, const struct peer_key *key, uint64_t word)
{
	struct peers_state *state = peers->state;
	struct choice made = { .slot = NULL };

	for (int tries = 0; tries < TRIES && !put_entry_once(peers, key, word, tries, &made);
	     tries++)
		;
	if (made.slot)
		advance_clock(&state->clock, &state->tick, peers->tick_shift);
	return !made.word;
}

bool peers_put_at(struct peers *peers, const struct peer_key *key, const struct local *local)
{
	return put_entry(peers, key, put_local(peers, key, local));
}

bool peers_put(struct peers *peers, struct peer_key key, struct local local)
{
	return peers_put_at(peers, &key, &local);
}
