// SPDX-License-Identifier: MIT
// The records of tracked sockets: one for each, reused under another tag, by many threads at once.

#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sockets/tracked.h"
#include "unit.h"
#include "writers.h"

enum { INDEX_MASK = SOCKETS - 1, GENERATIONS = 2048 };
_Static_assert(GENERATIONS == DESCRIPTOR_TRACKED / SOCKETS, "the bits between index and mark");

static struct tracked *make(uint32_t *tag)
{
	struct tracked *tracked = tracked_make(tag);

	assert_non_null(tracked);
	assert_ptr_equal(tracked, tracked_at(*tag));
	assert_int_equal(tracked_get(tracked, tag), *tag);
	assert_true(*tag & DESCRIPTOR_TRACKED);
	return tracked;
}

static bool is_current(uint32_t tag)
{
	return tracked_get(tracked_at(tag), tag) == tag;
}

static void record_begins_anew(void **state)
{
	uint32_t tag;
	struct tracked *tracked = make(&tag);

	(void)state;
	assert_int_equal(tracked->references, 1);
	memset(&tracked->port, 0xff, sizeof(tracked->port));
	tracked->family = tracked->state = tracked->wanted = 0xff;
	tracked->flags = UINT32_MAX;
	tracked->mode = tracked->misses = UINT16_MAX;
	tracked->cookie = tracked->salt = UINT64_MAX;
	tracked_drop(tag);
	assert_ptr_equal(make(&tag), tracked);
	assert_int_equal(tracked->port, 0);
	assert_int_equal(tracked->state, TRACKED_FRESH);
	assert_int_equal(tracked->flags, 0);
	assert_int_equal(tracked->mode, 0);
	assert_int_equal(tracked->misses, 0);
	assert_int_equal(tracked->wanted, 0);
	assert_int_equal(tracked->cookie, 0);
	assert_int_equal(tracked->references, 1);
	tracked_drop(tag);
}

/* The same record again and again, under a tag that is another each time. */
static void freed_tag_is_not_current(void **state)
{
	uint32_t tag, before;

	(void)state;
	make(&tag);
	for (uint32_t i = 0; i < 3 * GENERATIONS; i++) {
		before = tag;
		tracked_drop(tag);
		assert_false(is_current(before));
		assert_false(tracked_hold(before));
		make(&tag);
		assert_int_equal(tag & INDEX_MASK, before & INDEX_MASK);
		assert_int_not_equal(tag, before);
		assert_false(tracked_hold(before));
		assert_true(is_current(tag));
		assert_int_equal(tracked_at(tag)->references, 1);
	}
	tracked_drop(tag);
}

/* A thread still in connect() writes to the record after another one closed the descriptor. */
static void late_source_does_not_touch_free_list(void **state)
{
	uint32_t used, freed, again, fresh;
	struct local source = { .ifindex = 0 };

	(void)state;
	make(&used);
	make(&freed);
	source.ifindex = (used & INDEX_MASK) + 1;
	tracked_drop(freed);
	tracked_set_source(tracked_at(freed), &source);
	make(&again);
	make(&fresh);
	assert_int_not_equal(fresh & INDEX_MASK, used & INDEX_MASK);
	assert_true(is_current(used));
	tracked_drop(used);
	tracked_drop(again);
	tracked_drop(fresh);
}

/* All tags of a record are different until its generations begin anew. */
static void generations_are_all_used(void **state)
{
	bool *seen = calloc(GENERATIONS, sizeof(*seen));

	(void)state;
	for (uint32_t i = 0; i < GENERATIONS; i++) {
		uint32_t tag, generation;

		make(&tag);
		generation = (tag & ~DESCRIPTOR_TRACKED) / SOCKETS;
		assert_false(seen[generation]);
		seen[generation] = true;
		tracked_drop(tag);
	}
	free(seen);
}

static void last_reference_frees(void **state)
{
	enum { REFERENCES = 100 };
	uint32_t tag, other;

	(void)state;
	make(&tag);
	for (int i = 1; i < REFERENCES; i++)
		assert_true(tracked_hold(tag));
	for (int i = 0; i < REFERENCES - 1; i++) {
		tracked_drop(tag);
		assert_true(is_current(tag));
	}
	make(&other);
	assert_int_not_equal(other & INDEX_MASK, tag & INDEX_MASK);
	tracked_drop(tag);
	assert_false(is_current(tag));
	assert_true(is_current(other));
	tracked_drop(other);
}

/* More than the first chunk has room for: each has a record of its own, which stays where it is. */
static void chunks_are_added(void **state)
{
	enum { COUNT = 5 * TRACKED_CHUNK };
	uint32_t *tags = malloc(COUNT * sizeof(*tags)), tag;
	struct tracked **records = malloc(COUNT * sizeof(*records));
	bool *seen = calloc(SOCKETS, sizeof(*seen));

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		records[i] = make(&tags[i]);
		tracked_set(records[i], cookie, UINT64_C(1000) + i);
		assert_false(seen[tags[i] & INDEX_MASK]);
		seen[tags[i] & INDEX_MASK] = true;
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_ptr_equal(tracked_at(tags[i]), records[i]);
		assert_int_equal(tracked_get(records[i], cookie), 1000 + i);
	}
	for (uint32_t i = 0; i < COUNT; i++)
		tracked_drop(tags[i]);
	/* None is lost. */
	for (uint32_t i = 0; i < COUNT; i++) {
		make(&tags[i]);
		assert_true(seen[tags[i] & INDEX_MASK]);
		seen[tags[i] & INDEX_MASK] = false;
	}
	make(&tag);
	tracked_drop(tag);
	for (uint32_t i = 0; i < COUNT; i++)
		tracked_drop(tags[i]);
	free(seen);
	free(records);
	free(tags);
}

