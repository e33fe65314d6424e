// SPDX-License-Identifier: MIT
// The fast check for every datagram: it writes nothing, and is true only for what is remembered.

#include "table.h"

static struct peer_hash nth_hash(uint32_t n)
{
	struct peer peer = { .host = nth_local(n).address, .port = htons(53) };

	return peer_hash_of(&table_secret, peer, peer_salt(&table_secret, 1, 0));
}

static struct peer_key nth_key(uint32_t n)
{
	struct peer_hash hash = nth_hash(n);

	return key_of_peer(&hash, htons(PORT));
}

/* Does it say so without a write? Processors share these cache lines. */
static bool knows(struct peers *peers, struct peer_key key, struct local local)
{
	bool is_known;

	table_protect(peers, true);
	is_known = peers_knows(peers, key, local);
	table_protect(peers, false);
	return is_known;
}

static void knows_what_was_put(void **state)
{
	for (uint32_t n = 1; n <= 40; n++) {
		struct peer_key key = nth_key(n);
		struct local local = nth_local(100 + n % 3);

		assert_false(knows(*state, key, local));
		peers_put(*state, key, local);
		assert_true(knows(*state, key, local));
		peers_forget(*state, key);
		assert_false(knows(*state, key, local));
		peers_put(*state, key, local);
		assert_int_equal(table_entries(*state), n);
	}
}

/* A peer and its host have one first bucket, and are told apart there. */
static void knows_peer_and_host_apart(void **state)
{
	struct peer_hash hash = nth_hash(1);
	struct peer_key all[] = {
		key_of_peer(&hash, htons(PORT)),
		key_of_host(&hash, htons(PORT)),
		key_of_past(&hash, htons(PORT)),
	};

	for (uint32_t i = 0; i < 3; i++)
		peers_put(*state, all[i], nth_local(i));
	for (uint32_t i = 0; i < 3; i++)
		for (uint32_t j = 0; j < 3; j++)
			assert_int_equal(knows(*state, all[i], nth_local(j)), i == j);
}

/* All parts of the local address are part of what is known. */
static void knows_nothing_else(void **state)
{
	struct local local = local_of("192.0.2.1", 1);
	struct local others[] = { local, local, local, local, local };

	others[0].ifindex = 2;
	others[1].port = htons(PORT + 1);
	others[2].state = 1;
	others[3].address = address_of("192.0.2.2");
	others[4].half[0] = 1;
	peers_put(*state, nth_key(1), local);
	assert_true(knows(*state, nth_key(1), local));
	for (uint32_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		/* These are local addresses in use: another peer asked there. */
		peers_put(*state, nth_key(2), others[i]);
		assert_true(knows(*state, nth_key(2), others[i]));
		assert_false(knows(*state, nth_key(1), others[i]));
		assert_true(knows(*state, nth_key(1), local));
	}
}

static void newest_value_wins(void **state)
{
	for (uint32_t i = 0; i < 100; i++) {
		table_learn(*state, nth_key(1), nth_local(i / 2 % 3));
		assert_true(table_has(*state, nth_key(1), nth_local(i / 2 % 3)));
		assert_true(knows(*state, nth_key(1), nth_local(i / 2 % 3)));
		assert_int_equal(table_entries(*state), 1);
		table_wait(*state, i % 5 == 0);
	}
}

/* An entry in use never gets old, wherever the ticks begin. */
static void stays_young(void **state)
{
	for (int i = 0; i < 200; i++) {
		table_learn(*state, nth_key(1), nth_local(1));
		assert_in_range(table_age(*state, nth_key(1)), 0, TICKS_YOUNG);
		table_wait(*state, 1);
	}
}

/* Somebody else keeps the local address fresh; the entry is known while it is young. */
static void knows_young_entries(void **state)
{
	struct local local = nth_local(1);

	for (uint32_t start = 0; start < 70; start++) {
		peers_put(*state, nth_key(1), local);
		for (uint32_t age = 0; age < 40; age++) {
			bool may_wrap = (peers_tick(*state) & TICK_MASK) < age;

			peers_put(*state, nth_key(2), local);
			if (age > TICKS_YOUNG)
				assert_false(knows(*state, nth_key(1), local));
			else if (!may_wrap)
				assert_true(knows(*state, nth_key(1), local));
			table_wait(*state, 1);
		}
	}
}

