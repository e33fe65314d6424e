// SPDX-License-Identifier: MIT
/*
 * Storms: servers whose threads, signal handlers and processes do everything at once, and clients
 * that look at the source of every answer.
 *
 *   storm [SECONDS [STORM...]]      2 seconds each in `make check`
 */

#include <arpa/inet.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/preload.h"
#include "../../lib/side.h"
#include "storm.h"

enum { CLIENTS = 2, TOTALS_FD = 200 };

struct totals *totals;

static const struct {
	const char *name;
	void (*run)(void);
	bool may_be_wrong; /* its answers may leave from another address of the host's */
} storms[] = {
	{ "threads", storm_of_threads, false },	   { "cancels", storm_of_cancels, false },
	{ "signals", storm_of_signals, false },	   { "processes", storm_of_processes, false },
	{ "vandalism", storm_of_vandalism, true },
};

static void share_totals(void)
{
	int fd = (int)syscall(SYS_memfd_create, "totals", 0);

	if (fd < 0 || ftruncate(fd, sizeof(*totals)) || dup2(fd, TOTALS_FD) < 0)
		abort();
	close(fd);
	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED, TOTALS_FD, 0);
	if (totals == MAP_FAILED)
		abort();
}

static pid_t start_server(unsigned int which)
{
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	storms[which].run();
	_exit(0);
}

static pid_t start_client(unsigned int number)
{
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	client(number);
}

static bool ended_well(pid_t child)
{
	int status = 1;

	return waitpid(child, &status, 0) == child && !status;
}

static bool run_storm(unsigned int which, int seconds)
{
	struct in_addr asked, from;
	pid_t clients[CLIENTS], server;
	bool well;

	memset(totals, 0, sizeof(*totals));
	server = start_server(which);
	for (unsigned int i = 0; i < CLIENTS; i++)
		clients[i] = start_client(i);
	poll(NULL, 0, seconds * 1000);
	__atomic_store_n(&totals->stop, 1, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < CLIENTS; i++)
		if (!ended_well(clients[i]))
			printf("# client %u ended badly\n", i);
	well = ended_well(server) && totals->replies &&
	       (!totals->wrong || storms[which].may_be_wrong);
	printf("%s %u - %s: %" PRIu64 " answers, %" PRIu64 " from a wrong address, %" PRIu64
	       " events, %" PRIu64 " questions given up\n",
	       well ? "ok" : "not ok", which + 1, storms[which].name, totals->replies,
	       totals->wrong, totals->events, totals->renewed);
	if (totals->wrong && !storms[which].may_be_wrong) {
		asked.s_addr = htonl(totals->wrong_asked);
		from.s_addr = htonl(totals->wrong_from);
		printf("# asked at %s,", inet_ntoa(asked));
		printf(" answered from %s\n", inet_ntoa(from));
	}
	fflush(stdout);
	return well;
}

static bool is_wanted(const char *name, char **wanted)
{
	if (!*wanted)
		return true;
	for (; *wanted; wanted++)
		if (!strcmp(name, *wanted))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 2;
	bool well = true;

	if (!strcmp(argv[0], EXECUTED_NAME) && argc == 2)
		storm_executed(atoi(argv[1]));
	run_under_library(argv);
	make_sides(false);
	enter(&library_side);
	share_totals();
	signal(SIGPIPE, SIG_IGN);
	for (unsigned int i = 0; i < sizeof(storms) / sizeof(*storms); i++)
		if (is_wanted(storms[i].name, argv + (argc > 1 ? 2 : 1)))
			well &= run_storm(i, seconds);
	return well ? 0 : 1;
}
