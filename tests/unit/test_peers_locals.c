// SPDX-License-Identifier: MIT
// Local addresses are kept once each; one that lost its slot makes entries not found, never wrong.

#include "table.h"

static int make(void **state)
{
	struct peers *peers = malloc(sizeof(*peers));

	*peers = table_make(PEERS_DEFAULT);
	*state = peers;
	return 0;
}

static struct peer_hash nth_hash(uint32_t n)
{
	struct peer peer = { .host = nth_local(n).address, .port = htons(5060) };

	return peer_hash_of(&table_secret, peer, peer_salt(&table_secret, 1, 0));
}

static struct peer_key nth_key(uint32_t n)
{
	struct peer_hash hash = nth_hash(n);

	return key_of_peer(&hash, htons(PORT));
}

static uint32_t first_slot_of(const struct peers *peers, struct local local)
{
	return local_first_slot(&peers->locals, &table_secret, local_hash(&table_secret, local));
}

static uint32_t slots_used(const struct peers *peers)
{
	const struct local none = { .packed = 0 };
	uint32_t count = 0;

	for (uint32_t i = 0; i < table_locals(peers); i++)
		count += !locals_is_at(&peers->locals.slots[i], none);
	return count;
}

/* Each peer asked an address of its own. */
static void many_locals_are_right(void **state)
{
	static const struct {
		uint32_t peers, locals, least;
	} rows[] = {
		{ PEERS_DEFAULT, 1, 1 },
		{ PEERS_DEFAULT, 2, 2 },
		{ PEERS_DEFAULT, 300, 300 },
		{ PEERS_DEFAULT, 2048, 2000 },
		{ PEERS_DEFAULT, 4096, 3000 },
		{ PEERS_DEFAULT, 65536, 3000 },
		{ 2 * PEERS_DEFAULT, 4096, 4096 },
		{ 2 * PEERS_DEFAULT, 32768, 32000 },
		{ 2 * PEERS_DEFAULT, 65536, 50000 },
		{ 2 * PEERS_DEFAULT, 200000, 40000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct peers peers = table_make(rows[i].peers);
		uint32_t found = 0;

		for (uint32_t n = 0; n < rows[i].locals; n++) {
			peers_put(&peers, nth_key(n), nth_local(n));
			assert_true(table_has(&peers, nth_key(n), nth_local(n)));
		}
		for (uint32_t n = 0; n < rows[i].locals; n++) {
			assert_true(table_is_right(&peers, nth_key(n), nth_local(n)));
			found += table_has(&peers, nth_key(n), nth_local(n));
		}
		print_message("%u local addresses, a table for %u peers: %u found\n",
			      rows[i].locals, rows[i].peers, found);
		assert_true(found >= rows[i].least);
		table_drop(&peers);
	}
}

/* From the first datagram on: none is evicted as long as there are free slots for it. */
static void locals_with_one_home_stay(void **state)
{
	uint32_t of[LOCALS_SLOTS], count = 1;

	of[0] = 1;
	for (uint32_t n = 2; count < LOCALS_SLOTS; n++)
		if (first_slot_of(*state, nth_local(n)) == first_slot_of(*state, nth_local(1)))
			of[count++] = n;
	for (uint32_t i = 0; i < LOCALS_SLOTS; i++)
		peers_put(*state, nth_key(of[i]), nth_local(of[i]));
	for (uint32_t i = 0; i < LOCALS_SLOTS; i++)
		assert_true(table_has(*state, nth_key(of[i]), nth_local(of[i])));
}

static void each_is_kept_once(void **state)
{
	for (uint32_t n = 0; n < 5000; n++) {
		peers_put(*state, nth_key(n), nth_local(n % 5));
		table_wait(*state, n % 100 == 0);
	}
	assert_int_equal(slots_used(*state), 5);
}

/* The interface makes a difference: link-local addresses are on many. */
static void interfaces_are_told_apart(void **state)
{
	for (uint32_t i = 1; i < 100; i++)
		peers_put(*state, nth_key(i), local_of("fe80::1", i));
	for (uint32_t i = 1; i < 100; i++)
		assert_true(table_has(*state, nth_key(i), local_of("fe80::1", i)));
}

/* Ports and states too, of one address: each is a local address of its own. */
static void ports_and_states_are_told_apart(void **state)
{
	enum { COUNT = 100 };

	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < COUNT; i++) {
			struct peer_key key = nth_key(i);
			struct local local = local_of("192.0.2.1", 1);

			key.port = local.port = htons((uint16_t)(1000 + i / 4));
			local.state = (uint16_t)(i % 4);
			if (round)
				assert_true(table_has(*state, key, local));
			else
				peers_put(*state, key, local);
		}
	}
	assert_int_equal(slots_used(*state), COUNT);
}

/* The n-th other local address that can be in the same slots as the first. */
static uint32_t nth_rival(const struct peers *peers, uint32_t n)
{
	uint32_t local = 1, first = first_slot_of(peers, nth_local(1));

	while (n)
		if (!((first_slot_of(peers, nth_local(++local)) ^ first) / LOCALS_SLOTS))
			n--;
	return local;
}

static void put_later(struct peers *peers, uint32_t n)
{
	table_wait(peers, 1);
	peers_put(peers, nth_key(n), nth_local(n));
}

