// SPDX-License-Identifier: MIT
// Whatever is in the shared memory, a program that went wild may have written it: nothing is read
// or written outside, all calls come back, and the table works on.

#include <pthread.h>

#include "table.h"

enum { LOCAL_SLOTS = 1 << LOCALS_BITS };

static const uint32_t numbers[] = { 0, 1, 63, 64, 0x7fffffff, 0x80000000, 0xfffffffe, UINT32_MAX };
enum { NUMBERS = sizeof(numbers) / sizeof(*numbers) };

static void *make_piece(size_t size)
{
	return memset(aligned_alloc(64, size), 0, size);
}

/* Each part in a piece of its own, so that a sanitizer sees what is read beside it. */
static struct peers make_pieces(void)
{
	struct peers peers;

	peers_start(&peers, FIXED_PEERS, &table_secret,
		    make_piece(FIXED_BUCKETS * sizeof(struct peer_bucket)),
		    make_piece(LOCAL_SLOTS * sizeof(struct local_slot)),
		    make_piece(sizeof(struct peers_state)));
	return peers;
}

static void drop_pieces(struct peers *peers)
{
	free(peers->buckets);
	free(peers->locals.slots);
	free(peers->state);
}

/* In whole words, as another process would, at any time. */
static void scribble(void *memory, size_t size, uint64_t *random)
{
	for (size_t i = 0; i < size / 8; i++)
		__atomic_store_n((uint64_t *)memory + i, random_next(random), __ATOMIC_RELAXED);
}

static void scribble_entries(const struct peers *peers, uint64_t *random)
{
	scribble(peers->buckets, FIXED_BUCKETS * sizeof(struct peer_bucket), random);
}

static void scribble_state(const struct peers *peers, uint32_t round, uint64_t *random)
{
	uint32_t number = round % 2 ? numbers[round / 2 % NUMBERS] : (uint32_t)random_next(random);

	__atomic_store_n(&peers->state->tick, number, __ATOMIC_RELAXED);
	__atomic_store_n(&peers->state->clock, number, __ATOMIC_RELAXED);
	__atomic_store_n(&peers->state->local_tick, number, __ATOMIC_RELAXED);
	__atomic_store_n(&peers->state->local_clock, number, __ATOMIC_RELAXED);
}

/* Every call there is; what they return does not matter. */
static void use(struct peers *peers, uint32_t n)
{
	struct peer peer = { .host = nth_local(n).address, .port = n };
	struct peer_hash hash = peer_hash_of(&peers->secret, peer, n % 3);
	struct peer_key key = key_of_peer(&hash, htons(PORT));
	struct local local;

	peers_find(peers, key, &local);
	peers_find(peers, key_of_peer(&hash, 0), &local);
	peers_knows(peers, key, nth_local(n));
	peers_put(peers, key_of_host(&hash, htons(PORT)), nth_local(n + 1));
	peers_forget(peers, key);
	peers_put(peers, key, nth_local(n));
	peers_put(peers, key_of_tcp(&hash), nth_local(n));
}

/* One process is enough to find out that the memory is good again for what comes now. */
static void check_works_on(struct peers *peers, uint32_t n)
{
	struct peer_key key = key_at(n % FIXED_BUCKETS, n);

	peers_put(peers, key, nth_local(n));
	assert_true(table_has(peers, key, nth_local(n)));
	peers_put(peers, key, nth_local(n + 1));
	assert_true(table_has(peers, key, nth_local(n + 1)));
}

static void random_memory_is_survived(void **state)
{
	struct peers peers = make_pieces();
	uint64_t random = 88172645463325252;

	(void)state;
	scribble(peers.locals.slots, LOCAL_SLOTS * sizeof(struct local_slot), &random);
	for (uint32_t round = 0; round < 300; round++) {
		scribble_entries(&peers, &random);
		scribble_state(&peers, round, &random);
		for (uint32_t n = 0; n < 100; n++) {
			use(&peers, n);
			check_works_on(&peers, 1000 + n);
		}
	}
	drop_pieces(&peers);
}

/* All bytes the same: an empty table, one full of the same entry, one full of no address. */
static void uniform_memory_is_survived(void **state)
{
	struct peers peers = make_pieces();

	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		memset(peers.buckets, byte, FIXED_BUCKETS * sizeof(struct peer_bucket));
		memset(peers.locals.slots, byte, LOCAL_SLOTS * sizeof(struct local_slot));
		memset(peers.state, byte, sizeof(struct peers_state));
		for (uint32_t n = 0; n < 200; n++) {
			use(&peers, n);
			check_works_on(&peers, 1000 + n);
		}
	}
	drop_pieces(&peers);
}

static bool over;

static void *scribble_for_ever(void *argument)
{
	const struct peers *peers = argument;
	uint64_t random = 1234567;

	for (uint32_t round = 0; !__atomic_load_n(&over, __ATOMIC_ACQUIRE); round++) {
		uint64_t at = random_next(&random);

		scribble(&peers->locals.slots[at % LOCAL_SLOTS], sizeof(struct local_slot),
			 &random);
		scribble(&peers->buckets[at % FIXED_BUCKETS], sizeof(*peers->buckets), &random);
		scribble_state(peers, round, &random);
	}
	return NULL;
}

/* What was just read can be anything else when it is read again. */
static void changing_memory_is_survived(void **state)
{
	struct peers peers = make_pieces();
	pthread_t scribbler;

	(void)state;
	assert_int_equal(pthread_create(&scribbler, NULL, scribble_for_ever, &peers), 0);
	for (uint32_t n = 0; n < 50000; n++)
		use(&peers, n % 1000);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	pthread_join(scribbler, NULL);
	check_works_on(&peers, 1);
	drop_pieces(&peers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_memory_is_survived),
		cmocka_unit_test(uniform_memory_is_survived),
		cmocka_unit_test(changing_memory_is_survived),
	};

	/* A loop without end is a failure too. */
	alarm(300);
	return cmocka_run_group_tests_name("peers: garbage in memory", tests, NULL, NULL);
}
