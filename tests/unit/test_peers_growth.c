// SPDX-License-Identifier: MIT
// The table grows with what is in it, and nothing is lost or becomes old by that.

#include "bounds.h"
#include "table.h"

static int make(void **state)
{
	struct peers *peers = malloc(sizeof(*peers));

	*peers = table_make(PEERS_DEFAULT);
	*state = peers;
	return 0;
}

static struct names nth_names(uint32_t n)
{
	struct peer peer = { .host = nth_local(n).address, .port = htons(53) };

	return names_of_peer(&table_key, peer, names_salt(&table_key, 1));
}

static struct name nth_name(uint32_t n)
{
	struct names names = nth_names(n);

	return name_of_peer(&names);
}

static void starts_small(void **state)
{
	assert_int_equal(table_extent(*state), SETS_LEAST);
}

static void keeps_all_at_every_growth(void **state)
{
	enum { COUNT = 3000 };
	uint32_t growths = 0;

	for (uint32_t n = 0; n < COUNT; n++) {
		uint32_t extent = table_extent(*state);

		assert_true(peers_put(*state, nth_name(n), nth_local(n % 16)));
		if (table_extent(*state) == extent)
			continue;
		/* A crowded set, and one whose turn it was. */
		assert_in_range(table_extent(*state), extent + 1, extent + 2);
		growths += table_extent(*state) - extent;
		for (uint32_t i = 0; i <= n; i++)
			assert_true(table_has(*state, nth_name(i), nth_local(i % 16)));
	}
	assert_int_equal(table_entries(*state), COUNT);
	assert_true(growths > COUNT / SLOTS - SETS_LEAST);
}

/* In all of it, from the first set to the last. */
static void keeps_all_until_full_grown(void **state)
{
	struct peers *peers = *state;
	uint32_t n = 0;

	for (; table_extent(peers) <= peers->last; n++)
		assert_true(peers_put(peers, nth_name(n), nth_local(n % 16)));
	assert_true(n > (peers->last + 1) * SLOTS / 4);
	for (uint32_t i = 0; i < n; i++)
		assert_true(table_has(peers, nth_name(i), nth_local(i % 16)));
	for (uint32_t i = 0; i < 4 * SLOTS * peers->last; i++)
		peers_put(peers, nth_name(n + i), nth_local(1));
	assert_int_equal(table_extent(peers), peers->last + 1);
}

/* What fits nobody's cache is slow: pages and lines are touched as peers come. */
static void few_peers_use_few_sets(void **state)
{
	enum { COUNT = 1000, BYTES = 128 * 1024 };
	struct peers *peers = *state;

	for (int round = 0; round < 20; round++) {
		for (uint32_t n = 0; n < COUNT; n++) {
			struct names names = nth_names(n);

			peers_confirm(peers, &names, nth_local(n % 5));
		}
		table_wait(peers, 1);
	}
	print_message("%u peers in %zu bytes\n", COUNT,
		      table_extent(peers) * sizeof(struct peer_set));
	assert_true(table_extent(peers) * sizeof(struct peer_set) < BYTES);
	for (uint32_t set = table_extent(peers); set <= peers->last; set++)
		for (int i = 0; i < SLOTS; i++)
			assert_true(!peers->sets[set].slot[i]);
}

/*
 * Somebody began to let the table grow and was killed: copies of entries are in the set that comes
 * next. Returns how many.
 */
static uint32_t leave_half_grown(struct peers *peers)
{
	uint32_t count = table_extent(peers), half = UINT32_C(1) << (31 - __builtin_clz(count));
	const struct peer_set *from = &peers->sets[count - half];
	uint64_t moves = (uint64_t)half << SETS_SHIFT;
	uint32_t used = 0;

	for (int i = 0; i < SLOTS; i++)
		if (from->slot[i] & moves)
			peers->sets[count].slot[used++] = from->slot[i];
	return used;
}

/* What is heard after that is newer than the copies, and what was forgotten stays so. */
static void half_growth_makes_nothing_old(void **state)
{
	enum { COUNT = 2000 };
	struct peers *peers = *state;
	uint32_t copies = 0;
	struct local found;

	for (uint32_t n = 0; n < COUNT; n++) {
		uint32_t extent = table_extent(peers);

		peers_put(peers, nth_name(n), nth_local(1));
		if (table_extent(peers) == extent)
			continue;
		extent = table_extent(peers);
		copies += leave_half_grown(peers);
		for (uint32_t i = 0; i <= n; i++)
			peers_put(peers, nth_name(i), nth_local(2 + n));
		peers_forget(peers, nth_name(n));
		for (uint32_t i = 0; table_extent(peers) == extent; i++)
			peers_put(peers, nth_name(COUNT + i), nth_local(1));
		for (uint32_t i = 0; i < n; i++)
			assert_true(table_has(peers, nth_name(i), nth_local(2 + n)));
		assert_false(peers_find(peers, nth_name(n), &found));
	}
	assert_true(copies > COUNT / SLOTS);
}

/* Killed a moment later: the new set is in use, and what is in it is in the old one too. */
static void half_moved_is_found(void **state)
{
	enum { COUNT = 2000 };
	struct peers *peers = *state;

	for (uint32_t n = 0; n < COUNT; n++) {
		uint32_t extent = table_extent(peers);

		peers_put(peers, nth_name(n), nth_local(n % 16));
		if (table_extent(peers) == extent || n % 3)
			continue;
		leave_half_grown(peers);
		peers->state->extent = peers_extent_of(table_extent(peers) + 1);
		for (uint32_t i = 0; i <= n; i++) {
			assert_true(table_has(peers, nth_name(i), nth_local(i % 16)));
			peers_put(peers, nth_name(i), nth_local(1 + i % 16));
			assert_true(table_has(peers, nth_name(i), nth_local(1 + i % 16)));
			peers_put(peers, nth_name(i), nth_local(i % 16));
		}
	}
	for (uint32_t n = 0; n < COUNT; n++)
		assert_true(table_has(peers, nth_name(n), nth_local(n % 16)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(starts_small, make, table_teardown),
		cmocka_unit_test_setup_teardown(keeps_all_at_every_growth, make, table_teardown),
		cmocka_unit_test_setup_teardown(keeps_all_until_full_grown, make, table_teardown),
		cmocka_unit_test_setup_teardown(few_peers_use_few_sets, make, table_teardown),
		cmocka_unit_test_setup_teardown(half_growth_makes_nothing_old, make,
						table_teardown),
		cmocka_unit_test_setup_teardown(half_moved_is_found, make, table_teardown),
	};

	return cmocka_run_group_tests_name("peers: growth", tests, NULL, NULL);
}
