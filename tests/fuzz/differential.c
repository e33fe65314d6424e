// SPDX-License-Identifier: MIT
/*
 * The differential fuzzer: random sequences of socket calls, done once without the library and once
 * with it in network namespaces of the same shape; what the program sees must be the same. Two
 * things may differ: the source of answers, which has to be the address that was asked, and the
 * local address that connect() chose.
 *
 *   differential [--seed FIRST] [--count NUMBER] [--seconds NUMBER] [--keep BITS] [--trace]
 *                [--fault "CALL LEVEL NAME ERRNO"]
 *
 * Without arguments: the fixed seeds of `make check`. A difference is reported with its seed and
 * the fewest calls that show it.
 */

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../invisible/preload.h"
#include "compare.h"
#include "executor.h"

/* Ports 20000 to 29999, a block a run, below those that kernels choose from. */
enum { BASE = 20000, BLOCKS = 600, CHECK_COUNT = 4000 };

static struct executor plain, helped;
static unsigned int block;

/*
 * Both at once. The library remembers peers across runs, as in a long-lived daemon, so each run has
 * ports and peers of its own; when all were used the executors start afresh.
 */
static const char *run_both(uint64_t seed, uint64_t keep)
{
	struct request request = { .seed = seed,
				   .keep = keep,
				   .base = (uint16_t)(BASE + BLOCK * (block++ % BLOCKS)) };
	static char ends[160];
	const char *ending;

	if (block % BLOCKS == 1) {
		executor_end(&plain);
		executor_end(&helped);
	}
	executor_start(&plain, &request);
	executor_start(&helped, &request);
	ending = executor_await(&plain);
	snprintf(ends, sizeof(ends), "%s", ending ? ending : "well");
	ending = executor_await(&helped);
	if (strcmp(ends, ending ? ending : "well")) {
		snprintf(ends + strlen(ends), 64, " without, %s with the library",
			 ending ? ending : "well");
		return ends;
	}
	return traces_differ(plain.trace, helped.trace);
}

static bool is_different(uint64_t seed, uint64_t keep)
{
	return run_both(seed, keep) != NULL;
}

/* Leaves out as many calls as can be, the large pieces first, while a difference remains. */
static uint64_t minimise(uint64_t seed, uint64_t keep, unsigned int count)
{
	for (unsigned int size = 16; size; size /= 2) {
		for (unsigned int at = 0; at < count; at += size) {
			uint64_t piece = ((UINT64_C(1) << size) - 1) << at;

			if (keep & piece && is_different(seed, keep & ~piece))
				keep &= ~piece;
		}
	}
	return keep;
}

static void report(uint64_t seed, uint64_t keep, const char *difference)
{
	static struct sequence sequence;

	printf("seed %" PRIu64 ":\n%s\n", seed, difference);
	sequence_make(&sequence, seed);
	executor_end(&plain);
	executor_end(&helped);
	block = 0;
	if (!is_different(seed, keep))
		printf("(not when it runs alone)\n");
	else
		keep = minimise(seed, keep, sequence.count);
	difference = run_both(seed, keep);
	printf("--seed %" PRIu64 " --keep %#" PRIx64 ":\n", seed, keep);
	for (unsigned int i = 0; i < sequence.count; i++)
		if (keep >> i & 1)
			printf("  %u %s\n", i, sequence_name(sequence.call[i].kind));
	printf("%s\n", difference ? difference : "(did not show again)");
}

static void show_traces(void)
{
	printf("--- without\n%.*s", (int)plain.trace->length, plain.trace->text);
	printf("--- with\n%.*s", (int)helped.trace->length, helped.trace->text);
}

/* What comes in front: the library, behind a sanitizer, or between the two that make calls fail. */
static const char *preload_for(const char *fault)
{
	static char preload[3 * 4096];
	const char *build = getenv("abs_top_builddir"), *before = getenv("REPLYFROM_TEST_BEFORE");

	build = build ? build : ".";
	if (!fault) {
		snprintf(preload, sizeof(preload), "%s%s%s", before ? before : "",
			 before ? ":" : "", library_path());
		return preload;
	}
	snprintf(preload, sizeof(preload), "%s/tests/faults/front.so:%s:%s/tests/faults/fault.so",
		 build, library_path(), build);
	return preload;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 0);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "count", required_argument, NULL, 'c' },
		{ "seconds", required_argument, NULL, 't' },
		{ "keep", required_argument, NULL, 'k' },
		{ "trace", no_argument, NULL, 'v' },
		{ "fault", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t seed = 1, count = CHECK_COUNT, keep = UINT64_MAX, done = 0, different = 0;
	double start = now(), seconds = 0;
	const char *difference;
	bool show = false;
	int option;

	if (!strcmp(argv[0], EXECUTOR_NAME))
		executor_main();
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			seed = number(optarg);
			break;
		case 'c':
			count = number(optarg);
			break;
		case 't':
			seconds = (double)number(optarg);
			count = UINT64_MAX;
			break;
		case 'k':
			keep = number(optarg);
			count = 1;
			break;
		case 'f':
			helped.fault = optarg;
			compare_lenient = true;
			break;
		case 'v':
			show = true;
			break;
		default:
			return 2;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	helped.preload = preload_for(helped.fault);
	for (; done < count && (!seconds || now() - start < seconds) && different < 10; done++) {
		difference = run_both(seed + done, keep);
		if (difference) {
			different++;
			if (!show)
				report(seed + done, keep, difference);
		}
		if (show)
			show_traces();
	}
	executor_end(&plain);
	executor_end(&helped);
	printf("%" PRIu64 " sequences from seed %" PRIu64 " on, %" PRIu64 " different, %.1f s\n",
	       done, seed, different, now() - start);
	return different ? 1 : 0;
}
