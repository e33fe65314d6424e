// SPDX-License-Identifier: MIT
// The peer table and its local addresses: what each execution of a few writers and readers has to come to.

#include "model.h"

/* Each of the two has such a bound of its own. */
#define TRIES LOCAL_TRIES
#include "peers/local_table.c"
#undef TRIES
#include "peers/peer_table.c"

enum { LOCALS_SHIFT = 54, BUCKETS = 2 };

static struct peer_bucket buckets[BUCKETS];
static struct local_slot local_slots[1 << (64 - LOCALS_SHIFT)];
static struct peers_state state = { .tick = 1, .local_tick = 1, .clock = 1 };
static struct peers peers = {
	.buckets = buckets,
	.locals = { local_slots, LOCALS_SHIFT },
	.state = &state,
	.count = BUCKETS,
	.tick_shift = 20,
	.secret = { { 0x0123456789abcdef, 0x1122334455667788, 0x8877665544332211, 0xfedcba9876543210 } },
};

/* Keys. With these hashes their first bucket is one, their other bucket another; searches begin at slot 0. */
enum { NO_KEY, K, K2, K3, K4, K5, K6 };

static inline struct peer_key key_at(uint32_t key, in_port_t port)
{
	return (struct peer_key){ .hash = key * UINT64_C(0x9e3779b900000000), .bucket_hash = 0, .port = port };
}

enum { PORT = 53 };

/*
 * Local addresses. With this secret the first four have slots of their own, and the CLOSE ones have the same slots in
 * the same order. NOT: none was found.
 */
enum { NOT = 0, A = 1, B, C, D, CLOSE_A = 90, CLOSE_B = 900, CLOSE_C = 1157, CLOSE_D = 1282 };
enum { CLOSE_SLOT = 798 };

static inline struct local local_of(uint32_t address)
{
	struct local local;

	local.half[0] = address;
	local.half[1] = address;
	local.packed = local_pack(1, PORT);
	return local;
}

static inline void put(uint32_t key, uint32_t address)
{
	peers_put(&peers, key_at(key, PORT), local_of(address));
}

/* source_learn() in shim/calls/source.c */
static inline void learn(uint32_t key, uint32_t address)
{
	if (!peers_knows(&peers, key_at(key, PORT), local_of(address)))
		put(key, address);
}

static inline void forget(uint32_t key)
{
	peers_forget(&peers, key_at(key, PORT));
}

static inline uint32_t find_at(uint32_t key, in_port_t port)
{
	struct local local;

	if (!peers_find(&peers, key_at(key, port), &local))
		return NOT;
	assert(local.half[0] == local.half[1] && local.packed == local_of(A).packed);
	return (uint32_t)local.half[1];
}

static inline uint32_t find(uint32_t key)
{
	return find_at(key, PORT);
}

/* The address is in the table before the threads begin, so that they only read it. */
static inline void know(uint32_t address)
{
	struct local local = local_of(address);
	bool made;

	locals_put(&peers.locals, &peers.secret, &local, state.local_tick, &made);
}

/* All that was put was put some time ago. */
static inline void wait(void)
{
	state.tick++;
	state.local_tick++;
}

/* Returns the number of entries that a key has. */
static inline int entries_of(uint32_t key)
{
	struct peer_key wanted = key_at(key, PORT);
	struct local local;
	int count = 0;

	for (int n = 0; n < BUCKETS; n++)
		for (int i = 0; i < SLOTS; i++)
			count += has_key(&peers, buckets[n].slot[i], &wanted, &local);
	return count;
}

static uint32_t flag;

static inline void raise(void)
{
	__atomic_store_n(&flag, 1, __ATOMIC_RELEASE);
}

static inline bool is_raised(void)
{
	return __atomic_load_n(&flag, __ATOMIC_ACQUIRE);
}


THREAD(put_a) { put(K, A); }
THREAD(put_b) { put(K, B); }

THREAD(put_a_find)
{
	put(K, A);
	assert(find(K) != NOT);
}

