// SPDX-License-Identifier: MIT
/*
 * The tables of descriptors and of tracked sockets, of threads that are stopped anywhere, or are
 * gone in the middle, as after a fork(): a record belongs to one socket at a time and stays while it
 * is referred to, and what a lookup reads belongs to the socket whose tag it found.
 *
 *   records [RUNS [SEED]]      so many runs of each kind, from that seed on
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedule.h"

/* With what is static in them: a run begins with all of it unused. */
#include "sockets/descriptor_table.c"
#include "sockets/tracked.c"

/* The value of a number that each worker read last, in the lookups of classify.h too. */
static uint32_t seen[WORKERS];
#define descriptor_get(fd) (seen[schedule_worker()] = descriptor_get(fd))

#include "sockets/classify.h"

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

static uint32_t operations, wrong, done;
static bool stopping;

/* Half of the numbers are in a chunk that is made in the run. */
static int number_of(uint32_t n)
{
	return (int)(n % 2 * CHUNK + n / 2);
}

static int any_number(void)
{
	return number_of(schedule_random(NUMBERS));
}

/* What belongs to the socket of that tag. */
static uint64_t salt_of(uint32_t tag)
{
	return tag * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

static struct local source_of(uint32_t tag)
{
	return (struct local){ .half = { salt_of(tag), ~salt_of(tag) }, .ifindex = tag };
}

/* Half of the sockets are connected with a source to attach. */
static bool has_source(uint32_t tag)
{
	return tag / SOCKETS % 2;
}

static bool is_right(uint32_t tag)
{
	return tracked_get(tracked_at(tag), tag) == tag &&
	       tracked_get(tracked_at(tag), cookie) == salt_of(tag) &&
	       tracked_get(tracked_at(tag), references) > 0;
}

/* track_socket() in shim/sockets/classify.c */
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
	__atomic_store_n(&tracked->state, TRACKED_WILDCARD, __ATOMIC_RELEASE);
	wrong += !is_right(tag);
	if (!descriptor_set(any_number(), tag))
		tracked_drop(tag);
}

/* socket_duplicated() */
static void duplicate(void)
{
	uint32_t value = descriptor_get(any_number());

	if (value & DESCRIPTOR_TRACKED) {
		if (!tracked_hold(value))
			value = DESCRIPTOR_UNKNOWN;
		else
			wrong += !is_right(value);
	}
	if (!descriptor_set(any_number(), value) && value & DESCRIPTOR_TRACKED)
		tracked_drop(value);
}

/* socket_connected(), of a socket that stays meanwhile, and once: TRACKED_LOGGED is off before. */
static void connect_socket(void)
{
	uint32_t tag = descriptor_get(any_number());
	struct local source = source_of(tag);

	if (!(tag & DESCRIPTOR_TRACKED) || !tracked_hold(tag))
		return;
	if (!(__atomic_fetch_or(&tracked_at(tag)->flags, TRACKED_LOGGED, __ATOMIC_RELAXED) &
	      TRACKED_LOGGED)) {
		tracked_set_source(tracked_at(tag), has_source(tag) ? &source : NULL);
		__atomic_store_n(&tracked_at(tag)->state, TRACKED_CONNECTED, __ATOMIC_RELEASE);
	}
	tracked_drop(tag);
}

/* What a call finds belongs to the socket whose tag it read. */
static void use(void)
{
	uint64_t salt;
	struct tracked *tracked = socket_find_fast(any_number(), &salt);
	uint32_t tag = seen[schedule_worker()];
	struct local source, expected = source_of(tag);

	if (!tracked)
		return;
	wrong += salt != salt_of(tag);
	/* The record may be another socket's by now. */
	if (tracked_source(tracked, &source) && tracked_get(tracked, tag) == tag)
		wrong += !has_source(tag) || source.half[0] != expected.half[0] ||
			 source.half[1] != expected.half[1] || source.ifindex != tag;
}

/* A call goes on as it is. */
static void pass(void)
{
	if (socket_is_settled(any_number())) {
		uint32_t tag = seen[schedule_worker()];

		wrong += tag & DESCRIPTOR_TRACKED && has_source(tag);
	}
}

static void work(void)
{
	static void (*const acts[])(void) = { track,	      track, duplicate, duplicate,
					      connect_socket, use,   use,	pass };

	while (!stopping) {
		if (schedule_random(9) < 8)
			acts[schedule_random(8)]();
		else
			descriptor_set(any_number(), DESCRIPTOR_PLAIN);
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
	memset(descriptors_first, 0, sizeof(descriptors_first));
	for (uint32_t i = 1; i < CHUNKS; i++) {
		if (descriptors[i])
			munmap(descriptors[i], CHUNK * sizeof(**descriptors));
		descriptors[i] = NULL;
	}
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
		index = tracked->next_free;
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
	for (uint32_t i = 0; i < NUMBERS; i++) {
		uint32_t value = (descriptor_get)(number_of(i));

		wrong += value & DESCRIPTOR_TRACKED && !is_right(value);
		descriptor_set(number_of(i), DESCRIPTOR_UNKNOWN);
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
