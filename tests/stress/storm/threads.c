// SPDX-License-Identifier: MIT
/*
 * Storms of threads: descriptors duplicated, closed and reused by others at any moment, and threads
 * cancelled wherever they are.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storm.h"

enum { THREADS = 6 };

/*
 * A close that no library sees. The thread sanitizer neither: for it, the number would still be
 * that of the descriptor before, which another thread had.
 */
static void close_unseen(int fd)
{
#ifdef __SANITIZE_THREAD__
	close(fd);
#else
	syscall(SYS_close, fd);
#endif
}

/* Something else takes a number that was a server's, and gives it back. */
static void occupy_a_number(uint64_t *random)
{
	int pair[2];

	switch (chance(random, 5)) {
	case 0:
		close(open("/dev/null", O_RDWR | O_CLOEXEC));
		break;
	case 1:
		close(socket(AF_INET, SOCK_STREAM, 0));
		break;
	case 2:
		close_unseen(socket(AF_INET, SOCK_DGRAM, 0));
		break;
	case 3:
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
			break;
		send(pair[0], "", 1, MSG_DONTWAIT);
		serve_some(pair[1], random, false);
		close(pair[0]);
		close_unseen(pair[1]);
		break;
	default:
		close(dup(STDIN_FILENO));
		break;
	}
}

static void *serve_on_duplicates(void *argument)
{
	uint64_t random = (uint64_t)(uintptr_t)argument * 7919 + 1;

	while (!is_over()) {
		int fd = servers[chance(&random, SERVERS)], own = fd;

		if (chance(&random, 4) == 0)
			own = chance(&random, 2) ? dup(fd) : fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (own < 0)
			continue;
		serve_some(own, &random, chance(&random, 8) == 0);
		for (uint32_t more = chance(&random, 16); more; more--)
			serve_some(own, &random, false);
		if (own == fd)
			continue;
		count_one(events);
		if (chance(&random, 2))
			close(own);
		else
			close_unseen(own);
		occupy_a_number(&random);
	}
	return NULL;
}

void storm_of_threads(void)
{
	pthread_t threads[THREADS];

	serve_open();
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, serve_on_duplicates, (void *)(i + 1)))
			abort();
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Runs until it is cancelled: all calls that serve are cancellation points. */
static void *serve_until_cancelled(void *argument)
{
	uint64_t random = (uint64_t)(uintptr_t)argument;

	for (;;)
		serve_some(servers[chance(&random, SERVERS)], &random, chance(&random, 4) == 0);
	return NULL;
}

void storm_of_cancels(void)
{
	pthread_t threads[THREADS];
	uint64_t random = 99;

	serve_open();
	for (unsigned int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, serve_until_cancelled, (void *)(uintptr_t)i))
			abort();
	while (!is_over()) {
		unsigned int i = chance(&random, THREADS);

		for (uint32_t some = chance(&random, 50); some; some--)
			serve_some(servers[chance(&random, SERVERS)], &random, false);
		pthread_cancel(threads[i]);
		pthread_join(threads[i], NULL);
		count_one(events);
		if (pthread_create(&threads[i], NULL, serve_until_cancelled,
				   (void *)(uintptr_t)chance(&random, 1u << 30)))
			abort();
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_cancel(threads[i]);
		pthread_join(threads[i], NULL);
	}
}
