// SPDX-License-Identifier: MIT
// What was put is found, the newest value of it, until it is forgotten.

#include "table.h"

enum { ENTRIES = 64 };

static int make(void **state)
{
	struct peers *peers = malloc(sizeof(*peers));

	*peers = table_make(ENTRIES);
	*state = peers;
	return 0;
}

static int drop(void **state)
{
	table_drop(*state);
	free(*state);
	return 0;
}

static void finds_nothing_in_empty_table(void **state)
{
	struct local local;

	for (uint32_t home = 0; home < ENTRIES; home++)
		assert_false(peers_find(*state, name_at(home, 1), &local));
	assert_int_equal(peers_age(*state, name_at(0, 1)), UINT32_MAX);
}

static void finds_what_was_put(void **state)
{
	struct local found;

	for (uint32_t i = 0; i < TWINS; i++) {
		struct local local = local_of(twins[i].first, i + 1);

		assert_true(peers_put(*state, name_at(5, i), &local));
		assert_true(peers_find(*state, name_at(5, i), &found));
		assert_true(is_same(&found, &local));
		assert_false(peers_find(*state, name_at(5, i + 100), &found));
	}
}

static void newest_value_wins(void **state)
{
	struct local found;

	for (uint32_t i = 0; i < TWINS; i++) {
		struct local first = local_of(twins[i].first, 1);
		struct local second = local_of(twins[i].second, 1);
		struct local elsewhere = local_of(twins[i].second, 2);

		peers_put(*state, name_at(5, i), &first);
		peers_put(*state, name_at(5, i), &second);
		assert_true(peers_find(*state, name_at(5, i), &found));
		assert_true(is_same(&found, &second));
		peers_put(*state, name_at(5, i), &elsewhere);
		assert_true(peers_find(*state, name_at(5, i), &found));
		assert_true(is_same(&found, &elsewhere));
	}
}

/* A broadcast's entry: known, and no source. It takes the place of an address and the reverse. */
static void remembers_that_there_is_no_source(void **state)
{
	const struct local none = { .ifindex = 0 };
	struct local found, local = local_of("192.0.2.1", 1);

	peers_put(*state, name_at(5, 1), &none);
	assert_true(peers_find(*state, name_at(5, 1), &found));
	assert_true(is_same(&found, &none));
	peers_put(*state, name_at(5, 1), &local);
	peers_put(*state, name_at(5, 1), &none);
	assert_true(peers_find(*state, name_at(5, 1), &found));
	assert_true(is_same(&found, &none));
}

static void forgets(void **state)
{
	struct local found, local = local_of("192.0.2.1", 1);

	peers_forget(*state, name_at(5, 1));
	peers_put(*state, name_at(5, 1), &local);
	peers_forget(*state, name_at(5, 1));
	assert_false(peers_find(*state, name_at(5, 1), &found));
	peers_put(*state, name_at(5, 1), &local);
	assert_true(peers_find(*state, name_at(5, 1), &found));
}

/* Names of one home lie behind each other: the ones behind a forgotten one are found all the same.
 */
static void finds_behind_forgotten(void **state)
{
	struct local found, local = local_of("192.0.2.1", 1);

	for (uint32_t i = 0; i < 8; i++)
		peers_put(*state, name_at(5, i), &local);
	for (uint32_t i = 0; i < 8; i += 2)
		peers_forget(*state, name_at(5, i));
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(peers_find(*state, name_at(5, i), &found), i % 2);
}

/* A name that lies behind a free place is not remembered a second time in front. */
static void keeps_one_entry_a_name(void **state)
{
	struct local found, first = local_of("192.0.2.1", 1), second = local_of("192.0.2.2", 1);

	peers_put(*state, name_at(5, 1), &first);
	peers_put(*state, name_at(5, 2), &first);
	peers_forget(*state, name_at(5, 1));
	peers_put(*state, name_at(5, 2), &second);
	peers_forget(*state, name_at(5, 2));
	assert_false(peers_find(*state, name_at(5, 2), &found));
}

/* The last homes continue at the start of the table. */
static void goes_round_the_end(void **state)
{
	struct local found, local = local_of("192.0.2.1", 1);

	for (uint32_t i = 0; i < 8; i++)
		peers_put(*state, name_at(ENTRIES - 1, i), &local);
	for (uint32_t i = 0; i < 8; i++)
		assert_true(peers_find(*state, name_at(ENTRIES - 1, i), &found));
}

static void tells_age_in_entries(void **state)
{
	struct local local = local_of("192.0.2.1", 1);

	peers_put(*state, name_at(5, 1), &local);
	assert_int_equal(peers_age(*state, name_at(5, 1)), 0);
	peers_put(*state, name_at(9, 2), &local);
	peers_put(*state, name_at(9, 3), &local);
	assert_int_equal(peers_age(*state, name_at(5, 1)), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_nothing_in_empty_table, make, drop),
		cmocka_unit_test_setup_teardown(finds_what_was_put, make, drop),
		cmocka_unit_test_setup_teardown(newest_value_wins, make, drop),
		cmocka_unit_test_setup_teardown(remembers_that_there_is_no_source, make, drop),
		cmocka_unit_test_setup_teardown(forgets, make, drop),
		cmocka_unit_test_setup_teardown(finds_behind_forgotten, make, drop),
		cmocka_unit_test_setup_teardown(keeps_one_entry_a_name, make, drop),
		cmocka_unit_test_setup_teardown(goes_round_the_end, make, drop),
		cmocka_unit_test_setup_teardown(tells_age_in_entries, make, drop),
	};

	return cmocka_run_group_tests_name("peers: memory", tests, NULL, NULL);
}
