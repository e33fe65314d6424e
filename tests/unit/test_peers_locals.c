// SPDX-License-Identifier: MIT
// Local addresses are kept once each; one that lost its place makes entries not found, never wrong.

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
	struct peer peer = { .host = nth_local(n).address, .port = htons(5060) };

	return names_of_peer(&table_key, peer, names_salt(&table_key, 1));
}

static struct name nth_name(uint32_t n)
{
	struct names names = nth_names(n);

	return name_of_peer(&names);
}

static uint32_t home_of(struct local local)
{
	return local_home(&table_key, local_hash(&table_key, local));
}

static uint32_t places_used(const struct peers *peers)
{
	const struct local none = { .ifindex = 0 };
	uint32_t count = 0;

	for (uint32_t i = 0; i < LOCALS; i++)
		count += !locals_is_at(&peers->locals[i], none);
	return count;
}

/* Each peer asked an address of its own. */
static void many_locals_are_right(void **state)
{
	static const uint32_t counts[] = { 1, 2, 300, 4096, 32768, LOCALS, 200000 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct peers peers = table_make(PEERS_DEFAULT);
		uint32_t found = 0;

		for (uint32_t n = 0; n < counts[i]; n++) {
			peers_put(&peers, nth_name(n), nth_local(n));
			assert_true(table_has(&peers, nth_name(n), nth_local(n)));
		}
		for (uint32_t n = 0; n < counts[i]; n++) {
			assert_true(table_is_right(&peers, nth_name(n), nth_local(n)));
			found += table_has(&peers, nth_name(n), nth_local(n));
		}
		print_message("%u local addresses: %u found\n", counts[i], found);
		assert_true(found >= (counts[i] < LOCALS / 2 ? counts[i] : LOCALS / 4));
		table_drop(&peers);
	}
}

/* From the first datagram on: none has to go as long as there are free places for it. */
static void locals_with_one_home_stay(void **state)
{
	uint32_t of[LOCALS_WAYS], count = 1;

	of[0] = 1;
	for (uint32_t n = 2; count < LOCALS_WAYS; n++)
		if (home_of(nth_local(n)) == home_of(nth_local(1)))
			of[count++] = n;
	for (uint32_t i = 0; i < LOCALS_WAYS; i++)
		peers_put(*state, nth_name(of[i]), nth_local(of[i]));
	for (uint32_t i = 0; i < LOCALS_WAYS; i++)
		assert_true(table_has(*state, nth_name(of[i]), nth_local(of[i])));
}

static void each_is_kept_once(void **state)
{
	for (uint32_t n = 0; n < 5000; n++) {
		peers_put(*state, nth_name(n), nth_local(n % 5));
		table_wait(*state, n % 100 == 0);
	}
	assert_int_equal(places_used(*state), 5);
}

/* The interface makes a difference: link-local addresses are on many. */
static void interfaces_are_told_apart(void **state)
{
	for (uint32_t i = 1; i < 100; i++)
		peers_put(*state, nth_name(i), local_of("fe80::1", i));
	for (uint32_t i = 1; i < 100; i++)
		assert_true(table_has(*state, nth_name(i), local_of("fe80::1", i)));
}

/* The n-th other local address that can be at the same places as the first. */
static uint32_t nth_rival(uint32_t n)
{
	uint32_t local = 1;

	while (n)
		if (!((home_of(nth_local(++local)) ^ home_of(nth_local(1))) / LOCALS_WAYS))
			n--;
	return local;
}

static void put_later(struct peers *peers, uint32_t n)
{
	table_wait(peers, 1);
	peers_put(peers, nth_name(n), nth_local(n));
}

/* So many others come to all its places that its own is used again. */
static void reused_place_is_not_believed(void **state)
{
	struct local found;

	peers_put(*state, nth_name(1), nth_local(1));
	for (uint32_t n = 1; n <= LOCALS_WAYS; n++) {
		assert_true(table_has(*state, nth_name(1), nth_local(1)));
		put_later(*state, nth_rival(n));
	}
	assert_false(peers_find(*state, nth_name(1), &found));
}

/* It comes back to its place. The entry from before is not newer for that. */
static void returned_local_is_a_new_one(void **state)
{
	struct peers *peers = *state;
	uint32_t place = home_of(nth_local(1));
	struct local found;

	peers_put(peers, nth_name(1), nth_local(1));
	assert_true(locals_is_at(&peers->locals[place], nth_local(1)));
	for (uint32_t n = 1; n <= LOCALS_WAYS; n++)
		put_later(peers, nth_rival(n));
	for (uint32_t n = 1; n < LOCALS_WAYS; n++)
		put_later(peers, nth_rival(n));
	table_wait(peers, 1);
	peers_put(peers, nth_name(0), nth_local(1));
	assert_true(locals_is_at(&peers->locals[place], nth_local(1)));
	assert_true(table_has(peers, nth_name(0), nth_local(1)));
	assert_false(peers_find(peers, nth_name(1), &found));
	peers_put(peers, nth_name(1), nth_local(1));
	assert_true(table_has(peers, nth_name(1), nth_local(1)));
}

/*
 * One who may ask any address of a prefix asks them all; what servers are really asked at is heard
 * in between, if only every 1000 datagrams.
 */
static void heard_in_between_stay(void **state)
{
	enum { REGULARS = 50, OTHERS = 200000, EVERY = 1000, FIRST_OTHER = 1000000 };
	struct peers *peers = *state;

	for (uint32_t n = 1; n <= OTHERS; n++) {
		/* The attacker is one peer of them, or another every time. */
		struct names names = nth_names(FIRST_OTHER + (n % 2 ? 1 : n));

		peers_confirm(peers, &names, nth_local(FIRST_OTHER + n));
		if (n % EVERY)
			continue;
		for (uint32_t i = 0; i < REGULARS; i++) {
			if (n > EVERY)
				assert_true(table_has(peers, nth_name(i), nth_local(i)));
			names = nth_names(i);
			peers_confirm(peers, &names, nth_local(i));
		}
	}
	assert_true(places_used(peers) > LOCALS * 3 / 4);
}

/* The same address in each byte of which a host's addresses can be counted up. */
static struct local nth_neighbour(uint32_t shift, uint32_t n)
{
	struct local local = { .half = { 0, UINT64_C(0xffff0000) }, .ifindex = 1 };

	local.half[1] ^= (uint64_t)n << shift;
	return local;
}

/* Whatever the key: neighbours that all share a few places would drive each other out. */
static void neighbours_spread_with_any_key(void **state)
{
	enum { NEIGHBOURS = 16, KEYS = 400000, LAST_BYTE = 56 };
	uint64_t random = 1;

	(void)state;
	for (uint32_t i = 0; i < KEYS; i++) {
		uint8_t together[LOCALS / LOCALS_WAYS] = { 0 };
		struct hash_key key;

		for (int j = 0; j < 4; j++)
			key.word[j] = random_next(&random);
		for (uint32_t n = 0; n < NEIGHBOURS; n++) {
			struct local local = nth_neighbour(i % 2 ? LAST_BYTE : i % 16 * 4, n);
			uint32_t group = local_home(&key, local_hash(&key, local)) / LOCALS_WAYS;

			assert_true(++together[group] <= LOCALS_WAYS);
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
		cmocka_unit_test_setup_teardown(reused_place_is_not_believed, make, table_teardown),
		cmocka_unit_test_setup_teardown(returned_local_is_a_new_one, make, table_teardown),
		cmocka_unit_test_setup_teardown(heard_in_between_stay, make, table_teardown),
	};

	return cmocka_run_group_tests_name("peers: local addresses", tests, NULL, NULL);
}
