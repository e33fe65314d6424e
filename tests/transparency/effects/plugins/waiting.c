// SPDX-License-Identifier: MIT
// A library whose constructor waits for a thread of its own, which makes its first calls.

#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

static void *use_descriptor(void *argument)
{
	(void)argument;
	fcntl(STDOUT_FILENO, F_GETFL);
#ifdef __GLIBC__
	fcntl64(STDOUT_FILENO, F_GETFL);
#endif
	return NULL;
}

__attribute__((constructor)) static void start(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, use_descriptor, NULL))
		pthread_join(thread, NULL);
}
