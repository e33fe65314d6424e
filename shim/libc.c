// SPDX-License-Identifier: MIT
// Finds the functions that come after ours in the order of symbol lookup.

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "libc.h"

/* POSIX lets an object pointer hold a function's address; ISO C has no cast for it. */
static void find(void *pointer, const char *name)
{
	int e = errno;
	void *address = dlsym(RTLD_NEXT, name);

	if (address)
		memcpy(pointer, &address, sizeof(address));
	errno = e;
}

#define FIRST_CALL(type, name, parameters, arguments) \
	static type first_##name parameters           \
	{                                             \
		find(&libc.name, #name);              \
		if (libc.name == first_##name) {      \
			errno = ENOSYS;               \
			return -1;                    \
		}                                     \
		return libc.name arguments;           \
	}
#define FIRST_CALL_VARIADIC(type, name, parameters, arguments) \
	static type first_##name parameters                    \
	{                                                      \
		va_list list;                                  \
		void *argument;                                \
                                                               \
		va_start(list, command);                       \
		argument = va_arg(list, void *);               \
		va_end(list);                                  \
		find(&libc.name, #name);                       \
		if (libc.name == first_##name) {               \
			errno = ENOSYS;                        \
			return -1;                             \
		}                                              \
		return libc.name(fd, command, argument);       \
	}
HOOKS_ALWAYS(FIRST_CALL)
HOOKS_SOMETIMES(FIRST_CALL)
HOOKS_TIME64(FIRST_CALL)
HOOKS_VARIADIC(FIRST_CALL_VARIADIC)

static void *first_dlopen(const char *file, int mode)
{
	find(&libc.dlopen, "dlopen");
	return libc.dlopen == first_dlopen ? NULL : libc.dlopen(file, mode);
}

#define FIRST_POINTER(type, name, parameters, arguments) .name = first_##name,
struct libc libc = { HOOKS_ALWAYS(FIRST_POINTER) HOOKS_SOMETIMES(FIRST_POINTER) HOOKS_TIME64(
	FIRST_POINTER) HOOKS_VARIADIC(FIRST_POINTER) HOOKS_LOADER(FIRST_POINTER) };

void libc_resolve(void)
{
#define FIND(type, name, parameters, arguments) find(&libc.name, #name);
	HOOKS_ALWAYS(FIND)
	HOOKS_LOADER(FIND)
	find(&libc.fcntl, "fcntl");
#ifdef __GLIBC__
	/* dlsym() waits while another thread loads an object, so nothing is left for later. */
	HOOKS_SOMETIMES(FIND)
	find(&libc.fcntl64, "fcntl64");
#endif
}
