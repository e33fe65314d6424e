// SPDX-License-Identifier: MIT
// What was put is found, the newest value of it, until it is forgotten.

#include "table.h"

static void finds_nothing_in_empty_table(void **state)
{
	struct local local;

	for (uint32_t bucket = 0; bucket < FIXED_BUCKETS; bucket++)
		assert_false(peers_find(*state, key_at(bucket, 1), &local));
	assert_int_equal(table_entries(*state), 0);
	assert_true(peers_is_empty(*state));
	peers_put(*state, key_at(0, 1), nth_local(1));
	assert_false(peers_is_empty(*state));
	peers_forget(*state, key_at(0, 1));
	assert_false(peers_is_empty(*state));
}

static void finds_what_was_put(void **state)
{
	struct local found;

	for (uint32_t i = 0; i < PAIRS; i++) {
		struct local local = local_of(pairs[i].first, i + 1);

		assert_true(peers_put(*state, key_at(5, 1 + i), local));
		assert_true(table_has(*state, key_at(5, 1 + i), local));
		assert_false(peers_find(*state, key_at(5, i + 100), &found));
		assert_false(peers_find(*state, key_at(6, 1 + i), &found));
	}
}

static void newest_value_wins(void **state)
{
	for (uint32_t i = 0; i < PAIRS; i++) {
		struct local first = local_of(pairs[i].first, 1);
		struct local second = local_of(pairs[i].second, 1);
		struct local elsewhere = local_of(pairs[i].second, 2);

		peers_put(*state, key_at(5, i), first);
		peers_put(*state, key_at(5, i), second);
		assert_true(table_has(*state, key_at(5, i), second));
		peers_put(*state, key_at(5, i), elsewhere);
		assert_true(table_has(*state, key_at(5, i), elsewhere));
	}
}

/* A broadcast's entry: known, and no source. It replaces an address, and an address replaces it. */
static void remembers_that_there_is_no_source(void **state)
{
	const struct local none = { .port = htons(PORT) };
	struct local local = local_of("192.0.2.1", 1);

	peers_put(*state, key_at(5, 1), none);
	assert_true(table_has(*state, key_at(5, 1), none));
	peers_put(*state, key_at(5, 1), local);
	assert_true(table_has(*state, key_at(5, 1), local));
	peers_put(*state, key_at(5, 1), none);
	assert_true(table_has(*state, key_at(5, 1), none));
}

static void forgets(void **state)
{
	struct local found, local = local_of("192.0.2.1", 1);

	peers_forget(*state, key_at(5, 1));
	peers_put(*state, key_at(5, 1), local);
	peers_forget(*state, key_at(5, 1));
	assert_false(peers_find(*state, key_at(5, 1), &found));
	assert_int_equal(table_entries(*state), 0);
	peers_put(*state, key_at(5, 1), local);
	assert_true(table_has(*state, key_at(5, 1), local));
}

/* Keys of one first bucket are found wherever they had to go, whichever others are deleted. */
static void finds_behind_forgotten(void **state)
{
	enum { COUNT = 4 * SLOTS };
	struct local found;

	for (uint32_t i = 1; i <= COUNT; i++)
		assert_true(peers_put(*state, key_at(5, i), nth_local(i)));
	for (uint32_t i = 2; i <= COUNT; i += 2)
		peers_forget(*state, key_at(5, i));
	for (uint32_t i = 1; i <= COUNT; i++) {
		if (i % 2)
			assert_true(table_has(*state, key_at(5, i), nth_local(i)));
		else
			assert_false(peers_find(*state, key_at(5, i), &found));
	}
}

static void same_name_twice_is_one_entry(void **state)
{
	for (uint32_t i = 0; i < 2 * SLOTS; i++) {
		table_wait(*state, 1);
		peers_put(*state, key_at(5, 1), nth_local(i % 3));
		assert_int_equal(table_entries(*state), 1);
	}
}

/* A key that lies behind a free slot is not remembered a second time in front. */
static void keeps_one_entry_behind_free_slot(void **state)
{
	struct local found;

	for (uint32_t i = 1; i <= SLOTS + 1; i++)
		peers_put(*state, key_at(5, i), nth_local(i));
	peers_forget(*state, key_at(5, 1));
	peers_put(*state, key_at(5, SLOTS), nth_local(99));
	peers_put(*state, key_at(5, SLOTS + 1), nth_local(99));
	assert_int_equal(table_entries(*state), SLOTS);
	peers_forget(*state, key_at(5, SLOTS));
	peers_forget(*state, key_at(5, SLOTS + 1));
	assert_false(peers_find(*state, key_at(5, SLOTS), &found));
	assert_false(peers_find(*state, key_at(5, SLOTS + 1), &found));
}

