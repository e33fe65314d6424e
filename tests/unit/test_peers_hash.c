// SPDX-License-Identifier: MIT
// Hashes of peers: the same for the same, and different for everything that makes a difference.

#include "table.h"

static struct peer_hash hash_for(const char *host, uint16_t port, uint32_t scope, uint64_t cookie,
				 uint32_t device)
{
	struct peer peer = { .host = address_of(host), .scope = scope, .port = htons(port) };

	return peer_hash_of(&table_secret, peer, peer_salt(&table_secret, cookie, device));
}

/* Everything that makes another peer; the first row is what the others are compared with. */
static const struct {
	const char *host;
	uint16_t port;
	uint32_t scope;
	uint64_t cookie; /* of the network namespace */
	uint32_t device;
} others[] = {
	{ "192.0.2.1", 53, 0, 1, 0 },	 { "192.0.2.1", 54, 0, 1, 0 },
	{ "192.0.2.1", 13568, 0, 1, 0 }, /* 53 with its bytes turned round */
	{ "192.0.2.2", 53, 0, 1, 0 },	 { "192.0.2.1", 53, 0, 2, 0 },
	{ "192.0.2.1", 53, 0, 0, 0 },	 { "192.0.2.1", 53, 0, 1, 1 },
	{ "192.0.2.1", 53, 0, 1, 2 },	 { "192.0.2.1", 53, 0, 1ULL << 63 | 1, 0 },
	{ "fe80::1", 53, 1, 1, 0 },	 { "fe80::1", 53, 2, 1, 0 },
	{ "fe80::1", 53, 0, 1, 0 },	 { "::192.0.2.1", 53, 0, 1, 0 },
	{ "2001:db8::1", 53, 0, 1, 0 },	 { "2001:db8:0:1::1", 53, 0, 1, 0 },
};
enum { OTHERS = sizeof(others) / sizeof(*others) };

static struct peer_hash nth(size_t i)
{
	return hash_for(others[i].host, others[i].port, others[i].scope, others[i].cookie,
			others[i].device);
}

static int compare(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

static void assert_all_different(uint64_t *all, uint32_t count)
{
	qsort(all, count, sizeof(*all), compare);
	for (uint32_t i = 1; i < count; i++)
		assert_true(all[i] != all[i - 1]);
}

static void same_peer_has_same_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < OTHERS; i++) {
		struct peer_hash once = nth(i), again = nth(i);

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

/* Every network namespace and every device is a space of its own. */
static void spaces_have_salts_of_their_own(void **state)
{
	enum { COOKIES = 1024, DEVICES = 256 };
	uint64_t *salts = malloc(sizeof(*salts) * COOKIES * DEVICES);

	(void)state;
	for (uint32_t i = 0; i < COOKIES * DEVICES; i++)
		salts[i] = peer_salt(&table_secret, i / DEVICES, i % DEVICES);
	assert_all_different(salts, COOKIES * DEVICES);
	free(salts);
}

/* What is remembered of a peer in one space is found in no other. */
static void spaces_are_told_apart(void **state)
{
	struct peer peer = { .host = address_of("192.0.2.1"), .port = htons(5060) };

	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 100; i++) {
			uint64_t salt = peer_salt(&table_secret, 1 + i / 10, i % 10);
			struct peer_hash hash = peer_hash_of(&table_secret, peer, salt);
			struct peer_key key = key_of_peer(&hash, htons(PORT));
			struct local found;

			if (round) {
				assert_true(table_has(*state, key, nth_local(i)));
				continue;
			}
			assert_false(peers_find(*state, key, &found));
			assert_false(peers_find(*state, key_of_peer(&hash, 0), &found));
			peers_put(*state, key, nth_local(i));
		}
	}
}

static void name_of_host_knows_no_port(void **state)
{
	struct peer_hash one = hash_for("192.0.2.1", 53, 0, 1, 0);

	(void)state;
	assert_true(one.host == hash_for("192.0.2.1", 54, 0, 1, 0).host);
	assert_true(one.host != hash_for("192.0.2.2", 53, 0, 1, 0).host);
	assert_true(one.host != hash_for("192.0.2.1", 53, 0, 2, 0).host);
	assert_true(one.host != hash_for("192.0.2.1", 53, 0, 1, 1).host);
	assert_true(one.host != one.peer);
}

