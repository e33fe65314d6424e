// SPDX-License-Identifier: MIT
// A second preloaded library, behind the one under test: sees the calls that it makes.

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "behind.h"

__attribute__((visibility("default"))) unsigned int behind_sends;
__attribute__((visibility("default"))) void (*behind_between)(void);

static void between(void)
{
	int error = errno;

	if (behind_between)
		behind_between();
	errno = error;
}

__attribute__((visibility("default"))) ssize_t sendmsg(int fd, const struct msghdr *message,
						       int flags)
{
	ssize_t n;

	pthread_testcancel();
	behind_sends++;
	n = syscall(SYS_sendmsg, fd, message, flags);
	between();
	return n;
}

__attribute__((visibility("default"))) int setsockopt(int fd, int level, int name,
						      const void *value, socklen_t length)
{
	between();
	return (int)syscall(SYS_setsockopt, fd, level, name, value, length);
}

__attribute__((visibility("default"))) int getsockopt(int fd, int level, int name, void *value,
						      socklen_t *length)
{
	between();
	return (int)syscall(SYS_getsockopt, fd, level, name, value, length);
}

/* As a library looks for the functions that it stands before. */
__attribute__((visibility("default"))) void *behind_find(const char *name)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	void *volatile found = libc ? dlsym(libc, name) : NULL;

	return found;
}