/* Without memory for a chunk no record is made, and those that there are go on. */
static void run_out_of_memory(void)
{
	const struct rlimit nothing = { 0, 0 };
	uint32_t tag, count = 0, first;

	if (!tracked_make(&first) || setrlimit(RLIMIT_AS, &nothing))
		_exit(1);
	while (count < SOCKETS && tracked_make(&tag))
		count++;
	if (count == SOCKETS || tracked_make(&tag))
		_exit(2);
	tracked_drop(first);
	if (!tracked_make(&tag) || (tag & INDEX_MASK) != (first & INDEX_MASK) || tracked_make(&tag))
		_exit(3);
	_exit(0);
}

static void lack_of_memory_is_survived(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (!child)
		run_out_of_memory();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* As many as there can be; then there is none left. */
static void use_all(void)
{
	uint32_t tag, count = 0;

	while (tracked_make(&tag))
		count++;
	if (count < SOCKETS - 6 * TRACKED_CHUNK || count > SOCKETS || tracked_make(&tag))
		_exit(1);
	tracked_drop(SOCKETS - 1);
	if (!tracked_make(&tag) || (tag & INDEX_MASK) != SOCKETS - 1 || tracked_make(&tag))
		_exit(2);
	_exit(0);
}

static void number_is_bounded(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (!child)
		use_all();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

enum { ROUNDS = 60000, SHARED = 4, HELD = 3 };

/* Tags that all threads know: as in the table of descriptors. */
static uint32_t shared_tags[SHARED];

/* A record of one's own that somebody else has too? */
static bool is_mine(uint32_t tag, uint64_t mark)
{
	return is_current(tag) && tracked_get(tracked_at(tag), cookie) == mark;
}

/*
 * Makes records and puts them where the others take them from; whoever takes one out of its place
 * drops it. Returns how often a record was another's.
 */
static void *share(void *number)
{
	uint64_t random = (uintptr_t)number + 1, wrong = 0;

	for (uint64_t round = 0; round < ROUNDS; round++) {
		uint64_t mark = ((uint64_t)(uintptr_t)number + 1) << 32 | round;
		uint32_t tag, held[HELD], count = 0, old, at;
		struct tracked *tracked = tracked_make(&tag);

		if (!tracked)
			return (void *)1;
		tracked_set(tracked, cookie, mark);
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		at = (uint32_t)(random >> 33) % SHARED;
		/* A reference that was got keeps the record, whatever others do meanwhile. */
		for (uint32_t i = 0; i < HELD; i++) {
			uint32_t seen =
				__atomic_load_n(&shared_tags[(at + i) % SHARED], __ATOMIC_ACQUIRE);

			if (seen && tracked_hold(seen))
				held[count++] = seen;
		}
		for (uint32_t i = 0; i < count; i++)
			wrong += !is_current(held[i]);
		wrong += !is_mine(tag, mark);
		for (uint32_t i = 0; i < count; i++) {
			wrong += !is_current(held[i]);
			tracked_drop(held[i]);
		}
		wrong += !is_mine(tag, mark);
		old = __atomic_exchange_n(&shared_tags[at], tag, __ATOMIC_ACQ_REL);
		if (old)
			tracked_drop(old);
	}
	return (void *)(uintptr_t)wrong;
}

static uint32_t count_made(uint32_t most)
{
	uint32_t *tags = malloc(most * sizeof(*tags)), highest = 0;

	for (uint32_t i = 0; i < most; i++) {
		make(&tags[i]);
		if ((tags[i] & INDEX_MASK) > highest)
			highest = tags[i] & INDEX_MASK;
	}
	for (uint32_t i = 0; i < most; i++)
		tracked_drop(tags[i]);
	free(tags);
	return highest + 1;
}

static void threads_share_records(void **state)
{
	enum { MOST = 6 * TRACKED_CHUNK };
	uint32_t before = count_made(MOST);

	(void)state;
	memset(shared_tags, 0, sizeof(shared_tags));
	write_in_threads(share);
	for (uint32_t i = 0; i < SHARED; i++)
		if (shared_tags[i])
			tracked_drop(shared_tags[i]);
	/* None was lost: as many as before have the same records. */
	assert_int_equal(count_made(MOST), before);
}

enum { GROWN = 4 * TRACKED_CHUNK };

/* Many at once, so that several make the same chunk; marks each as its own. */
static void *grow(void *number)
{
	uint32_t *tags = malloc(GROWN * sizeof(*tags));
	uintptr_t wrong = 0;

	for (uint32_t i = 0; i < GROWN; i++) {
		struct tracked *tracked = tracked_make(&tags[i]);

		if (!tracked)
			return (void *)1;
		tracked_set(tracked, cookie, (uint64_t)(uintptr_t)number << 32 | tags[i]);
	}
	for (uint32_t i = 0; i < GROWN; i++) {
		wrong += !is_mine(tags[i], (uint64_t)(uintptr_t)number << 32 | tags[i]);
		tracked_drop(tags[i]);
	}
	free(tags);
	return (void *)wrong;
}

static void threads_add_chunks(void **state)
{
	(void)state;
	write_in_threads(grow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_begins_anew),
		cmocka_unit_test(freed_tag_is_not_current),
		cmocka_unit_test(late_source_does_not_touch_free_list),
		cmocka_unit_test(generations_are_all_used),
		cmocka_unit_test(last_reference_frees),
		cmocka_unit_test(lack_of_memory_is_survived),
		cmocka_unit_test(number_is_bounded),
		cmocka_unit_test(chunks_are_added),
		cmocka_unit_test(threads_share_records),
		cmocka_unit_test(threads_add_chunks),
	};

	return cmocka_run_group_tests_name("tracked: records of sockets", tests, NULL, NULL);
}
