// SPDX-License-Identifier: MIT
/*
 * A compromised child: it shares the memory of peers with its parent, and writes whatever it likes
 * to it. Answers may then leave from another of the host's addresses, or as without the library;
 * nothing else may happen to the parent.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

/* The one mapping that is shared, anonymous and large. Returns its size in bytes, 0: not found. */
static size_t find_memory(unsigned char **memory)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	char line[512];
	size_t size = 0;

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, " rw-s ") && strstr(line, "/dev/zero") &&
		    sscanf(line, "%lx-%lx", &from, &to) == 2 && to - from > size) {
			*memory = (unsigned char *)from;
			size = to - from;
		}
	if (maps)
		fclose(maps);
	return size;
}

/* What is worth writing: numbers at the edges of types, copies of what is there, anything. */
static uint64_t choose_value(uint64_t *random, const uint64_t *words, size_t count)
{
	switch (chance(random, 4)) {
	case 0:
		return UINT64_MAX;
	case 1:
		return chance(random, 4);
	case 2:
		return words[chance(random, (uint32_t)count)];
	default:
		return (uint64_t)chance(random, 1u << 30) << 34 | chance(random, 1u << 30);
	}
}

static _Noreturn void vandalise(void)
{
	unsigned char *memory = NULL;
	size_t size = find_memory(&memory), count = size / sizeof(uint64_t), near = 4096;
	uint64_t *words = (uint64_t *)(void *)memory, random = 17;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!size)
		_exit(1);
	while (!is_over()) {
		/* The sockets in use are at the start, peers everywhere. */
		uint32_t at = chance(&random, (uint32_t)(chance(&random, 2) ? near / 8 : count));

		__atomic_store_n(&words[at], choose_value(&random, words, count), __ATOMIC_RELAXED);
		count_one(events);
	}
	_exit(0);
}

void storm_of_vandalism(void)
{
	uint64_t random = 23;
	pid_t child;
	int status;

	serve_open();
	child = fork();
	if (!child)
		vandalise();
	while (!is_over()) {
		serve_some(servers[chance(&random, SERVERS)], &random, chance(&random, 8) == 0);
		/* A new socket now and then looks for a place in the table. */
		if (chance(&random, 200) == 0)
			close(dup(servers[chance(&random, SERVERS)]));
	}
	/* A vandal that found nothing to break has tested nothing. */
	if (waitpid(child, &status, 0) != child || status)
		_exit(1);
}