/* All that is known of a host has one first bucket, and hashes of its own. */
static void all_of_a_host_has_one_home(void **state)
{
	(void)state;
	for (size_t i = 0; i < OTHERS; i++) {
		struct peer_hash hash = nth(i);
		struct peer_key all[] = {
			key_of_peer(&hash, htons(PORT)),
			key_of_host(&hash, htons(PORT)),
			key_of_past(&hash, htons(PORT)),
			key_of_tcp(&hash),
		};
		uint64_t hashes[4];

		for (int j = 0; j < 4; j++) {
			assert_true(all[j].bucket_hash == hash.host);
			assert_int_equal(all[j].port, j < 3 ? htons(PORT) : 0);
			hashes[j] = all[j].hash >> FINGERPRINT_SHIFT;
		}
		assert_true(all[0].hash == hash.peer);
		assert_true(all[1].hash == hash.host);
		assert_all_different(hashes, 4);
	}
}

/* Without the secret nobody knows the hashes: every word and every bit of it changes them. */
static void names_depend_on_all_of_the_key(void **state)
{
	struct peer peer = { .host = address_of("2001:db8::1"), .port = htons(53) };
	struct peer_hash hash = peer_hash_of(&table_secret, peer, peer_salt(&table_secret, 1, 0));

	(void)state;
	for (int bit = 0; bit < 256; bit++) {
		struct hash_secret secret = table_secret;
		struct peer_hash other;

		secret.word[bit / 64] ^= UINT64_C(1) << bit % 64;
		other = peer_hash_of(&secret, peer, peer_salt(&secret, 1, 0));
		assert_true(hash.peer != other.peer);
		assert_true(hash.host != other.host);
		assert_true(local_hash(&secret, nth_local(1)) !=
				    local_hash(&table_secret, nth_local(1)) ||
			    bit / 64 == 1 || bit / 64 == 2);
	}
}

/* All the ports of a host, and as many neighbours: no two share what a table keeps of a key. */
static void neighbours_do_not_collide(void **state)
{
	enum { COUNT = 65536 };
	uint64_t salt = peer_salt(&table_secret, 1, 0), *all = malloc(3 * COUNT * sizeof(*all));

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		struct peer port = { .host = address_of("192.0.2.1"), .port = (in_port_t)i };
		struct peer v4 = { .host = address_map((struct in_addr){ htonl(i) }), .port = 53 };
		struct peer v6 = { .host = address_of("2001:db8::"), .port = 53 };

		v6.host.s6_addr32[3] = htonl(i);
		all[i] = peer_hash_of(&table_secret, port, salt).peer;
		all[COUNT + i] = peer_hash_of(&table_secret, v4, salt).peer;
		all[2 * COUNT + i] = peer_hash_of(&table_secret, v6, salt).peer;
	}
	for (uint32_t i = 0; i < 3 * COUNT; i++)
		all[i] >>= FINGERPRINT_SHIFT;
	assert_all_different(all, 3 * COUNT);
	free(all);
}

/* Ones that share a bucket differ in their fingerprints: 8 ports of each of many hosts. */
static void ports_of_one_home_do_not_collide(void **state)
{
	uint64_t salt = peer_salt(&table_secret, 1, 0), all[SLOTS];

	(void)state;
	for (uint32_t host = 0; host < 10000; host++) {
		for (uint32_t i = 0; i < SLOTS; i++) {
			struct peer peer = { .host = address_map((struct in_addr){ htonl(host) }),
					     .port = htons((uint16_t)(1024 + i)) };

			all[i] = peer_hash_of(&table_secret, peer, salt).peer >> FINGERPRINT_SHIFT;
		}
		assert_all_different(all, SLOTS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_peer_has_same_names),
		cmocka_unit_test(other_peers_have_other_names),
		cmocka_unit_test(spaces_have_salts_of_their_own),
		table_test(spaces_are_told_apart),
		cmocka_unit_test(name_of_host_knows_no_port),
		cmocka_unit_test(all_of_a_host_has_one_home),
		cmocka_unit_test(names_depend_on_all_of_the_key),
		cmocka_unit_test(neighbours_do_not_collide),
		cmocka_unit_test(ports_of_one_home_do_not_collide),
	};

	return cmocka_run_group_tests_name("peers: names", tests, NULL, NULL);
}
