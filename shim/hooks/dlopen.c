// SPDX-License-Identifier: MIT
// Hooks of dlopen(3) and dlsym(3), for objects that would look past us.

#include <dlfcn.h>
#include <string.h>

#include "base/compiler.h"
#include "hooks/deepbind.h"
#include "libc/libc.h"
#include "sockets/state.h"

#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

/* Not inlined: the hook itself needs no stack frame. */
static __attribute__((noinline)) void *open_deep(const char *file, int mode)
{
	int known = deepbind_count();
	void *handle = libc.dlopen(file, mode);

	if (handle)
		deepbind_mend(handle, known);
	return handle;
}

/*
 * Makes a sibling call in every build, also at -O0. A compiler without the attribute is told to
 * optimise the function, and to put no counters after the call.
 */
#if defined(__has_attribute)
#if __has_attribute(musttail)
#define MUST_TAIL __attribute__((musttail))
#endif
#endif
#ifdef MUST_TAIL
#define MAKES_SIBLING_CALL __attribute__((no_instrument_function))
#else
#define MUST_TAIL
#define MAKES_SIBLING_CALL                                                               \
	__attribute__((optimize("O2", "optimize-sibling-calls"), no_instrument_function, \
		       no_profile_instrument_function, no_sanitize("thread")))
#endif

/*
 * dlopen() asks who its caller is, for the caller's RUNPATH and $ORIGIN. So the real one is jumped
 * to unless the name is a path as it stands.
 */
MAKES_SIBLING_CALL void *hook_dlopen(const char *file, int mode)
{
	if (likely(!(mode & RTLD_DEEPBIND)) || !file || !strchr(file, '/') || strchr(file, '$') ||
	    !library_ready())
		MUST_TAIL return libc.dlopen(file, mode);
	return open_deep(file, mode);
}

#ifdef HOOKS_HAVE_DLSYM

/* A function of the libc, as deepbind.c has them; only compared and copied. */
typedef void (*function)(void);

/* Returns our hook if it calls the function that dlsym() found, else that function. */
static void *hook_of(void *found)
{
#define IN_TABLE(type, name, parameters, arguments) \
	{ (function *)&libc.name, (function)hook_##name },
	static const struct {
		const function *next;
		function hook;
	} table[] = { HOOKS_ALWAYS(IN_TABLE) HOOKS_SOMETIMES(IN_TABLE) HOOKS_TIME64(IN_TABLE)
			      HOOKS_VARIADIC(IN_TABLE) HOOKS_JUMP_SYSCALL(IN_TABLE) };

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (memcmp(table[i].next, &found, sizeof(found)))
			continue;
		memcpy(&found, &table[i].hook, sizeof(found));
		break;
	}
	return found;
}

/*
 * dlsym() with a handle of one library and its dependencies, which has nothing to do with who the
 * caller is; hooks/jump.S jumps here. Languages call C functions so (mono, .NET, ctypes, FFI).
 */
void *loading_dlsym(void *handle, const char *name);
void *loading_dlsym(void *handle, const char *name)
{
	void *found = libc.dlsym(handle, name);

	/* A library between us and the libc looks for what comes after it, which we don't. */
	return found && !libc_is_between(__builtin_return_address(0)) ? hook_of(found) : found;
}
#endif