THREAD(put_b_find)
{
	put(K, B);
	assert(find(K) != NOT);
}

SCENARIO(new_key, "two writers of a new key: each finds it, and one entry stays")
{
	know(A);
	know(B);
	RUN(put_a_find, put_b_find);
	assert(find(K) == A || find(K) == B);
	assert(entries_of(K) == 1);
}

THREAD(forget_put_b)
{
	forget(K2);
	put(K, B);
}

SCENARIO(freed_slot, "two writers of a new key, one of which finds an earlier slot free: one entry stays")
{
	know(A);
	put(K2, C);
	RUN(put_a_find, forget_put_b);
	assert(find(K) == A || find(K) == B);
	assert(entries_of(K) == 1);
}

SCENARIO(same_bucket, "two writers of a new key whose buckets are one: one entry stays")
{
	peers.count = 1;
	know(A);
	put(K2, C);
	RUN(put_a_find, forget_put_b);
	assert(find(K) == A || find(K) == B);
	assert(entries_of(K) == 1);
}

THREAD(find_a_or_b)
{
	uint32_t found = find(K);

	assert(found == A || found == B);
}

SCENARIO(replaced, "a reader finds a key while its local address is replaced by a new one")
{
	put(K, A);
	RUN(put_b, find_a_or_b);
	assert(find(K) == B);
}

THREAD(find_any_port)
{
	uint32_t found = find_at(K, 0);

	assert(found == A || found == B);
}

SCENARIO(any_port, "a reader finds a key at any port while its local address is replaced by a new one")
{
	put(K, A);
	RUN(put_b, find_any_port);
	assert(find_at(K, 0) == B);
}

THREAD(put_a_b_find)
{
	uint32_t found;

	put(K, A);
	put(K, B);
	found = find(K);
	assert(found == B || found == C);
}

THREAD(put_c) { put(K, C); }

SCENARIO(newest, "a writer finds the address that it put last, or that of another writer")
{
	know(A);
	know(B);
	know(C);
	RUN(put_a_b_find, put_c);
	assert(find(K) == B || find(K) == C);
	assert(entries_of(K) == 1);
}

THREAD(put_raise_put)
{
	put(K, A);
	raise();
	put(K, B);
}

THREAD(find_if_raised)
{
	if (is_raised())
		assert(find(K) != NOT);
}

SCENARIO(moved, "a reader finds a key that was put before, while it moves to an earlier slot")
{
	know(A);
	put(K2, B);
	RUN(put_raise_put, forget_put_b, find_if_raised);
	assert(entries_of(K) == 1);
}

THREAD(put_new_for_k)
{
	put(K, A);
	assert(find(K) == A);
}

THREAD(put_new_for_k2)
{
	put(K2, A);
	assert(find(K2) == A);
}

SCENARIO(new_local, "two writers of two keys with one new local address: both find it")
{
	RUN(put_new_for_k, put_new_for_k2);
	assert(find(K) == A && find(K2) == A);
}

THREAD(put_close_for_k) { put(K, CLOSE_A); }
THREAD(put_close_for_k2) { put(K2, CLOSE_A); }

THREAD(put_close_a)
{
	put(K, CLOSE_A);
	assert(find(K) == CLOSE_A);
}

THREAD(put_close_b)
{
	put(K2, CLOSE_B);
	assert(find(K2) == CLOSE_B);
}

SCENARIO(two_locals, "two writers of two new local addresses with the same slots: both find theirs")
{
	RUN(put_close_a, put_close_b);
	assert(find(K) == CLOSE_A && find(K2) == CLOSE_B);
}

SCENARIO(full_locals, "two writers of one new local address whose other slot is in use: both find it")
{
	know(CLOSE_D);
	know(CLOSE_B);
	local_slots[CLOSE_SLOT].tick = 0;
	RUN(put_close_for_k, put_close_for_k2);
	assert(find(K) == CLOSE_A && find(K2) == CLOSE_A);
}

THREAD(put_k3_c)
{
	put(K3, CLOSE_C);
}

