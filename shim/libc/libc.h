/* SPDX-License-Identifier: MIT */
/* The libc's own functions: those that the program would call without this library. */
#ifndef LIBC_H
#define LIBC_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

#include "libc/hooks.h"

/*
 * Functions that the library calls and does not hook. It calls the libc's, past other preloaded
 * libraries, whose changed results are for the program.
 */
#define CALLS_OF_OURS(HOOK)                                                                      \
	HOOK(int, close, (int fd), (fd))                                                         \
	HOOK(int, getpeername, (int fd, struct sockaddr *address, socklen_t *length),            \
	     (fd, address, length))                                                              \
	HOOK(int, poll, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout)) \
	HOOK(ssize_t, write, (int fd, const void *buffer, size_t size), (fd, buffer, size))

/* Where it is hooked it is in HOOKS_JUMP. */
#ifdef HOOKS_HAVE_DLSYM
#define CALLS_OF_OURS_LOADER(HOOK)
#else
#define CALLS_OF_OURS_LOADER(HOOK) \
	HOOK(void *, dlsym, (void *handle, const char *name), (handle, name))
#endif

#define FUNCTIONS(HOOK)       \
	HOOKS_ALWAYS(HOOK)    \
	HOOKS_SOMETIMES(HOOK) \
	HOOKS_TIME64(HOOK)    \
	HOOKS_VARIADIC(HOOK)  \
	HOOKS_LOADER(HOOK)    \
	CALLS_OF_OURS(HOOK)   \
	CALLS_OF_OURS_LOADER(HOOK)

#define HOOK_POINTER(type, name, parameters, arguments) type(*name) parameters;

/*
 * Each pointer can be called at any time, also before the constructor: at first it leads to a
 * function that resolves it (lookup.h) and then calls it.
 */
struct libc {
	HOOKS_JUMP(HOOK_POINTER) /* these are first: hooks/jump.S knows where */
	FUNCTIONS(HOOK_POINTER)
};

HOOKS(HOOK_PROTOTYPE)

extern struct libc libc __attribute__((visibility("hidden")));

/* syscall(2) for calls of ours: past our own hook of it. */
#ifdef HOOKS_HAVE_SYSCALL
#define kernel_call libc.syscall
#else
#define kernel_call syscall
#endif

/*
 * Returns true if that code belongs to this library, or to one between it and the libc, whose
 * functions are called in place of the libc's (another preloaded library).
 */
bool libc_is_between(const void *code);

/* Resolves all functions that the libc has. errno stays. */
void libc_resolve(void);

#endif
