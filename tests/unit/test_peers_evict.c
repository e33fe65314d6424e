// SPDX-License-Identifier: MIT
// A full table forgets the peer heard from longest ago among those it can choose from.

#include "table.h"

enum { ENTRIES = 256, WAYS_MAX = 64 };

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

static struct local nth_local(uint32_t n)
{
	return (struct local){ .address = address_map((struct in_addr){ htonl(0xc0000200 + n) }),
			       .ifindex = 1 };
}

/* Puts names of one home until one more would cost another its place; returns how many fit. */
static uint32_t fill_home(struct peers *peers, uint32_t home)
{
	for (uint32_t n = 0; n < WAYS_MAX; n++) {
		struct peers probe = table_make(ENTRIES);
		struct local local = nth_local(n);
		bool fits;

		memcpy(probe.entries, peers->entries, ENTRIES * sizeof(struct entry));
		fits = peers_put(&probe, name_at(home, n), &local);
		table_drop(&probe);
		if (!fits)
			return n;
		assert_true(peers_put(peers, name_at(home, n), &local));
	}
	fail_msg("one home holds more than %d names", WAYS_MAX);
	return 0;
}

static void holds_many_of_one_home(void **state)
{
	uint32_t ways = fill_home(*state, 7);
	struct local found;

	assert_true(ways >= 4);
	for (uint32_t n = 0; n < ways; n++) {
		struct local local = nth_local(n);

		assert_true(peers_find(*state, name_at(7, n), &found));
		assert_true(is_same(&found, &local));
	}
}

static void forgets_the_oldest(void **state)
{
	uint32_t ways = fill_home(*state, 7);
	struct local found;

	for (uint32_t n = ways; n < 4 * ways; n++) {
		struct local local = nth_local(n);

		assert_false(peers_put(*state, name_at(7, n), &local));
		assert_true(peers_find(*state, name_at(7, n), &found));
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(peers_find(*state, name_at(7, i), &found), i > n - ways);
	}
}

/* Whoever is heard again is not the oldest any more, with the same address and with another. */
static void hearing_again_makes_young(void **state)
{
	uint32_t ways = fill_home(*state, 7);
	struct local found, same = nth_local(0), other = nth_local(99);

	/* Elsewhere so much is put that the entries of this home look old. */
	for (uint32_t n = 0; n < ENTRIES; n++)
		peers_put(*state, name_at(100 + n % 100, n), &same);
	peers_put(*state, name_at(7, 0), &same);
	peers_put(*state, name_at(7, 1), &other);
	for (uint32_t n = 0; n < ways - 2; n++)
		assert_false(peers_put(*state, name_at(7, 100 + n), &same));
	assert_true(peers_find(*state, name_at(7, 0), &found));
	assert_true(is_same(&found, &same));
	assert_true(peers_find(*state, name_at(7, 1), &found));
	assert_true(is_same(&found, &other));
	for (uint32_t n = 2; n < ways; n++)
		assert_false(peers_find(*state, name_at(7, n), &found));
}

static void takes_forgotten_places_first(void **state)
{
	uint32_t ways = fill_home(*state, 7);
	struct local found, local = nth_local(50);

	peers_forget(*state, name_at(7, ways - 1));
	peers_forget(*state, name_at(7, 3));
	assert_true(peers_put(*state, name_at(7, 100), &local));
	assert_true(peers_put(*state, name_at(7, 101), &local));
	assert_false(peers_put(*state, name_at(7, 102), &local));
	assert_true(peers_find(*state, name_at(7, 100), &found));
	assert_true(peers_find(*state, name_at(7, 101), &found));
}

/* An entry that says so already stays unwritten: processors share its cache line. */
static void writes_nothing_new(void **state)
{
	struct peers *peers = *state;
	struct entry *before = malloc(ENTRIES * sizeof(*before));
	struct local local = nth_local(1);
	uint32_t clock;

	peers_put(peers, name_at(7, 1), &local);
	memcpy(before, peers->entries, ENTRIES * sizeof(*before));
	clock = *peers->clock;
	for (int i = 0; i < 1000; i++)
		peers_put(peers, name_at(7, 1), &local);
	assert_memory_equal(before, peers->entries, ENTRIES * sizeof(*before));
	assert_int_equal(*peers->clock, clock);
	free(before);
}

/* Far more names than entries: the one just put is always there, and nothing found is wrong. */
static void overfull_table_stays_right(void **state)
{
	uint32_t count = 0;
	struct local found;

	for (uint32_t n = 0; n < 20 * ENTRIES; n++) {
		struct local local = nth_local(n);

		peers_put(*state, name_at(n * 37, n), &local);
		assert_true(peers_find(*state, name_at(n * 37, n), &found));
		assert_true(is_same(&found, &local));
	}
	for (uint32_t n = 0; n < 20 * ENTRIES; n++) {
		struct local local = nth_local(n);

		if (!peers_find(*state, name_at(n * 37, n), &found))
			continue;
		assert_true(is_same(&found, &local));
		count++;
	}
	assert_in_range(count, ENTRIES / 2, ENTRIES);
}

/* The clock of a table wraps round after 2^32 entries: younger ones are still younger. */
static void survives_wrap_of_clock(void **state)
{
	struct peers *peers = *state;
	uint32_t ways;
	struct local found, local = nth_local(1);

	*peers->clock = UINT32_MAX - 5;
	ways = fill_home(peers, 7);
	peers_put(peers, name_at(7, 100), &local);
	assert_false(peers_find(peers, name_at(7, 0), &found));
	for (uint32_t n = 1; n < ways; n++)
		assert_true(peers_find(peers, name_at(7, n), &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(holds_many_of_one_home, make, drop),
		cmocka_unit_test_setup_teardown(forgets_the_oldest, make, drop),
		cmocka_unit_test_setup_teardown(hearing_again_makes_young, make, drop),
		cmocka_unit_test_setup_teardown(takes_forgotten_places_first, make, drop),
		cmocka_unit_test_setup_teardown(writes_nothing_new, make, drop),
		cmocka_unit_test_setup_teardown(overfull_table_stays_right, make, drop),
		cmocka_unit_test_setup_teardown(survives_wrap_of_clock, make, drop),
	};

	return cmocka_run_group_tests_name("peers: evict", tests, NULL, NULL);
}