THREAD(find_evicted)
{
	uint32_t found = find(K);

	assert(found == NOT || found == CLOSE_A);
	found = find(K3);
	assert(found == NOT || found == CLOSE_C);
}

SCENARIO(evicted, "a reader finds no other address in the slot of an evicted one")
{
	put(K, CLOSE_A);
	put(K2, CLOSE_B);
	wait();
	RUN(put_k3_c, find_evicted);
	assert(find(K) == NOT && find(K2) == CLOSE_B && find(K3) == CLOSE_C);
}

THREAD(put_k4_d)
{
	put(K4, CLOSE_D);
}

SCENARIO(two_evicted, "two writers evict two addresses: both new ones are found")
{
	know(CLOSE_A);
	know(CLOSE_B);
	wait();
	RUN(put_k3_c, put_k4_d);
	assert(find(K3) == CLOSE_C && find(K4) == CLOSE_D);
}

THREAD(put_c_a)
{
	put(K3, CLOSE_C);
	put(K4, CLOSE_A);
}

THREAD(find_a_or_not)
{
	uint32_t found = find(K);

	assert(found == NOT || found == CLOSE_A);
}

SCENARIO(comes_back, "an address is evicted and comes back to its slot: a reader finds it or nothing")
{
	put(K, CLOSE_A);
	wait();
	put(K2, CLOSE_B);
	RUN(put_c_a, find_a_or_not);
	assert(find(K) == NOT && find(K4) == CLOSE_A);
}

THREAD(put_k4_d_after)
{
	uint32_t found;

	put(K4, CLOSE_D);
	found = find(K4);
	assert(found == NOT || found == CLOSE_D);
}

SCENARIO(stolen, "two writers want one slot in one tick: they find theirs or nothing")
{
	uint32_t found;

	know(CLOSE_A);
	know(CLOSE_B);
	RUN(put_k3_c, put_k4_d_after);
	found = find(K3);
	assert(found == NOT || found == CLOSE_C);
	found = find(K4);
	assert(found == NOT || found == CLOSE_D);
}

THREAD(learn_a_find)
{
	uint32_t found;

	learn(K, A);
	found = find(K);
	assert(found == A || found == B);
}

SCENARIO(learnt, "a writer on the fast path finds what it learnt, or the address of another writer")
{
	put(K, A);
	RUN(learn_a_find, put_b);
	assert(find(K) == A || find(K) == B);
	assert(entries_of(K) == 1);
}

THREAD(forget_k) { forget(K); }

SCENARIO(forgotten, "a key that is deleted and put at the same time has the new address or none")
{
	put(K, A);
	know(B);
	RUN(forget_k, put_b);
	assert(find(K) == B || find(K) == NOT);
	assert(entries_of(K) <= 1);
}

THREAD(put_a_found)
{
	put(K, A);
	assert(find(K) == A);
}

THREAD(put_k6_found)
{
	put(K6, B);
	assert(find(K6) == B);
}

SCENARIO(full_buckets, "two writers evict entries of full buckets: both find theirs")
{
	know(A);
	know(B);
	put(K2, A);
	put(K3, A);
	put(K4, A);
	put(K5, A);
	wait();
	know(A);
	know(B);
	RUN(put_a_found, put_k6_found);
	assert(find(K) == A && find(K6) == B);
}

THREAD(forget_put_c)
{
	forget(K2);
	put(K, C);
}

SCENARIO(moved_bucket, "a reader finds a key that was put before, while it moves to its first bucket")
{
	know(B);
	know(C);
	put(K2, A);
	put(K3, A);
	RUN(put_raise_put, forget_put_c, find_if_raised);
	assert(entries_of(K) == 1);
}

THREAD(find_any_port_if_raised)
{
	if (is_raised())
		assert(find_at(K, 0) != NOT);
}

SCENARIO(moved_any_port, "a reader finds a key at any port that was put before, while it moves to an earlier slot")
{
	know(A);
	put(K2, B);
	RUN(put_raise_put, forget_put_b, find_any_port_if_raised);
}

int main(void)
{
	MAIN();
}
