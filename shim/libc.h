/* SPDX-License-Identifier: MIT */
/* The next functions: what the program would have called without us. */
#ifndef LIBC_H
#define LIBC_H

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
	HOOKS_ALWAYS(HOOK_POINTER)
	HOOKS_SOMETIMES(HOOK_POINTER)
	HOOKS_TIME64(HOOK_POINTER)
	HOOKS_VARIADIC(HOOK_POINTER)
	HOOKS_LOADER(HOOK_POINTER)
};

HOOKS(HOOK_PROTOTYPE)

extern struct libc libc;

/* Resolves all functions that every libc has. */
void libc_resolve(void);

#endif
