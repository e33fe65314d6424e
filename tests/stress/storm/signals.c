// SPDX-License-Identifier: MIT
// A storm of signals: handlers receive and answer in the middle of the same calls.

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

static uint64_t handler_random = 5;

static void handle(int number)
{
	(void)number;
	count_one(events);
	for (int i = 0; i < 3; i++)
		serve_some(servers[chance(&handler_random, SERVERS)], &handler_random, false);
}

void storm_of_signals(void)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
	struct itimerspec often = { .it_interval.tv_nsec = 30000, .it_value.tv_nsec = 30000 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	uint64_t random = 3;
	timer_t timer;

	serve_open();
	/* The timer's comes at any moment, in the middle of the other's handler too. */
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGIO, &action, NULL);
	for (unsigned int i = 0; i < SERVERS; i++) {
		fcntl(servers[i], F_SETOWN, getpid());
		fcntl(servers[i], F_SETFL, O_ASYNC | O_NONBLOCK);
	}
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &often, NULL))
		abort();
	while (!is_over())
		serve_some(servers[chance(&random, SERVERS)], &random, chance(&random, 2) == 0);
	timer_delete(timer);
	signal(SIGIO, SIG_IGN);
}
