// SPDX-License-Identifier: MIT
// A full table evicts one of the least recently used entries among those it can choose from.

#include "table.h"

/* Fills the first bucket, a tick after the other. */
static void fill_first_bucket(struct peers *peers)
{
	for (uint32_t n = 1; n <= SLOTS; n++) {
		assert_true(peers_put(peers, key_of_first_bucket(n), nth_local(n)));
		table_wait(peers, 1);
	}
}

static void holds_many_of_one_home(void **state)
{
	enum { LEAST = 64 };
	uint32_t count = 0;

	while (peers_put(*state, key_at(7, count + 1), nth_local(count + 1)))
		count++;
	assert_in_range(count, LEAST, FIXED_SLOTS);
	for (uint32_t n = 2; n <= count; n++)
		assert_true(table_is_right(*state, key_at(7, n), nth_local(n)));
	assert_true(table_has(*state, key_at(7, count + 1), nth_local(count + 1)));
	assert_int_equal(table_entries(*state), count);
}

static void evicts_the_oldest(void **state)
{
	struct local found;

	fill_first_bucket(*state);
	for (uint32_t n = SLOTS + 1; n < 20 * SLOTS; n++) {
		assert_false(peers_put(*state, key_of_first_bucket(n), nth_local(n)));
		table_wait(*state, 1);
		assert_true(table_has(*state, key_of_first_bucket(n), nth_local(n)));
		for (uint32_t i = 1; i < n; i++)
			assert_int_equal(peers_find(*state, key_of_first_bucket(i), &found),
					 i > n - SLOTS);
	}
}

/* Fills all buckets, and lets one entry be older than all others. Returns its bucket. */
static uint32_t fill_with_one_old(struct peers *peers, struct peer_key old)
{
	struct peer_bucket before[FIXED_BUCKETS];
	int bucket;

	memcpy(before, peers->buckets, sizeof(before));
	peers_put(peers, old, nth_local(1));
	bucket = table_changed(peers, before);
	table_wait(peers, 1);
	for (uint32_t i = 0; i < FIXED_SLOTS; i++)
		if (!peers->buckets[i / SLOTS].slot[i % SLOTS])
			peers->buckets[i / SLOTS].slot[i % SLOTS] =
				~UINT64_C(0) << INDEX_SHIFT | (peers_tick(peers) & TICK_MASK);
	assert_true(table_has(peers, old, nth_local(1)));
	return (uint32_t)bucket;
}

/* It is in the second or third bucket of a new key, which gets its slot all the same. */
static void evicts_the_oldest_of_all_its_buckets(void **state)
{
	struct peers *peers = *state;
	struct peer_key old = key_at(40, 1000000);
	uint32_t bucket = fill_with_one_old(peers, old), n = 0;
	struct peer_bucket *before = malloc(FIXED_BUCKETS * sizeof(*before));
	struct local found;

	memcpy(before, peers->buckets, FIXED_BUCKETS * sizeof(*before));
	do {
		assert_true(n++ < 100 * FIXED_BUCKETS);
		memcpy(peers->buckets, before, FIXED_BUCKETS * sizeof(*before));
		assert_false(peers_put(peers, key_at(7, 2000000 + n), nth_local(2)));
	} while ((uint32_t)table_changed(peers, before) != bucket);
	assert_false(peers_find(peers, old, &found));
	free(before);
}

/* An entry that is put again is not the oldest any more, with the same address or another. */
static void putting_again_makes_young(void **state)
{
	struct local found;

	fill_first_bucket(*state);
	peers_put(*state, key_of_first_bucket(1), nth_local(1));
	peers_put(*state, key_of_first_bucket(2), nth_local(99));
	for (uint32_t n = 0; n < SLOTS - 2; n++)
		assert_false(peers_put(*state, key_of_first_bucket(100 + n), nth_local(1)));
	assert_true(table_has(*state, key_of_first_bucket(1), nth_local(1)));
	assert_true(table_has(*state, key_of_first_bucket(2), nth_local(99)));
	for (uint32_t n = 3; n <= SLOTS; n++)
		assert_false(peers_find(*state, key_of_first_bucket(n), &found));
}

