/* SPDX-License-Identifier: MIT */
/* Many write into one table at once, from threads or from processes. */
#ifndef WRITERS_H
#define WRITERS_H

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

enum { WRITERS = 6 };

/* All that one does, given its number; returns how often something was wrong. */
typedef void *writer_function(void *number);

static inline void write_in_threads(writer_function *work)
{
	pthread_t threads[WRITERS];

	for (uintptr_t i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
	for (int i = 0; i < WRITERS; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
}

static inline void write_in_processes(writer_function *work)
{
	pid_t children[WRITERS];

	for (uintptr_t i = 0; i < WRITERS; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (!children[i])
			_exit(work((void *)i) ? 1 : 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
}

#endif
