// SPDX-License-Identifier: MIT
/*
 * Part of the library in the build for coverage alone: counters are written where a process ends,
 * or becomes another program, without the functions that exit(3) calls. Who is killed by SIGKILL or
 * ends itself by a raw system call has counted in vain.
 */

#include <dlfcn.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* libgcov's. */
void __gcov_dump(void);
void __gcov_reset(void);

/* Written counters begin anew: a vfork child writes its parent's, which goes on. */
static void flush(void)
{
	__gcov_dump();
	__gcov_reset();
}

EXPORT _Noreturn void _exit(int status)
{
	flush();
	for (;;)
		syscall(SYS_exit_group, status);
}

EXPORT _Noreturn void _Exit(int status)
{
	_exit(status);
}

EXPORT int execve(const char *path, char *const argv[], char *const environment[])
{
	flush();
	return (int)syscall(SYS_execve, path, argv, environment);
}

EXPORT int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

EXPORT int execvp(const char *file, char *const argv[])
{
	int (*next)(const char *, char *const[]) = dlsym(RTLD_NEXT, "execvp");

	flush();
	return next(file, argv);
}

static void terminate(int number)
{
	flush();
	signal(number, SIG_DFL);
	raise(number);
}

/* Servers are ended so, and few have a handler of their own. */
static __attribute__((constructor)) void catch_termination(void)
{
	struct sigaction action = { .sa_handler = terminate, .sa_flags = SA_NODEFER }, old;

	if (!sigaction(SIGTERM, NULL, &old) && old.sa_handler == SIG_DFL)
		sigaction(SIGTERM, &action, NULL);
}