/* So many others come to all its slots that its own is reused. */
static void reused_slot_is_not_believed(void **state)
{
	struct local found;

	peers_put(*state, nth_key(1), nth_local(1));
	for (uint32_t n = 1; n <= LOCALS_SLOTS; n++) {
		assert_true(table_has(*state, nth_key(1), nth_local(1)));
		put_later(*state, nth_rival(*state, n));
	}
	assert_false(peers_find(*state, nth_key(1), &found));
}

/* It comes back to its slot, in a later generation. The entry from before is not newer for that. */
static void returned_local_is_a_new_one(void **state)
{
	struct peers *peers = *state;
	uint32_t slot = first_slot_of(peers, nth_local(1));
	struct local found;

	peers_put(peers, nth_key(1), nth_local(1));
	assert_true(locals_is_at(&peers->locals.slots[slot], nth_local(1)));
	for (uint32_t n = 1; n <= LOCALS_SLOTS; n++)
		put_later(peers, nth_rival(peers, n));
	for (uint32_t n = 1; n < LOCALS_SLOTS; n++)
		put_later(peers, nth_rival(peers, n));
	table_wait(peers, 1);
	peers_put(peers, nth_key(0), nth_local(1));
	assert_true(locals_is_at(&peers->locals.slots[slot], nth_local(1)));
	assert_true(table_has(peers, nth_key(0), nth_local(1)));
	assert_false(peers_find(peers, nth_key(1), &found));
	peers_put(peers, nth_key(1), nth_local(1));
	assert_true(table_has(peers, nth_key(1), nth_local(1)));
}

/*
 * One who may ask any address of a prefix asks them all; the addresses at which a server is asked
 * otherwise stay, if each of them is asked once while the flood makes a 16th of the table.
 */
static void heard_in_between_stay(void **state)
{
	static const uint32_t sizes[] = { PEERS_MIN, PEERS_DEFAULT, 2 * PEERS_DEFAULT, 1 << 20 };
	enum { REGULARS = 50, OTHERS = 200000, FIRST_OTHER = 1000000 };

	(void)state;
	for (size_t row = 0; row < sizeof(sizes) / sizeof(*sizes); row++) {
		struct peers peers = table_make(sizes[row]);
		uint32_t every = (uint32_t)table_locals(&peers) / 16, lost = 0;

		for (uint32_t n = 1; n <= OTHERS; n++) {
			/* The attacker is one peer of them, or another every time. */
			table_learn(&peers, nth_key(FIRST_OTHER + (n % 2 ? 1 : n)),
				    nth_local(FIRST_OTHER + n));
			if (n % every)
				continue;
			for (uint32_t i = 0; i < REGULARS; i++) {
				lost += n > every && !table_has(&peers, nth_key(i), nth_local(i));
				table_learn(&peers, nth_key(i), nth_local(i));
			}
		}
		print_message("%u peers: lost %u times\n", sizes[row], lost);
		assert_true(lost <= 2);
		assert_true(slots_used(&peers) > table_locals(&peers) * 3 / 4);
		table_drop(&peers);
	}
}

/* The same address in each byte of which a host's addresses can be counted up. */
static struct local nth_neighbour(uint32_t shift, uint32_t n)
{
	struct local local = { .half = { 0, UINT64_C(0xffff0000) }, .ifindex = 1 };

	local.half[1] ^= (uint64_t)n << shift;
	return local;
}

/* Whatever the secret: neighbours that all share a few slots would evict each other. */
static void neighbours_spread_with_any_key(void **state)
{
	enum { NEIGHBOURS = 16, KEYS = 400000, LAST_BYTE = 56 };
	const struct locals locals = { .shift = 64 - LOCALS_BITS_MOST };
	uint64_t random = 1;

	(void)state;
	for (uint32_t i = 0; i < KEYS; i++) {
		uint8_t together[(1 << LOCALS_BITS_MOST) / LOCALS_SLOTS] = { 0 };
		struct hash_secret secret;

		for (int j = 0; j < 4; j++)
			secret.word[j] = random_next(&random);
		for (uint32_t n = 0; n < NEIGHBOURS; n++) {
			struct local local = nth_neighbour(i % 2 ? LAST_BYTE : i % 16 * 4, n);
			uint32_t first =
				local_first_slot(&locals, &secret, local_hash(&secret, local));
			uint32_t group = first / LOCALS_SLOTS;

			assert_true(++together[group] <= LOCALS_SLOTS);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_locals_are_right),
		cmocka_unit_test(neighbours_spread_with_any_key),
		cmocka_unit_test_setup_teardown(locals_with_one_home_stay, make, table_teardown),
		cmocka_unit_test_setup_teardown(each_is_kept_once, make, table_teardown),
		cmocka_unit_test_setup_teardown(interfaces_are_told_apart, make, table_teardown),
		cmocka_unit_test_setup_teardown(ports_and_states_are_told_apart, make,
						table_teardown),
		cmocka_unit_test_setup_teardown(reused_slot_is_not_believed, make, table_teardown),
		cmocka_unit_test_setup_teardown(returned_local_is_a_new_one, make, table_teardown),
		cmocka_unit_test(heard_in_between_stay),
	};

	return cmocka_run_group_tests_name("peers: local addresses", tests, NULL, NULL);
}
