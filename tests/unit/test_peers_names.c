// SPDX-License-Identifier: MIT
// Names of peers: the same for the same, and different for everything that makes a difference.

#include "table.h"

static struct names names_for(const char *host, uint16_t port, uint32_t scope, uint64_t socket)
{
	struct peer peer = { .host = address_of(host), .scope = scope, .port = htons(port) };
	struct names names;

	names_of_peer(&names, &table_key, &peer, socket);
	return names;
}

/* Everything that makes another peer; the first row is what the others are compared with. */
static const struct {
	const char *host;
	uint16_t port;
	uint32_t scope;
	uint64_t socket;
} others[] = {
	{ "192.0.2.1", 53, 0, 1 },
	{ "192.0.2.1", 54, 0, 1 },
	{ "192.0.2.1", 13568, 0, 1 }, /* 53 with its bytes turned round */
	{ "192.0.2.2", 53, 0, 1 },
	{ "192.0.2.1", 53, 0, 2 },
	{ "192.0.2.1", 53, 0, 1ULL << 63 | 1 },
	{ "fe80::1", 53, 1, 1 },
	{ "fe80::1", 53, 2, 1 },
	{ "fe80::1", 53, 0, 1 },
	{ "::192.0.2.1", 53, 0, 1 },
	{ "2001:db8::1", 53, 0, 1 },
	{ "2001:db8:0:1::1", 53, 0, 1 },
};
enum { OTHERS = sizeof(others) / sizeof(*others) };

static struct names nth(size_t i)
{
	return names_for(others[i].host, others[i].port, others[i].scope, others[i].socket);
}

static void same_peer_has_same_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < OTHERS; i++) {
		struct names once = nth(i), again = nth(i);

		assert_memory_equal(&once, &again, sizeof(once));
	}
}

static void other_peers_have_other_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < OTHERS; i++) {
		for (size_t j = 0; j < i; j++)
			assert_true(nth(i).peer != nth(j).peer);
	}
}

static void name_anywhere_knows_no_socket(void **state)
{
	struct names one = names_for("192.0.2.1", 53, 0, 1);
	struct names two = names_for("192.0.2.1", 53, 0, 2);

	(void)state;
	assert_true(one.anywhere == two.anywhere);
	assert_true(name_on_socket(&table_key, one.anywhere, 2) == two.peer);
}

static void name_of_host_knows_no_port(void **state)
{
	struct names one = names_for("192.0.2.1", 53, 0, 1);

	(void)state;
	assert_true(one.host == names_for("192.0.2.1", 54, 0, 1).host);
	assert_true(one.host != names_for("192.0.2.2", 53, 0, 1).host);
	assert_true(one.host != names_for("192.0.2.1", 53, 0, 2).host);
	assert_true(one.host != one.peer);
}

/* Without the key nobody knows the names: every word of it changes them. */
static void names_depend_on_all_of_the_key(void **state)
{
	struct peer peer = { .host = address_of("2001:db8::1"), .port = htons(53) };
	struct names names, other;

	(void)state;
	names_of_peer(&names, &table_key, &peer, 1);
	for (int i = 0; i < 4; i++) {
		struct hash_key key = table_key;

		key.word[i] ^= 1;
		names_of_peer(&other, &key, &peer, 1);
		assert_true(names.peer != other.peer);
		assert_true(names.host != other.host);
	}
}

static int compare(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

/* All the ports of a host, and as many neighbours: no two share a name. */
static void neighbours_do_not_collide(void **state)
{
	enum { COUNT = 65536 };
	uint64_t *all = malloc(2 * COUNT * sizeof(*all));

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		struct peer port = { .host = address_of("192.0.2.1"), .port = (in_port_t)i };
		struct peer host = { .host = address_map((struct in_addr){ htonl(i) }),
				     .port = 53 };
		struct names names;

		names_of_peer(&names, &table_key, &port, 1);
		all[i] = names.peer;
		names_of_peer(&names, &table_key, &host, 1);
		all[COUNT + i] = names.peer;
	}
	qsort(all, 2 * COUNT, sizeof(*all), compare);
	for (uint32_t i = 1; i < 2 * COUNT; i++)
		assert_true(all[i] != all[i - 1]);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_peer_has_same_names),
		cmocka_unit_test(other_peers_have_other_names),
		cmocka_unit_test(name_anywhere_knows_no_socket),
		cmocka_unit_test(name_of_host_knows_no_port),
		cmocka_unit_test(names_depend_on_all_of_the_key),
		cmocka_unit_test(neighbours_do_not_collide),
	};

	return cmocka_run_group_tests_name("peers: names", tests, NULL, NULL);
}
