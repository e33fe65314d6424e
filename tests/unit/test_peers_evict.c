// SPDX-License-Identifier: MIT
// A full table forgets a peer heard from longest ago among those it can choose from.

#include "table.h"

/* Fills the first set, a tick after the other. */
static void fill_first_set(struct peers *peers)
{
	for (uint32_t n = 1; n <= SLOTS; n++) {
		assert_true(peers_put(peers, name_of_first_set(n), nth_local(n)));
		table_wait(peers, 1);
	}
}

static void holds_many_of_one_home(void **state)
{
	enum { LEAST = 64 };
	uint32_t count = 0;

	while (peers_put(*state, name_at(7, count + 1), nth_local(count + 1)))
		count++;
	assert_in_range(count, LEAST, FIXED_SLOTS);
	for (uint32_t n = 2; n <= count; n++)
		assert_true(table_is_right(*state, name_at(7, n), nth_local(n)));
	assert_true(table_has(*state, name_at(7, count + 1), nth_local(count + 1)));
	assert_int_equal(table_entries(*state), count);
}

static void forgets_the_oldest(void **state)
{
	struct local found;

	fill_first_set(*state);
	for (uint32_t n = SLOTS + 1; n < 20 * SLOTS; n++) {
		assert_false(peers_put(*state, name_of_first_set(n), nth_local(n)));
		table_wait(*state, 1);
		assert_true(table_has(*state, name_of_first_set(n), nth_local(n)));
		for (uint32_t i = 1; i < n; i++)
			assert_int_equal(peers_find(*state, name_of_first_set(i), &found),
					 i > n - SLOTS);
	}
}

/* Fills all sets, and lets one entry be older than all others. Returns its set. */
static uint32_t fill_with_one_old(struct peers *peers, struct name old)
{
	struct peer_set before[SETS_LEAST];
	int set;

	memcpy(before, peers->sets, sizeof(before));
	peers_put(peers, old, nth_local(1));
	set = table_changed(peers, before);
	table_wait(peers, 1);
	for (uint32_t n = 0; table_entries(peers) < FIXED_SLOTS; n++)
		peers_put(peers, name_at(n % SETS_LEAST, 1 + n / SETS_LEAST), nth_local(2));
	assert_true(table_has(peers, old, nth_local(1)));
	return (uint32_t)set;
}

/* It is in the second or third of a new name's sets, which gets its place all the same. */
static void forgets_the_oldest_of_all_its_sets(void **state)
{
	struct peers *peers = *state;
	struct name old = name_at(40, 1000000);
	uint32_t set = fill_with_one_old(peers, old), n = 0;
	struct peer_set *before = malloc(SETS_LEAST * sizeof(*before));
	struct local found;

	memcpy(before, peers->sets, SETS_LEAST * sizeof(*before));
	do {
		assert_true(n++ < 100 * SETS_LEAST);
		memcpy(peers->sets, before, SETS_LEAST * sizeof(*before));
		assert_false(peers_put(peers, name_at(7, 2000000 + n), nth_local(2)));
	} while ((uint32_t)table_changed(peers, before) != set);
	assert_false(peers_find(peers, old, &found));
	free(before);
}

/* Whoever is heard again is not the oldest any more, with the same address and with another. */
static void hearing_again_makes_young(void **state)
{
	struct local found;

	fill_first_set(*state);
	peers_put(*state, name_of_first_set(1), nth_local(1));
	peers_put(*state, name_of_first_set(2), nth_local(99));
	for (uint32_t n = 0; n < SLOTS - 2; n++)
		assert_false(peers_put(*state, name_of_first_set(100 + n), nth_local(1)));
	assert_true(table_has(*state, name_of_first_set(1), nth_local(1)));
	assert_true(table_has(*state, name_of_first_set(2), nth_local(99)));
	for (uint32_t n = 3; n <= SLOTS; n++)
		assert_false(peers_find(*state, name_of_first_set(n), &found));
}

