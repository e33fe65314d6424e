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
 * dlopen() asks who its caller is, for the caller's RUNPATH and $ORIGIN. So the real one is jumped
 * to (a sibling call, as any optimising build makes it) unless the name is a path as it stands.
 */
void *hook_dlopen(const char *file, int mode)
{
	if (likely(!(mode & RTLD_DEEPBIND)) || !file || !strchr(file, '/') || strchr(file, '$') ||
	    !start_ready())
		return libc.dlopen(file, mode);
	return open_deep(file, mode);
}
