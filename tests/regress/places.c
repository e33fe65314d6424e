// SPDX-License-Identifier: MIT
// Two sockets want the same place of the table at once: one gets it.

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "helped.h"
#include "preload.h"
#include "start.h"

struct library library = { .peers.key = { { 11, 13, 17, 19 } } };

/* From so many sockets on, places of closed ones are used again. */
enum { FULL = 256 };

/* Many times the instructions that a call takes. */
enum { STEPS_MAX = 1 << 20 };

enum { STEPPED = 1001, OTHER = 1002, OLD = 1 };

/* Shared by the process that is stepped and the other. */
static struct shared {
	struct helped sockets[SOCKETS];
	uint32_t used, tag;
} * shared;

static void make_table(void)
{
	if (!shared)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(shared != MAP_FAILED, "shared memory");
	memset(shared, 0, sizeof(*shared));
	helped_sockets = shared->sockets;
	helped_used = &shared->used;
}

/* A full table, and the socket in its first place was closed. */
static void fill_table(void)
{
	uint32_t tag;
	bool remembered;

	make_table();
	for (uint64_t cookie = OLD; cookie < OLD + FULL; cookie++)
		helped_remember(cookie, &tag, &remembered);
	helped_release(shared->sockets, shared->sockets[0].tag);
}

/* A place with the tag that somebody took for his own is his. */
static void check_place(const char *who, uint64_t cookie, uint32_t tag, int step)
{
	const struct helped *place = &shared->sockets[tag % SOCKETS];

	if (place->tag != tag)
		return; /* lost, and it shows */
	check(place->cookie == cookie && place->salt == names_salt(&library.peers.key, cookie),
	      "at step %d: %s has another's place", step, who);
}

/* Stopped before its call; 0: not allowed. */
static pid_t start_stepped(void)
{
	bool remembered;
	int status;
	pid_t child = (pid_t)need(fork(), "fork");

	if (child) {
		need(waitpid(child, &status, 0), "waitpid");
		return WIFSTOPPED(status) ? child : 0;
	}
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(1);
	raise(SIGSTOP);
	helped_remember(STEPPED, &shared->tag, &remembered);
	raise(SIGSTOP);
	_exit(0);
}

/* Returns false when it came to its end. */
static bool make_step(pid_t child)
{
	int status;

	if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL))
		return false;
	need(waitpid(child, &status, 0), "waitpid");
	return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

/* To its end: its second stop, unless it is there. */
static void let_go(pid_t child)
{
	int status;

	do {
		ptrace(PTRACE_CONT, child, NULL, NULL);
		need(waitpid(child, &status, 0), "waitpid");
	} while (WIFSTOPPED(status));
	check(!status, "the stepped process ended with %x", (unsigned int)status);
}

/* The first instruction that changes the place's tag. */
static int find_first_step(void)
{
	pid_t child;
	uint32_t before;
	int step = 0;

	fill_table();
	before = shared->sockets[0].tag;
	child = start_stepped();
	while (shared->sockets[0].tag == before && step < STEPS_MAX && make_step(child))
		step++;
	check(shared->sockets[0].tag != before, "the place is not used again");
	let_go(child);
	return step;
}

/* The other process makes its call after so many instructions. Returns false if it came late. */
static bool race_at(int step)
{
	bool remembered, late;
	uint32_t tag;
	pid_t child;

	fill_table();
	child = start_stepped();
	for (int i = 0; i < step; i++)
		make_step(child);
	late = helped_find(STEPPED) != NULL;
	check(helped_remember(OTHER, &tag, &remembered) != NULL, "no place");
	let_go(child);
	check_place("the process that was stepped", STEPPED, shared->tag, step);
	check_place("the other", OTHER, tag, step);
	return !late;
}

static void case_two_at_once(void)
{
	int step = find_first_step() - 4;

	while (race_at(step))
		step++;
}

/* Can a process be stepped here? Not in all sandboxes, and not by all processors. */
static bool is_steppable(void)
{
	pid_t child;

	fill_table();
	child = start_stepped();
	for (int step = 0; child && step < STEPS_MAX; step++) {
		if (shared->sockets[0].cookie == STEPPED) {
			let_go(child);
			return true;
		}
		if (!make_step(child))
			return false;
	}
	if (child)
		let_go(child);
	return false;
}

static const struct test_case cases[] = {
	{ "two sockets and the place of a closed one", case_two_at_once },
};

int main(void)
{
	if (!is_steppable())
		unavailable("a process can't be stepped through atomic instructions here");
	return run_cases(cases, sizeof(cases) / sizeof(*cases));
}
