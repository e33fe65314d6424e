// SPDX-License-Identifier: MIT
// Many threads or forked processes answer at once, on one socket or on one each (SO_REUSEPORT).

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "lab.h"
#include "serve.h"

enum { WORKERS_MAX = 16, BATCH = 512, PEERS = 1000, PORT = 5500 };

/* What workers and the one who leads them share, in memory that forked processes share too. */
static struct shared {
	pthread_barrier_t start, end;
	enum side side;
	bool over;
	struct {
		_Alignas(64) uint64_t began, ended;
		unsigned int served;
	} workers[WORKERS_MAX];
} * shared;

static int servers[SIDES][WORKERS_MAX];

static void work(unsigned int number)
{
	for (;;) {
		enum side side;

		pthread_barrier_wait(&shared->start);
		if (shared->over)
			return;
		side = shared->side;
		shared->workers[number].began = now();
		shared->workers[number].served =
			serve(side, FROM_TO, servers[side][number], BATCH, MSG_DONTWAIT);
		shared->workers[number].ended = now();
		pthread_barrier_wait(&shared->end);
	}
}

static void *work_thread(void *number)
{
	work((unsigned int)(uintptr_t)number);
	return NULL;
}

/* Until both barriers can be shared by processes. */
static void make_shared(unsigned int workers)
{
	pthread_barrierattr_t attributes;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		give_up("mmap");
	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->start, &attributes, workers + 1);
	pthread_barrier_init(&shared->end, &attributes, workers + 1);
}

static void start_workers(unsigned int workers, bool processes)
{
	pid_t leader = getpid();

	for (unsigned int i = 0; i < workers; i++) {
		pthread_t thread;
		pid_t child;

		if (!processes) {
			if (pthread_create(&thread, NULL, work_thread, (void *)(uintptr_t)i))
				give_up("pthread_create");
			continue;
		}
		child = fork();
		if (child < 0)
			give_up("fork");
		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() == leader)
				work(i);
			_exit(0);
		}
	}
}

static void open_servers(enum family family, unsigned int workers, bool share_port)
{
	for (unsigned int side = NATIVE; side < sides_here(); side++) {
		for (unsigned int i = 0; i < workers; i++)
			servers[side][i] =
				i && !share_port ? servers[side][0]
						 : lab_server(family, (enum side)side,
							      (uint16_t)(PORT + side), share_port);
	}
}

/* From the first worker's begin to the last one's end. */
static struct cost batch(struct clients *clients, enum side side, unsigned int workers)
{
	uint64_t began = UINT64_MAX, ended = 0, start = now(), asked;
	unsigned int wrong;

	lab_ask(clients, (uint16_t)(PORT + side), BATCH);
	asked = now();
	shared->side = side;
	pthread_barrier_wait(&shared->start);
	pthread_barrier_wait(&shared->end);
	for (unsigned int i = 0; i < workers; i++) {
		if (!shared->workers[i].served)
			continue;
		if (shared->workers[i].began < began)
			began = shared->workers[i].began;
		if (shared->workers[i].ended > ended)
			ended = shared->workers[i].ended;
	}
	wrong = lab_collect(clients, BATCH);
	if (wrong) {
		fprintf(stderr, "bench: %u replies of %d from a wrong address (%s)\n", wrong, BATCH,
			side_names[side]);
		exit(1);
	}
	return (struct cost){ ended - began, ended - began + asked - start };
}

/* crowd FAMILY threads|processes one|each WORKERS ROUNDS */
int bench_crowd(int count, char *arguments[])
{
	struct clients clients;
	unsigned int workers, rounds, sides = sides_here() - NATIVE;
	enum family family;

	if (count < 5)
		return 2;
	family = family_of(arguments[0]);
	workers = (unsigned int)atoi(arguments[3]);
	rounds = (unsigned int)atoi(arguments[4]);
	if (!workers || workers > WORKERS_MAX)
		return 2;
	make_shared(workers);
	lab_clients(&clients, family, PEERS);
	open_servers(family, workers, !strcmp(arguments[2], "each"));
	start_workers(workers, !strcmp(arguments[1], "processes"));
	for (unsigned int round = 0; round < rounds; round++) {
		for (unsigned int turn = 0; turn < sides; turn++) {
			unsigned int side =
				((round & 1 ? turn : sides - turn) + round / 2) % sides + NATIVE;

			print_cost(round, (enum side)side,
				   batch(&clients, (enum side)side, workers), BATCH);
		}
	}
	shared->over = true;
	pthread_barrier_wait(&shared->start);
	while (wait(NULL) > 0)
		;
	return 0;
}
