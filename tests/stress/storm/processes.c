// SPDX-License-Identifier: MIT
// A storm of processes: forked and executed workers, killed wherever they are.

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

enum { WORKERS = 5, TOTALS_FD = 200 };

/* A child that shares our memory, or has a copy of it, and closes and duplicates on its own. */
static void bear_short_lived(uint64_t *random)
{
	pid_t child = chance(random, 2) ? vfork() : fork();

	if (!child) {
		int fd = dup2(servers[0], 60);

		close(servers[1]);
		close(fd);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

static _Noreturn void work(unsigned int seed)
{
	uint64_t random = seed;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!is_over()) {
		serve_some(servers[chance(&random, SERVERS)], &random, chance(&random, 8) == 0);
		if (chance(&random, 2000) == 0)
			bear_short_lived(&random);
	}
	_exit(0);
}

void storm_executed(int fd)
{
	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED, TOTALS_FD, 0);
	if (totals == MAP_FAILED)
		_exit(1);
	servers[0] = fd;
	servers[1] = fd + 1;
	work((unsigned int)getpid());
}

static pid_t start(uint64_t *random)
{
	unsigned int seed = chance(random, 1u << 30), kind = chance(random, 4);
	char number[16];
	char *argv[] = { (char *)(uintptr_t)EXECUTED_NAME, number, NULL };
	pid_t child;

	snprintf(number, sizeof(number), "%d", servers[0]);
	child = kind == 0 ? vfork() : fork();
	if (!child && kind > 1)
		work(seed);
	if (!child) {
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	if (child < 0)
		abort();
	return child;
}

static bool is_worker(const pid_t *workers, pid_t pid)
{
	for (unsigned int i = 0; i < WORKERS; i++)
		if (workers[i] == pid)
			return true;
	return false;
}

/* Children of the killed that ended by now. */
static void reap_orphans(const pid_t *workers)
{
	siginfo_t ended = { .si_pid = 0 };

	while (!waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) && ended.si_pid &&
	       !is_worker(workers, ended.si_pid))
		waitpid(ended.si_pid, NULL, 0);
}

void storm_of_processes(void)
{
	uint64_t random = 11;
	pid_t workers[WORKERS];

	/* Children of the killed hold the ports until they end; the next storm needs them. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	serve_open();
	if (servers[1] != servers[0] + 1)
		abort();
	for (unsigned int i = 0; i < WORKERS; i++)
		workers[i] = start(&random);
	while (!is_over()) {
		unsigned int i = chance(&random, WORKERS);

		/* Not waiting for anything: this is how often somebody dies. */
		poll(NULL, 0, (int)chance(&random, 8));
		kill(workers[i], SIGKILL);
		waitpid(workers[i], NULL, 0);
		count_one(events);
		workers[i] = start(&random);
		reap_orphans(workers);
	}
	for (unsigned int i = 0; i < WORKERS; i++)
		kill(workers[i], SIGKILL);
	while (wait(NULL) > 0)
		;
}
