// SPDX-License-Identifier: MIT
// Many let the table grow at once, or are killed while they do: nothing is lost but what had to
// make room for another because all its sets were full for a moment.

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "table.h"
#include "writers.h"

enum { PEERS = 65536, EACH = 5000, OWN = 20, LOCAL_COUNT = 50, ROUNDS = 100 };

static struct peers peers;

/* Counts of each writer, shared with processes. */
static struct writer {
	uint32_t written, forgotten;
} * writers;

static struct name nth_name(uint32_t writer, uint32_t n)
{
	struct peer peer = { .host = address_map((struct in_addr){ htonl(n) }), .port = writer };
	struct names names = names_of_peer(&table_key, peer, names_salt(&table_key, writer));

	return name_of_peer(&names);
}

static struct local value_of(uint32_t writer, uint32_t n)
{
	return nth_local((writer * 31 + n) % LOCAL_COUNT);
}

static int make(void **state)
{
	(void)state;
	peers = table_make(PEERS);
	writers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(writers, MAP_FAILED);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	table_drop(&peers);
	munmap(writers, 4096);
	return 0;
}

static void put(uint32_t writer, struct name name, struct local local)
{
	if (!peers_put(&peers, name, local))
		writers[writer].forgotten++;
}

/*
 * Puts names of its own, some of them again and again with another value; returns how often one of
 * these was found with a value that it had before.
 */
static void *grow(void *number)
{
	uint32_t writer = (uint32_t)(uintptr_t)number;
	uintptr_t stale = 0;

	for (uint32_t n = 0; n < EACH; n++) {
		struct local found, now = value_of(writer, n);
		struct name own = nth_name(writer, EACH + n % OWN);

		put(writer, nth_name(writer, n), now);
		put(writer, own, now);
		if (peers_find(&peers, own, &found) && !is_same(&found, &now))
			stale++;
	}
	return (void *)stale;
}

/* How many of a writer's names are not found; what is found has to be right. */
static uint32_t count_lost(uint32_t writer, uint32_t count)
{
	uint32_t lost = 0;

	for (uint32_t n = 0; n < count; n++) {
		struct local local = value_of(writer, n), found;

		if (!peers_find(&peers, nth_name(writer, n), &found))
			lost++;
		else
			assert_true(is_same(&found, &local));
	}
	return lost;
}

static void check_all(void)
{
	uint32_t lost = 0, forgotten = 0;

	for (uint32_t i = 0; i < WRITERS; i++) {
		lost += count_lost(i, EACH);
		forgotten += writers[i].forgotten;
	}
	assert_true(lost <= forgotten);
	assert_true(forgotten < WRITERS * EACH / 1000);
	assert_true(table_extent(&peers) > WRITERS * EACH / SLOTS);
}

static void threads_lose_nothing(void **state)
{
	(void)state;
	write_in_threads(grow);
	check_all();
}

static void processes_lose_nothing(void **state)
{
	(void)state;
	write_in_processes(grow);
	check_all();
}

static void grow_until_killed(struct writer *writer)
{
	for (uint32_t n = writer->written;; n++) {
		put(0, nth_name(0, n), value_of(0, n));
		__atomic_store_n(&writer->written, n + 1, __ATOMIC_RELEASE);
	}
}

/* Lets it go on for some names more, and kills it wherever it is then. */
static void kill_after(pid_t child, const uint32_t *count, uint32_t more)
{
	uint32_t until = __atomic_load_n(count, __ATOMIC_ACQUIRE) + more;

	while (__atomic_load_n(count, __ATOMIC_ACQUIRE) < until)
		sched_yield();
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Every one goes on where the one before was killed, and then all has to be there. */
static void killed_growers_lose_nothing(void **state)
{
	enum { MOST = PEERS / 2, UNCOUNTED = 2 };
	uint32_t extent;

	(void)state;
	for (uint32_t round = 0; round < ROUNDS && writers[0].written < MOST; round++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (!child)
			grow_until_killed(&writers[0]);
		kill_after(child, &writers[0].written, 1 + round % 7);
	}
	extent = table_extent(&peers);
	assert_true(extent > SETS_LEAST);
	/* A killed one did not count the name that it made forget, if it did. */
	assert_true(count_lost(0, writers[0].written) <= writers[0].forgotten + UNCOUNTED);
	for (uint32_t n = 0; table_extent(&peers) < extent + 10; n++)
		put(1, nth_name(1, n), value_of(1, n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(threads_lose_nothing, make, drop),
		cmocka_unit_test_setup_teardown(processes_lose_nothing, make, drop),
		cmocka_unit_test_setup_teardown(killed_growers_lose_nothing, make, drop),
	};

	return cmocka_run_group_tests_name("peers: many let it grow", tests, NULL, NULL);
}
