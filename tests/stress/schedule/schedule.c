// SPDX-License-Identifier: MIT
// Workers that take turns at a random point of the code under test.

#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#include "point.h"
#include "schedule.h"

enum { NOBODY = WORKERS, STACK = 256 * 1024 };

static ucontext_t workers[WORKERS], scheduler;
static unsigned char stacks[WORKERS][STACK];
static unsigned int running = NOBODY;
static uint32_t points_left;
static uint64_t random_state;

void schedule_seed(uint64_t seed)
{
	random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	schedule_random(2);
}

/* Knuth's MMIX generator: its upper bits. */
uint32_t schedule_random(uint32_t below)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((random_state >> 33) % below);
}

uint64_t schedule_random_word(void)
{
	uint64_t word = 0;

	for (int i = 0; i < 4; i++)
		word = word << 16 | schedule_random(1 << 16);
	return word;
}

static void switch_to(ucontext_t *from, const ucontext_t *to)
{
	if (swapcontext(from, to)) {
		perror("swapcontext");
		exit(1);
	}
}

void schedule_point(void)
{
	if (running != NOBODY && points_left-- == 0)
		switch_to(&workers[running], &scheduler);
}

void schedule_start(unsigned int worker, void (*work)(void))
{
	ucontext_t *context = &workers[worker];

	if (getcontext(context)) {
		perror("getcontext");
		exit(1);
	}
	context->uc_stack.ss_sp = stacks[worker];
	context->uc_stack.ss_size = STACK;
	context->uc_link = NULL;
	makecontext(context, work, 0);
}

unsigned int schedule_worker(void)
{
	return running;
}

void schedule_run(unsigned int worker, uint32_t points)
{
	running = worker;
	points_left = points;
	switch_to(&scheduler, &workers[worker]);
	running = NOBODY;
}

int schedule_main(int argc, char **argv, uint64_t count, unsigned int kinds, run_kind_function *run_kind)
{
	const char *tables = argc > 1 ? argv[1] : getenv("SCHEDULE_TABLES");
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	bool well = true;

	if (tables)
		count = strtoull(tables, NULL, 10);
	for (unsigned int number = 0; number < kinds; number++)
		well &= run_kind(number, first, count);
	return well ? 0 : 1;
}
