// SPDX-License-Identifier: MIT
// Runs sequences on both sides, and compares.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/preload.h"
#include "both.h"
#include "compare.h"
#include "environment.h"
#include "executor.h"

/* Ports 20000 to 23999, a block a run, below those that kernels choose from. */
enum { BASE = 20000, BLOCKS = 250 };

static struct executor plain, helped;
static unsigned int block;
static uint64_t rounds;
static int64_t chosen = BOTH_ANY;

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
	snprintf(preload, sizeof(preload), "%s/tests/transparency/faults/front.so:%s:%s/tests/transparency/faults/fault.so",
		 build, library_path(), build);
	return preload;
}

void both_start(const char *fault, int64_t environment)
{
	helped.preload = preload_for(fault);
	helped.fault = fault;
	both_afresh(environment);
}

void both_end(void)
{
	executor_end(&plain);
	executor_end(&helped);
}

void both_afresh(int64_t environment)
{
	both_end();
	chosen = environment;
	block = 0;
}

/* The first round is that of the library's defaults. */
static void begin_round(void)
{
	both_end();
	helped.environment = chosen != BOTH_ANY ? (uint32_t)chosen : environment_random(rounds);
	compare_lenient = helped.fault || environment_hinders(helped.environment);
	rounds++;
}

/*
 * The library remembers peers across runs, as in a long-lived daemon, so each run has ports and
 * peers of its own; when all were used the executors start afresh.
 */
const char *both_run(const struct sequence *sequence, uint64_t keep)
{
	struct request request = { .sequence = *sequence, .keep = keep };
	static char ends[160];
	const char *ending;

	if (block % BLOCKS == 0)
		begin_round();
	request.base = (uint16_t)(BASE + BLOCK * (block++ % BLOCKS));
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

uint32_t both_environment(void)
{
	return helped.environment;
}

void both_show(void)
{
	printf("--- without\n%.*s", (int)plain.trace->length, plain.trace->text);
	printf("--- with\n%.*s", (int)helped.trace->length, helped.trace->text);
}
