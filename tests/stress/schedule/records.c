// SPDX-License-Identifier: MIT
/*
 * The records of tracked sockets, of threads that are stopped anywhere, or are gone in the middle,
 * as after a fork(): a record belongs to one socket at a time, and stays while it is referred to.
 *
 *   records [RUNS [SEED]]      so many runs of each kind, from that seed on
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedule.h"

/* With what is static in it: a run begins with all of it unused. */
#include "sockets/tracked.c"

enum {
	NUMBERS = 4,		    /* descriptor numbers, which all threads use */
	OPERATIONS = 3000,	    /* of each run */
	GONE = 30,		    /* one in so many turns */
	ALMOST = TRACKED_CHUNK - 3, /* records in use from the start: a chunk is added soon */
};

static const struct kind {
	const char *name;
	uint32_t longest; /* points of a turn */
	bool gone;	  /* a thread can be gone in the middle */
} kinds[] = {
	{ "short turns", 30, false },
	{ "long turns", 3000, false },
	{ "threads that are gone", 30, true },
};
static const struct kind *kind;

static uint32_t numbers[NUMBERS], operations, wrong, done;
static bool stopping;

/* What socket_find_fast() finds with a tag: the salt of that socket. */
static uint64_t salt_of(uint32_t tag)
{
	return tag * UINT64_C(0x9e3779b97f4a7c15);
}

static bool is_right(uint32_t tag)
{
	return tracked_get(tracked_at(tag), tag) == tag &&
	       tracked_get(tracked_at(tag), cookie) == salt_of(tag) &&
	       tracked_get(tracked_at(tag), references) > 0;
}

/* descriptor_set() */
static void set_number(uint32_t value)
{
	uint32_t old =
		__atomic_exchange_n(&numbers[schedule_random(NUMBERS)], value, __ATOMIC_ACQ_REL);

	if (old)
		tracked_drop(old);
}

/* track() in shim/sockets/classify.c */
static void track(void)
{
	uint32_t tag;
	struct tracked *tracked = tracked_make(&tag);

	if (!tracked) {
		wrong++;
		return;
	}
	tracked_set(tracked, cookie, salt_of(tag));
	__atomic_store_n(&tracked->salt, salt_of(tag), __ATOMIC_RELEASE);
	wrong += !is_right(tag);
	set_number(tag);
}

/* socket_duplicated() */
static void duplicate(void)
{
	uint32_t tag = __atomic_load_n(&numbers[schedule_random(NUMBERS)], __ATOMIC_ACQUIRE);

	if (!tag || !tracked_hold(tag))
		return;
	wrong += !is_right(tag);
	set_number(tag);
}

/* socket_find_fast() */
static void use(void)
{
	uint32_t tag = __atomic_load_n(&numbers[schedule_random(NUMBERS)], __ATOMIC_ACQUIRE);
	uint64_t salt;

	if (!tag)
		return;
	salt = __atomic_load_n(&tracked_at(tag)->salt, __ATOMIC_ACQUIRE);
	if (tracked_get(tracked_at(tag), tag) == tag)
		wrong += salt != salt_of(tag);
}

static void work(void)
{
	static void (*const acts[])(void) = { track, track, duplicate, duplicate, use };

	while (!stopping) {
		if (schedule_random(6) < 5)
			acts[schedule_random(5)]();
		else
			set_number(0);
		operations++;
	}
	done |= 1u << schedule_worker();
	for (;;)
		schedule_point();
}

static void begin(void)
{
	uint32_t tag, already;

	for (uint32_t i = 1; i < TRACKED_CHUNKS && tracked_chunks[i]; i++) {
		munmap(tracked_chunks[i], TRACKED_CHUNK * sizeof(struct tracked));
		tracked_chunks[i] = NULL;
	}
	memset(tracked_first, 0, sizeof(tracked_first));
	memset(numbers, 0, sizeof(numbers));
	used = operations = done = 0;
	free_list = 0;
	stopping = false;
	already = schedule_random(2) ? ALMOST : 0;
	for (uint32_t i = 0; i < already; i++)
		tracked_make(&tag);
}

/* Every record that was ever in use is referred to or free, once, unless a thread is gone. */
static void check_free_list(uint32_t in_use)
{
	uint32_t index = (uint32_t)free_list, count = 0;

	for (; index && count <= used; count++) {
		const struct tracked *tracked = tracked_at(index - 1);

		wrong += index > used || tracked->references || tracked->tag & DESCRIPTOR_TRACKED;
		index = tracked->source_ifindex;
	}
	wrong += kind->gone ? count + in_use > used : count + in_use != used;
}

static void run(uint64_t seed)
{
	uint32_t before;

	schedule_seed(seed);
	begin();
	before = used;
	for (unsigned int i = 0; i < WORKERS; i++)
		schedule_start(i, work);
	while (operations < OPERATIONS) {
		unsigned int worker = schedule_random(WORKERS);

		if (kind->gone && schedule_random(GONE) == 0)
			schedule_start(worker, work);
		schedule_run(worker, schedule_random(kind->longest));
	}
	stopping = true;
	while (done != (1u << WORKERS) - 1)
		schedule_run(schedule_random(WORKERS), schedule_random(kind->longest));
	for (int i = 0; i < NUMBERS; i++)
		if (numbers[i]) {
			wrong += !is_right(numbers[i]);
			tracked_drop(numbers[i]);
		}
	check_free_list(before);
}

static bool run_kind(unsigned int number, uint64_t first, uint64_t count)
{
	uint64_t bad = 0;

	kind = &kinds[number];
	for (uint64_t seed = first; seed < first + count; seed++) {
		wrong = 0;
		run(seed);
		if (wrong && bad++ < 10)
			printf("# %s, seed %" PRIu64 ": %" PRIu32 " times wrong\n", kind->name,
			       seed, wrong);
	}
	printf("%s - %s: %" PRIu64 " of %" PRIu64 " runs\n", bad ? "not ok" : "ok", kind->name,
	       count - bad, count);
	return !bad;
}

int main(int argc, char **argv)
{
	return schedule_main(argc, argv, 300, sizeof(kinds) / sizeof(*kinds), run_kind);
}
