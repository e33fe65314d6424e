// SPDX-License-Identifier: MIT
// Many writers at once, threads and processes: what is found was put, and for that very name.

#include "table.h"
#include "writers.h"

/*
 * Few homes and many names, so that writers evict each other all the time; each hash for several
 * local ports.
 */
enum { HOMES = 5, NAMES = 100, PORTS = 2, ROUNDS = 100000 };

static struct peers peers;

/* A value that shows which name it belongs to, in each of its parts. */
static struct local value_of(struct name name, uint32_t version)
{
	uint32_t n = (uint32_t)(name.hash >> TAG_SHIFT) * PORTS + name.port;
	struct local local = { .ifindex = n * 1000003 + version, .port = name.port };

	for (uint32_t i = 0; i < 4; i++)
		local.address.s6_addr32[i] = n * (2654435761u + i) + version;
	return local;
}

static bool belongs(const struct local *local, struct name name)
{
	uint32_t version = local->ifindex - value_of(name, 0).ifindex;
	struct local expected = value_of(name, version);

	return version < 64 && is_same(local, &expected);
}

static struct name nth_name(uint32_t home, uint32_t n)
{
	struct name name = name_at(home, 1 + n / PORTS);

	name.port = (in_port_t)(1 + n % PORTS);
	return name;
}

static struct name random_name(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return nth_name((*seed >> 8) % HOMES, (*seed >> 16) % (NAMES * PORTS));
}

/* Puts, finds and forgets; returns how many finds gave something that was never put there. */
static void *disturb(void *number)
{
	uint32_t seed = (uint32_t)(uintptr_t)number;
	uintptr_t wrong = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct name name = random_name(&seed);
		struct local local;

		if (peers_find(&peers, name, &local) && !belongs(&local, name))
			wrong++;
		if (!(seed >> 28))
			peers_forget(&peers, name);
		else
			peers_put(&peers, name, value_of(name, seed >> 24 & 63));
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

/* An entry whose local address was evicted fits no name. */
static void check_entry(uint64_t word)
{
	struct local local;
	uint64_t n = peers_tag(&peers, word, &local) >> TAG_SHIFT;

	assert_true(!word || n < 1 || n > NAMES);
}

/* When all is quiet, whatever is left is right, and the table works as on its first day. */
static void check_afterwards(void)
{
	for (uint32_t home = 0; home < HOMES; home++) {
		for (uint32_t n = 0; n < NAMES * PORTS; n++) {
			struct name name = nth_name(home, n);
			struct local local;

			if (peers_find(&peers, name, &local))
				assert_true(belongs(&local, name));
			peers_put(&peers, name, value_of(name, 1));
			assert_true(table_has(&peers, name, value_of(name, 1)));
			peers_forget(&peers, name);
			assert_false(peers_find(&peers, name, &local));
		}
	}
	for (uint32_t i = 0; i < FIXED_SLOTS; i++)
		check_entry(peers.sets[i / SLOTS].slot[i % SLOTS]);
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