static void reuses_free_slots(void **state)
{
	for (uint32_t i = 1; i <= SLOTS; i++)
		peers_put(*state, key_of_first_bucket(i), nth_local(i));
	for (uint32_t i = SLOTS + 1; i < 100; i++) {
		peers_forget(*state, key_of_first_bucket(i - SLOTS));
		assert_true(peers_put(*state, key_of_first_bucket(i), nth_local(i)));
		for (uint32_t j = i - SLOTS + 1; j <= i; j++)
			assert_true(table_has(*state, key_of_first_bucket(j), nth_local(j)));
	}
}

static bool has_free_slot(const struct peer_bucket *bucket)
{
	for (int i = 0; i < SLOTS; i++)
		if (!bucket->slot[i])
			return true;
	return false;
}

static void fill(struct peers *peers, uint32_t bucket)
{
	for (uint32_t n = 1000; has_free_slot(&peers->buckets[bucket]); n++)
		assert_true(peers_put(peers, key_at(bucket, n), nth_local(1)));
}

/* In the first bucket while that has room, then in the second and in the third of its buckets. */
static void finds_in_each_of_its_buckets(void **state)
{
	struct peers *peers = *state;
	struct peer_bucket before[FIXED_BUCKETS];
	struct peer_key key = key_at(5, 1);
	int buckets[3];

	for (int way = 0; way < 3; way++) {
		memcpy(before, peers->buckets, sizeof(before));
		assert_true(peers_put(peers, key, nth_local(7)));
		assert_true(table_has(peers, key, nth_local(7)));
		buckets[way] = table_changed(peers, before);
		assert_true(peers_put(peers, key, nth_local(8)));
		assert_true(table_has(peers, key, nth_local(8)));
		peers_forget(peers, key);
		assert_int_equal(table_changed(peers, before), -1);
		fill(peers, (uint32_t)buckets[way]);
	}
	assert_int_equal(buckets[0], 5);
	assert_true(buckets[1] != 5 && buckets[2] != 5 && buckets[1] != buckets[2]);
	assert_false(peers_put(peers, key, nth_local(7)));
	assert_true(table_has(peers, key, nth_local(7)));
}

/* A key that has two entries, as after a writer was killed, has one after the next change. */
static void duplicate_is_deleted(void **state)
{
	struct peers *peers = *state;
	struct peer_key key = key_at(5, 1);

	for (uint32_t i = 0; i < SLOTS; i++) {
		uint64_t *slots = peers->buckets[5].slot, word;
		uint32_t at = 0;

		peers_put(peers, key, nth_local(1));
		while (!slots[at])
			at++;
		word = slots[at];
		peers_put(peers, key, nth_local(2));
		slots[(at + 1 + i) % SLOTS] = word;
		if (i == SLOTS - 1)
			break;
		assert_int_equal(table_entries(peers), 2);
		peers_put(peers, key, nth_local(3 + i));
		assert_int_equal(table_entries(peers), 1);
		assert_true(table_has(peers, key, nth_local(3 + i)));
		peers_forget(peers, key);
	}
}

/* Both entries of such a key are forgotten. */
static void duplicates_are_forgotten(void **state)
{
	struct peers *peers = *state;
	struct peer_key key = key_at(5, 1);
	struct local found;
	uint64_t word = 0;

	peers_put(peers, key, nth_local(1));
	for (int i = 0; i < SLOTS; i++)
		word |= peers->buckets[5].slot[i];
	for (int i = 0; i < 3; i++)
		peers->buckets[5].slot[i] = word;
	peers_forget(peers, key);
	assert_false(peers_find(peers, key, &found));
	assert_int_equal(table_entries(peers), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		table_test(finds_nothing_in_empty_table),
		table_test(finds_what_was_put),
		table_test(newest_value_wins),
		table_test(remembers_that_there_is_no_source),
		table_test(forgets),
		table_test(finds_behind_forgotten),
		table_test(same_name_twice_is_one_entry),
		table_test(keeps_one_entry_behind_free_slot),
		table_test(reuses_free_slots),
		table_test(finds_in_each_of_its_buckets),
		table_test(duplicate_is_deleted),
		table_test(duplicates_are_forgotten),
	};

	return cmocka_run_group_tests_name("peers: memory", tests, NULL, NULL);
}
