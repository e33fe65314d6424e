// SPDX-License-Identifier: MIT
// A table made for so many peers remembers nearly all of so many; of twice as many its slots are
// full.

#include "table.h"

enum kind { PORTS, HOSTS, MIXED };

/* All ports of one host, one port of each host, or a few ports of each. */
static const struct crowd {
	const char *what;
	enum kind kind;
	uint32_t count, permille; /* of count, so many have to be found */
} crowds[] = {
	{ "as many ports", PORTS, PEERS_DEFAULT, 980 },
	{ "as many hosts", HOSTS, PEERS_DEFAULT, 993 },
	{ "as many, mixed", MIXED, PEERS_DEFAULT, 985 },
	{ "half as many ports", PORTS, PEERS_DEFAULT / 2, 999 },
	{ "half as many hosts", HOSTS, PEERS_DEFAULT / 2, 1000 },
	{ "twice as many ports", PORTS, 2 * PEERS_DEFAULT, 620 },
	{ "twice as many hosts", HOSTS, 2 * PEERS_DEFAULT, 620 },
	{ "twice as many, mixed", MIXED, 2 * PEERS_DEFAULT, 620 },
};

static struct peer_key nth_key(const struct crowd *crowd, uint32_t n)
{
	struct in_addr host = { htonl(0x0a000000 + n) };
	struct peer peer = { .host = address_map(host), .port = htons(53) };
	struct peer_hash hash;

	if (crowd->kind == PORTS) {
		peer.host = address_map((struct in_addr){ htonl(0xc0000201 + n / 65536) });
		peer.port = (in_port_t)n;
	}
	if (crowd->kind == MIXED && n % 2) {
		peer.host = address_map((struct in_addr){ htonl(0xc0000201 + n % 32) });
		peer.port = (in_port_t)(n / 2);
	}
	hash = peer_hash_of(&table_secret, peer, peer_salt(&table_secret, 1, 0));
	return key_of_peer(&hash, htons(PORT));
}

static void remembers_nearly_all(void **state)
{
	const struct crowd *crowd = *state;
	struct peers peers = table_make(PEERS_DEFAULT);
	struct local found;
	uint32_t count = 0;

	for (uint32_t n = 0; n < crowd->count; n++)
		table_learn(&peers, nth_key(crowd, n), nth_local(n % 100));
	for (uint32_t n = 0; n < crowd->count; n++) {
		struct local local = nth_local(n % 100);

		if (!peers_find(&peers, nth_key(crowd, n), &found))
			continue;
		assert_true(is_same(&found, &local));
		count++;
	}
	print_message("%s: %u of %u found\n", crowd->what, count, crowd->count);
	assert_true(count >= (uint64_t)crowd->count * crowd->permille / 1000);
	table_drop(&peers);
}

/* By default 0.75 MiB, the pages of which are touched as peers appear. */
static void default_table_is_small(void **state)
{
	struct peers peers = table_make(PEERS_DEFAULT);
	size_t whole;

	(void)state;
	table_start(&peers, &whole);
	print_message("%zu bytes for %u peers\n", table_size(PEERS_DEFAULT), PEERS_DEFAULT);
	assert_true(whole < 1024 * 1024);
	assert_int_equal(peers.count * SLOTS, PEERS_DEFAULT / 4 * 5);
	assert_int_equal(table_locals(&peers), 4096);
	table_drop(&peers);
}

/* Every number of peers that the settings allow has a table, with a clock that goes on. */
static void all_sizes_have_a_table(void **state)
{
	(void)state;
	for (size_t count = PEERS_MIN; count <= PEERS_MAX; count *= 2) {
		static struct peers_state memory;
		struct peers peers;

		peers_start(&peers, count, &table_secret, NULL, NULL, &memory);
		assert_int_equal(peers.count * SLOTS, count / 4 * 5);
		assert_true(peers_is_empty(&peers));
		assert_in_range(peers.count * SLOTS >> peers.tick_shift, 32, 63);
		assert_int_equal(peers_bucket(&peers, 0) - peers.buckets, 0);
		assert_int_equal(peers_bucket(&peers, UINT64_MAX) - peers.buckets, peers.count - 1);
	}
}

int main(void)
{
	enum { CROWDS = sizeof(crowds) / sizeof(*crowds) };
	struct CMUnitTest tests[CROWDS + 2] = {
		[CROWDS] = cmocka_unit_test(default_table_is_small),
		[CROWDS + 1] = cmocka_unit_test(all_sizes_have_a_table),
	};

	for (size_t i = 0; i < CROWDS; i++)
		tests[i] = (struct CMUnitTest){ .name = crowds[i].what,
						.test_func = remembers_nearly_all,
						.initial_state = (void *)(uintptr_t)&crowds[i] };
	return cmocka_run_group_tests_name("peers: capacity", tests, NULL, NULL);
}