/* A local address that was not used in this tick is to be put again. */
static void keeps_local_addresses_fresh(void **state)
{
	peers_put(*state, nth_key(1), nth_local(1));
	table_wait(*state, 1);
	assert_false(knows(*state, nth_key(1), nth_local(1)));
	peers_put(*state, nth_key(2), nth_local(1));
	assert_true(knows(*state, nth_key(1), nth_local(1)));
}

static void putting_writes_nothing_that_is_known(void **state)
{
	struct peer_key key = key_at(5, 1);

	peers_put(*state, key, nth_local(1));
	table_protect(*state, true);
	peers_put(*state, key, nth_local(1));
	table_protect(*state, false);
}

/* Says what is known already; not even the same is written. */
static void learn_without_writing(struct peers *peers, struct peer_key key, struct local local)
{
	table_protect(peers, true);
	table_learn(peers, key, local);
	table_protect(peers, false);
}

/* Others of that host take its first bucket, so the peer is in another of its buckets. */
static void writes_nothing_that_is_known_elsewhere(void **state)
{
	struct peer_key key;

	for (uint32_t port = 0; port < 3 * SLOTS; port++) {
		struct peer peer = { .host = nth_local(1).address, .port = port };
		struct peer_hash hash =
			peer_hash_of(&table_secret, peer, peer_salt(&table_secret, 1, 0));

		key = key_of_peer(&hash, htons(PORT));
		table_learn(*state, key, nth_local(1));
	}
	assert_false(knows(*state, key, nth_local(1)));
	learn_without_writing(*state, key, nth_local(1));
	assert_true(table_has(*state, key, nth_local(1)));
}

/* Local addresses with one first slot: all but the first are at another of their slots. */
static void writes_nothing_of_displaced_local(void **state)
{
	struct peers *peers = *state;
	uint32_t count = 0, first = 0;

	for (uint32_t n = 1; count < 3; n++) {
		uint32_t at = local_first_slot(&peers->locals, &table_secret,
					       local_hash(&table_secret, nth_local(n)));

		if (count && at != first)
			continue;
		first = at;
		table_learn(peers, nth_key(n), nth_local(n));
		learn_without_writing(peers, nth_key(n), nth_local(n));
		assert_true(table_has(peers, nth_key(n), nth_local(n)));
		assert_int_equal(knows(peers, nth_key(n), nth_local(n)), !count);
		count++;
	}
}

/* A later address takes the slot of the local address, which then comes back. */
static void knows_no_local_that_was_evicted(void **state)
{
	struct peers *peers = *state;
	uint32_t first = local_first_slot(&peers->locals, &table_secret,
					  local_hash(&table_secret, nth_local(1)));
	struct local_slot *slot = &peers->locals.slots[first], before;

	peers_put(peers, nth_key(1), nth_local(1));
	assert_true(knows(peers, nth_key(1), nth_local(1)));
	before = *slot;
	slot->generation += 1;
	assert_false(knows(peers, nth_key(1), nth_local(1)));
	slot->generation += 1;
	assert_false(knows(peers, nth_key(1), nth_local(1)));
	*slot = before;
	assert_true(knows(peers, nth_key(1), nth_local(1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		table_test(knows_what_was_put),
		table_test(knows_peer_and_host_apart),
		table_test(knows_nothing_else),
		table_test(newest_value_wins),
		table_test(stays_young),
		table_test(knows_young_entries),
		table_test(keeps_local_addresses_fresh),
		table_test(putting_writes_nothing_that_is_known),
		table_test(writes_nothing_that_is_known_elsewhere),
		table_test(writes_nothing_of_displaced_local),
		table_test(knows_no_local_that_was_evicted),
	};

	return cmocka_run_group_tests_name("peers: the fast check", tests, NULL, NULL);
}