static void takes_forgotten_places_first(void **state)
{
	fill_first_set(*state);
	peers_forget(*state, name_of_first_set(SLOTS));
	peers_forget(*state, name_of_first_set(3));
	assert_true(peers_put(*state, name_of_first_set(100), nth_local(1)));
	assert_true(peers_put(*state, name_of_first_set(101), nth_local(1)));
	assert_true(table_has(*state, name_of_first_set(1), nth_local(1)));
	assert_false(peers_put(*state, name_of_first_set(102), nth_local(1)));
	assert_true(table_has(*state, name_of_first_set(100), nth_local(1)));
	assert_true(table_has(*state, name_of_first_set(101), nth_local(1)));
}

/* Far more names than entries: the one just put is always there, and nothing found is wrong. */
static void overfull_table_stays_right(void **state)
{
	uint32_t count = 0;
	struct local found;

	for (uint32_t n = 0; n < 40 * FIXED_SLOTS; n++) {
		struct name name = name_at(n * 37 % SETS_LEAST, n);

		peers_put(*state, name, nth_local(n));
		assert_true(table_has(*state, name, nth_local(n)));
	}
	for (uint32_t n = 0; n < 40 * FIXED_SLOTS; n++) {
		struct name name = name_at(n * 37 % SETS_LEAST, n);

		assert_true(table_is_right(*state, name, nth_local(n)));
		count += peers_find(*state, name, &found);
	}
	assert_in_range(count, FIXED_SLOTS * 3 / 4, FIXED_SLOTS);
}

/* Names that go on being heard outlive any number of others that are heard once. */
static void heard_again_outlive_a_flood(void **state)
{
	enum { REGULARS = 50 };

	for (uint32_t n = 1; n < 100 * FIXED_SLOTS; n++) {
		peers_put(*state, name_at(n % SETS_LEAST, 1000 + n), nth_local(n % 9));
		if (n % 16)
			continue;
		for (uint32_t i = 1; i <= REGULARS; i++) {
			if (n > FIXED_SLOTS)
				assert_true(table_has(*state, name_at(i, i), nth_local(i % 9)));
			peers_put(*state, name_at(i, i), nth_local(i % 9));
		}
	}
}

/* A tick is a 32nd of the slots, in new entries. */
static void ticks_go_on_with_new_entries(void **state)
{
	uint32_t tick = peers_tick(*state), n = 0;

	for (; n < FIXED_SLOTS; n++)
		peers_put(*state, name_at(n % SETS_LEAST, n), nth_local(1));
	assert_in_range(peers_tick(*state) - tick, 31, 33);
	tick = peers_tick(*state);
	for (uint32_t i = 0; i < FIXED_SLOTS; i++)
		peers_put(*state, name_at((n - 1) % SETS_LEAST, n - 1), nth_local(1));
	assert_int_equal(peers_tick(*state), tick);
}

/* The clock wraps round after 2^32 entries, ticks before that, entries' ticks every 64. */
static void survives_wrap_of_clock(void **state)
{
	static const uint32_t clocks[] = { UINT32_MAX - 100, UINT32_MAX / 2 - 100, 0, 900 };

	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		struct peers *peers = *state;

		memset(peers->sets, 0, SETS_LEAST * sizeof(*peers->sets));
		peers->state->clock = clocks[i];
		peers->state->tick = clocks[i] >> peers->tick_shift;
		for (uint32_t n = 1; n < 2000; n++) {
			peers_put(peers, name_at(n % SETS_LEAST, 1000 + n), nth_local(n % 9));
			if (n % 16)
				continue;
			if (n > 100)
				assert_true(table_has(peers, name_at(3, 3), nth_local(3)));
			peers_put(peers, name_at(3, 3), nth_local(3));
			assert_int_equal(peers_age(peers, name_at(3, 3)), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		table_test(holds_many_of_one_home),
		table_test(forgets_the_oldest),
		table_test(forgets_the_oldest_of_all_its_sets),
		table_test(hearing_again_makes_young),
		table_test(takes_forgotten_places_first),
		table_test(overfull_table_stays_right),
		table_test(heard_again_outlive_a_flood),
		table_test(ticks_go_on_with_new_entries),
		table_test(survives_wrap_of_clock),
	};

	return cmocka_run_group_tests_name("peers: evict", tests, NULL, NULL);
}
