// SPDX-License-Identifier: MIT
// Many writers at once, threads and processes: what is found was put, and for that very key.

#include "table.h"
#include "writers.h"

/*
 * Few buckets and many keys, so that writers evict each other all the time; each hash for several
 * local ports.
 */
enum { HOMES = 5, NAMES = 100, PORTS = 2, ROUNDS = 100000 };

static struct peers peers;

/* A value that shows which key it belongs to, in each of its parts. */
static struct local value_of(struct peer_key key, uint32_t version)
{
	uint32_t n = (uint32_t)(key.hash >> FINGERPRINT_SHIFT) * PORTS + key.port;
	struct local local = { .ifindex = n * 1000003 + version, .port = key.port };

	for (uint32_t i = 0; i < 4; i++)
		local.address.s6_addr32[i] = n * (2654435761u + i) + version;
	return local;
}

static bool belongs(const struct local *local, struct peer_key key)
{
	uint32_t version = local->ifindex - value_of(key, 0).ifindex;
	struct local expected = value_of(key, version);

	return version < 64 && is_same(local, &expected);
}

static struct peer_key nth_key(uint32_t first, uint32_t n)
{
	struct peer_key key = key_at(first, 1 + n / PORTS);

	key.port = (in_port_t)(1 + n % PORTS);
	return key;
}

static struct peer_key random_name(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return nth_key((*seed >> 8) % HOMES, (*seed >> 16) % (NAMES * PORTS));
}

/* Puts, finds and forgets; returns how many finds gave something that was never put there. */
static void *disturb(void *number)
{
	uint32_t seed = (uint32_t)(uintptr_t)number;
	uintptr_t wrong = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct peer_key key = random_name(&seed);
		struct local local;

		if (peers_find(&peers, key, &local) && !belongs(&local, key))
			wrong++;
		if (!(seed >> 28))
			peers_forget(&peers, key);
		else
			peers_put(&peers, key, value_of(key, seed >> 24 & 63));
	}
	return (void *)wrong;
}

static int make(void **state)
{
	(void)state;
	peers = table_make(FIXED_PEERS);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	table_drop(&peers);
	return 0;
}

/* An entry whose local address was evicted fits no key. */
static void check_entry(uint64_t word)
{
	struct local local;
	uint64_t n = peers_fingerprint(&peers, word, &local) >> FINGERPRINT_SHIFT;

	assert_true(!word || n < 1 || n > NAMES);
}

/* When all is quiet, whatever is left is right, and the table works as on its first day. */
static void check_afterwards(void)
{
	for (uint32_t first = 0; first < HOMES; first++) {
		for (uint32_t n = 0; n < NAMES * PORTS; n++) {
			struct peer_key key = nth_key(first, n);
			struct local local;

			if (peers_find(&peers, key, &local))
				assert_true(belongs(&local, key));
			peers_put(&peers, key, value_of(key, 1));
			assert_true(table_has(&peers, key, value_of(key, 1)));
			peers_forget(&peers, key);
			assert_false(peers_find(&peers, key, &local));
		}
	}
	for (uint32_t i = 0; i < FIXED_SLOTS; i++)
		check_entry(peers.buckets[i / SLOTS].slot[i % SLOTS]);
}

static void threads_find_only_what_was_put(void **state)
{
	(void)state;
	write_in_threads(disturb);
	check_afterwards();
}

static void processes_find_only_what_was_put(void **state)
{
	(void)state;
	write_in_processes(disturb);
	check_afterwards();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(threads_find_only_what_was_put, make, drop),
		cmocka_unit_test_setup_teardown(processes_find_only_what_was_put, make, drop),
	};

	return cmocka_run_group_tests_name("peers: many writers", tests, NULL, NULL);
}
