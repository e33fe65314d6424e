/* SPDX-License-Identifier: MIT */
/* The next functions: what the program would have called without us. */
#ifndef LIBC_H
#define LIBC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

#include "hooks.h"

#define HOOK_POINTER(type, name, parameters, arguments) type(*name) parameters;

/*
 * Each pointer can be called at any time, before the constructor ran too: until it is resolved it
 * leads to a function that resolves it (dlsym(3), RTLD_NEXT) and calls on.
 */
struct libc {
	HOOKS_JUMP(HOOK_POINTER) /* these are first: hooks/jump.S knows where */
	HOOKS_ALWAYS(HOOK_POINTER)
	HOOKS_SOMETIMES(HOOK_POINTER)
	HOOKS_TIME64(HOOK_POINTER)
	HOOKS_VARIADIC(HOOK_POINTER)
	HOOKS_LOADER(HOOK_POINTER)
};

HOOKS(HOOK_PROTOTYPE)

extern struct libc libc;

/* What the libc's own dlsym(3) gives, never one of our hooks. */
#ifdef HOOKS_HAVE_DLSYM
#define LIBC_DLSYM libc.dlsym
#else
#define LIBC_DLSYM dlsym
#endif

/*
 * Does that code belong to a library between us and the libc, whose functions we call in place of
 * the libc's (another preloaded library)?
 */
bool libc_is_between(const void *code);

/* Resolves all functions that every libc has. */
void libc_resolve(void);

#endif
