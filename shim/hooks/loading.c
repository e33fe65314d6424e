// SPDX-License-Identifier: MIT
// Hook of dlopen(3), for objects that would look past us.

#include <dlfcn.h>
#include <string.h>

#include "deepbind.h"
#include "hook.h"
#include "libc.h"
#include "start.h"

#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

/* Apart, so that the hook itself needs no stack frame. */
static __attribute__((noinline)) void *open_deep(const char *file, int mode)
{
	int known = deepbind_count();
	void *handle = libc.dlopen(file, mode);

	if (handle)
		deepbind_mend(handle, known);
	return handle;
}

/*
 * A sibling call in every build, also at -O0: compilers that cannot be told so for one call are
 * told to optimise the function that makes it, and to put no counters after the call.
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
	    !start_ready())
		MUST_TAIL return libc.dlopen(file, mode);
	return open_deep(file, mode);
}
