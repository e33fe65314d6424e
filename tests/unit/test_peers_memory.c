// SPDX-License-Identifier: MIT
// What was put is found, the newest value of it, until it is forgotten.

#include "table.h"

static void finds_nothing_in_empty_table(void **state)
{
	struct local local;

	for (uint32_t set = 0; set < SETS_LEAST; set++)
		assert_false(peers_find(*state, name_at(set, 1), &local));
	assert_int_equal(peers_age(*state, name_at(0, 1)), UINT32_MAX);
}

static void finds_what_was_put(void **state)
{
	struct local found;

	for (uint32_t i = 0; i < TWINS; i++) {
		struct local local = local_of(twins[i].first, i + 1);

		assert_true(peers_put(*state, name_at(5, 1 + i), local));
		assert_true(table_has(*state, name_at(5, 1 + i), local));
		assert_false(peers_find(*state, name_at(5, i + 100), &found));
		assert_false(peers_find(*state, name_at(6, 1 + i), &found));
	}
}

static void newest_value_wins(void **state)
{
	for (uint32_t i = 0; i < TWINS; i++) {
		struct local first = local_of(twins[i].first, 1);
		struct local second = local_of(twins[i].second, 1);
		struct local elsewhere = local_of(twins[i].second, 2);

		peers_put(*state, name_at(5, i), first);
		peers_put(*state, name_at(5, i), second);
		assert_true(table_has(*state, name_at(5, i), second));
		peers_put(*state, name_at(5, i), elsewhere);
		assert_true(table_has(*state, name_at(5, i), elsewhere));
	}
}

/* A broadcast's entry: known, and no source. It takes the place of an address and the reverse. */
static void remembers_that_there_is_no_source(void **state)
{
	const struct local none = { .ifindex = 0 };
	struct local local = local_of("192.0.2.1", 1);

	peers_put(*state, name_at(5, 1), none);
	assert_true(table_has(*state, name_at(5, 1), none));
	peers_put(*state, name_at(5, 1), local);
	assert_true(table_has(*state, name_at(5, 1), local));
	peers_put(*state, name_at(5, 1), none);
	assert_true(table_has(*state, name_at(5, 1), none));
}

static void forgets(void **state)
{
	struct local found, local = local_of("192.0.2.1", 1);

	peers_forget(*state, name_at(5, 1));
	peers_put(*state, name_at(5, 1), local);
	peers_forget(*state, name_at(5, 1));
	assert_false(peers_find(*state, name_at(5, 1), &found));
	assert_int_equal(table_entries(*state), 0);
	peers_put(*state, name_at(5, 1), local);
	assert_true(table_has(*state, name_at(5, 1), local));
}

/* Names that are at home in one set are found wherever they had to go, whoever else goes. */
static void finds_behind_forgotten(void **state)
{
	enum { COUNT = 4 * SLOTS };
	struct local found;

	for (uint32_t i = 1; i <= COUNT; i++)
		assert_true(peers_put(*state, name_at(5, i), nth_local(i)));
	for (uint32_t i = 2; i <= COUNT; i += 2)
		peers_forget(*state, name_at(5, i));
	for (uint32_t i = 1; i <= COUNT; i++) {
		if (i % 2)
			assert_true(table_has(*state, name_at(5, i), nth_local(i)));
		else
			assert_false(peers_find(*state, name_at(5, i), &found));
	}
}

static void same_name_twice_is_one_entry(void **state)
{
	for (uint32_t i = 0; i < 2 * SLOTS; i++) {
		table_wait(*state, 1);
		peers_put(*state, name_at(5, 1), nth_local(i % 3));
		assert_int_equal(table_entries(*state), 1);
	}
}

/* A name that lies behind a free slot is not remembered a second time in front. */
static void keeps_one_entry_behind_free_slot(void **state)
{
	struct local found;

	for (uint32_t i = 1; i <= SLOTS + 1; i++)
		peers_put(*state, name_at(5, i), nth_local(i));
	peers_forget(*state, name_at(5, 1));
	peers_put(*state, name_at(5, SLOTS), nth_local(99));
	peers_put(*state, name_at(5, SLOTS + 1), nth_local(99));
	assert_int_equal(table_entries(*state), SLOTS);
	peers_forget(*state, name_at(5, SLOTS));
	peers_forget(*state, name_at(5, SLOTS + 1));
	assert_false(peers_find(*state, name_at(5, SLOTS), &found));
	assert_false(peers_find(*state, name_at(5, SLOTS + 1), &found));
}

static void reuses_free_slots(void **state)
{
	for (uint32_t i = 1; i <= SLOTS; i++)
		peers_put(*state, name_of_first_set(i), nth_local(i));
	for (uint32_t i = SLOTS + 1; i < 100; i++) {
		peers_forget(*state, name_of_first_set(i - SLOTS));
		assert_true(peers_put(*state, name_of_first_set(i), nth_local(i)));
		for (uint32_t j = i - SLOTS + 1; j <= i; j++)
			assert_true(table_has(*state, name_of_first_set(j), nth_local(j)));
	}
}

static void fill(struct peers *peers, uint32_t set)
{
	for (uint32_t n = 1000; peers_set_has(&peers->sets[set], 0); n++)
		assert_true(peers_put(peers, name_at(set, n), nth_local(1)));
}

/* At home while that has room, then in the second and in the third of its sets. */
static void finds_in_each_of_its_sets(void **state)
{
	struct peers *peers = *state;
	struct peer_set before[SETS_LEAST];
	struct name name = name_at(5, 1);
	int sets[3];

	for (int way = 0; way < 3; way++) {
		memcpy(before, peers->sets, sizeof(before));
		assert_true(peers_put(peers, name, nth_local(7)));
		assert_true(table_has(peers, name, nth_local(7)));
		sets[way] = table_changed(peers, before);
		assert_true(peers_put(peers, name, nth_local(8)));
		assert_true(table_has(peers, name, nth_local(8)));
		peers_forget(peers, name);
		assert_int_equal(table_changed(peers, before), -1);
		fill(peers, (uint32_t)sets[way]);
	}
	assert_int_equal(sets[0], 5);
	assert_true(sets[1] != 5 && sets[2] != 5 && sets[1] != sets[2]);
	assert_false(peers_put(peers, name, nth_local(7)));
	assert_true(table_has(peers, name, nth_local(7)));
}

static void tells_age_in_ticks(void **state)
{
	peers_put(*state, name_at(5, 1), nth_local(1));
	for (uint32_t age = 0; age <= TICK_MASK; age++) {
		assert_int_equal(peers_age(*state, name_at(5, 1)), age);
		table_wait(*state, 1);
	}
	peers_put(*state, name_at(5, 1), nth_local(1));
	assert_int_equal(peers_age(*state, name_at(5, 1)), 0);
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
		table_test(finds_in_each_of_its_sets),
		table_test(tells_age_in_ticks),
	};

	return cmocka_run_group_tests_name("peers: memory", tests, NULL, NULL);
}