static void takes_free_slots_first(void **state)
{
	fill_first_bucket(*state);
	peers_forget(*state, key_of_first_bucket(SLOTS));
	peers_forget(*state, key_of_first_bucket(3));
	assert_true(peers_put(*state, key_of_first_bucket(100), nth_local(1)));
	assert_true(peers_put(*state, key_of_first_bucket(101), nth_local(1)));
	assert_true(table_has(*state, key_of_first_bucket(1), nth_local(1)));
	assert_false(peers_put(*state, key_of_first_bucket(102), nth_local(1)));
	assert_true(table_has(*state, key_of_first_bucket(100), nth_local(1)));
	assert_true(table_has(*state, key_of_first_bucket(101), nth_local(1)));
}

/* Far more keys than entries: the one just put is always there, and nothing found is wrong. */
static void overfull_table_stays_right(void **state)
{
	uint32_t count = 0;
	struct local found;

	for (uint32_t n = 0; n < 40 * FIXED_SLOTS; n++) {
		struct peer_key key = key_at(n * 37 % FIXED_BUCKETS, n);

		peers_put(*state, key, nth_local(n));
		assert_true(table_has(*state, key, nth_local(n)));
	}
	for (uint32_t n = 0; n < 40 * FIXED_SLOTS; n++) {
		struct peer_key key = key_at(n * 37 % FIXED_BUCKETS, n);

		assert_true(table_is_right(*state, key, nth_local(n)));
		count += peers_find(*state, key, &found);
	}
	assert_in_range(count, FIXED_SLOTS * 3 / 4, FIXED_SLOTS);
}

/* Keys that are put now and then outlive any number of others that are put once. */
static void regulars_outlive_a_flood(void **state)
{
	enum { REGULARS = 50 };

	for (uint32_t n = 1; n < 100 * FIXED_SLOTS; n++) {
		peers_put(*state, key_at(n % FIXED_BUCKETS, 1000 + n), nth_local(n % 9));
		if (n % 16)
			continue;
		for (uint32_t i = 1; i <= REGULARS; i++) {
			if (n > FIXED_SLOTS)
				assert_true(table_has(*state, key_at(i, i), nth_local(i % 9)));
			peers_put(*state, key_at(i, i), nth_local(i % 9));
		}
	}
}

/* While the table is filled once, 40 ticks go by; what is put again does not count. */
static void ticks_go_on_with_new_entries(void **state)
{
	uint32_t tick = peers_tick(*state), n = 0;

	for (; n < FIXED_SLOTS; n++)
		peers_put(*state, key_at(n % FIXED_BUCKETS, n), nth_local(1));
	assert_in_range(peers_tick(*state) - tick, 39, 41);
	tick = peers_tick(*state);
	for (uint32_t i = 0; i < FIXED_SLOTS; i++)
		peers_put(*state, key_at((n - 1) % FIXED_BUCKETS, n - 1), nth_local(1));
	assert_int_equal(peers_tick(*state), tick);
}

/* The clock wraps round after 2^32 entries, ticks before that, entries' ticks every 64. */
static void survives_wrap_of_clock(void **state)
{
	static const uint32_t clocks[] = { UINT32_MAX - 100, UINT32_MAX / 2 - 100, 0, 900 };

	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		struct peers *peers = *state;

		memset(peers->buckets, 0, FIXED_BUCKETS * sizeof(*peers->buckets));
		peers->state->clock = clocks[i];
		peers->state->tick = clocks[i] >> peers->tick_shift;
		peers->state->local_clock = clocks[i];
		peers->state->local_tick = clocks[i] >> peers->tick_shift;
		for (uint32_t n = 1; n < 2000; n++) {
			peers_put(peers, key_at(n % FIXED_BUCKETS, 1000 + n), nth_local(n % 9));
			if (n % 16)
				continue;
			if (n > 100)
				assert_true(table_has(peers, key_at(3, 3), nth_local(3)));
			peers_put(peers, key_at(3, 3), nth_local(3));
			assert_int_equal(table_age(peers, key_at(3, 3)), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		table_test(holds_many_of_one_home),
		table_test(evicts_the_oldest),
		table_test(evicts_the_oldest_of_all_its_buckets),
		table_test(putting_again_makes_young),
		table_test(takes_free_slots_first),
		table_test(overfull_table_stays_right),
		table_test(regulars_outlive_a_flood),
		table_test(ticks_go_on_with_new_entries),
		table_test(survives_wrap_of_clock),
	};

	return cmocka_run_group_tests_name("peers: evict", tests, NULL, NULL);
}
