// SPDX-License-Identifier: MIT
// The quick way for every datagram: it remembers the peer and its host, and writes only what is
// new.

#include "table.h"

static struct names nth_names(const struct peers *peers, uint32_t n)
{
	struct peer peer = { .host = nth_local(n).address, .port = htons(53) };

	return names_of_peer(&peers->key, peer, names_salt(&peers->key, 1));
}

static bool has_both(const struct peers *peers, const struct names *names, struct local local)
{
	return table_has(peers, name_of_peer(names), local) &&
	       table_has(peers, name_of_host(names), local);
}

static void remembers_peer_and_host(void **state)
{
	for (uint32_t n = 1; n <= 40; n++) {
		struct names names = nth_names(*state, n);

		peers_confirm(*state, &names, nth_local(100 + n % 3));
		assert_true(has_both(*state, &names, nth_local(100 + n % 3)));
		assert_int_equal(table_entries(*state), 2 * n);
	}
}

static void newest_value_wins(void **state)
{
	struct names names = nth_names(*state, 1);

	for (uint32_t i = 0; i < 100; i++) {
		peers_confirm(*state, &names, nth_local(i / 2 % 3));
		assert_true(has_both(*state, &names, nth_local(i / 2 % 3)));
		assert_int_equal(table_entries(*state), 2);
		table_wait(*state, i % 5 == 0);
	}
}

static void hears_again(void **state)
{
	struct names names = nth_names(*state, 1);

	for (int i = 0; i < 200; i++) {
		peers_confirm(*state, &names, nth_local(1));
		assert_in_range(peers_age(*state, name_of_peer(&names)), 0, TICKS_YOUNG);
		assert_in_range(peers_age(*state, name_of_host(&names)), 0, TICKS_YOUNG);
		table_wait(*state, 1);
	}
}

/* Says what is known already. Processors share these cache lines: not even the same is written. */
static void confirm_without_writing(struct peers *peers, const struct names *names,
				    struct local local)
{
	table_protect(peers, true);
	peers_confirm(peers, names, local);
	table_protect(peers, false);
}

static void writes_nothing_that_is_known(void **state)
{
	struct names names = nth_names(*state, 1), other = nth_names(*state, 2);

	for (int i = 0; i < 50; i++) {
		peers_confirm(*state, &names, nth_local(1));
		confirm_without_writing(*state, &names, nth_local(1));
		table_wait(*state, 1);
		/* Somebody else keeps the local address fresh. */
		peers_confirm(*state, &other, nth_local(1));
		if (peers_age(*state, name_of_peer(&names)) < TICKS_YOUNG)
			confirm_without_writing(*state, &names, nth_local(1));
	}
}

static void putting_writes_nothing_that_is_known(void **state)
{
	struct name name = name_at(5, 1);

	peers_put(*state, name, nth_local(1));
	table_protect(*state, true);
	peers_put(*state, name, nth_local(1));
	table_protect(*state, false);
}

/* Its home is taken by others of that host, so the peer is in another of its sets. */
static void writes_nothing_that_is_known_elsewhere(void **state)
{
	struct names names;

	for (uint32_t port = 0; port < 3 * SLOTS; port++) {
		struct peer peer = { .host = nth_local(1).address, .port = port };

		names = names_of_peer(&table_key, peer, names_salt(&table_key, 1));
		peers_confirm(*state, &names, nth_local(1));
	}
	confirm_without_writing(*state, &names, nth_local(1));
	assert_true(has_both(*state, &names, nth_local(1)));
}

/* Local addresses with one home: all but the first are at another of their places. */
static void writes_nothing_of_displaced_local(void **state)
{
	struct peers *peers = *state;
	uint32_t home = local_home(&table_key, local_hash(&table_key, nth_local(1))), count = 0;

	for (uint32_t n = 1; count < 3; n++) {
		struct names names = nth_names(peers, n);

		if (local_home(&table_key, local_hash(&table_key, nth_local(n))) != home)
			continue;
		peers_confirm(peers, &names, nth_local(n));
		confirm_without_writing(peers, &names, nth_local(n));
		assert_true(has_both(peers, &names, nth_local(n)));
		count++;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		table_test(remembers_peer_and_host),
		table_test(newest_value_wins),
		table_test(hears_again),
		table_test(writes_nothing_that_is_known),
		table_test(putting_writes_nothing_that_is_known),
		table_test(writes_nothing_that_is_known_elsewhere),
		table_test(writes_nothing_of_displaced_local),
	};

	return cmocka_run_group_tests_name("peers: confirm", tests, NULL, NULL);
}
