// SPDX-License-Identifier: MIT
// Finds the functions that come after ours in the order of symbol lookup.

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

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

/*
 * The first calls of those that can't be called from here: jumped to in hooks/jump.S, they keep all
 * arguments, resolve the function by libc_find_NAME(), and jump on.
 */
#define FIRST_JUMP(type, name, parameters, arguments) \
	type libc_first_##name parameters;            \
	void libc_find_##name(void);
HOOKS_JUMP(FIRST_JUMP)

#ifdef HOOKS_HAVE_SYSCALL
_Static_assert(offsetof(struct libc, syscall) == 0, "where hooks/jump.S looks for it");

static long no_syscall(long number, ...)
{
	(void)number;
	errno = ENOSYS;
	return -1;
}

void libc_find_syscall(void)
{
	find(&libc.syscall, "syscall");
	if (libc.syscall == libc_first_syscall)
		libc.syscall = no_syscall;
}
#endif

#ifdef HOOKS_HAVE_DLSYM
_Static_assert(offsetof(struct libc, dlsym) == sizeof(void *), "where hooks/jump.S looks for it");

/* The first version of the libc's symbols there is on this architecture. */
#if defined(__x86_64__)
#define BASE_VERSION "GLIBC_2.2.5"
#elif defined(__i386__)
#define BASE_VERSION "GLIBC_2.0"
#elif defined(__arm__)
#define BASE_VERSION "GLIBC_2.4"
#elif defined(__riscv)
#define BASE_VERSION "GLIBC_2.27"
#elif defined(__s390x__)
#define BASE_VERSION "GLIBC_2.2"
#else /* AArch64, POWER */
#define BASE_VERSION "GLIBC_2.17"
#endif

static void *no_dlsym(void *handle, const char *name)
{
	(void)handle;
	(void)name;
	return NULL;
}

/* dlsym() is ours, so it can't be asked for the next one. */
void libc_find_dlsym(void)
{
	int e = errno;
	void *address = dlvsym(RTLD_NEXT, "dlsym", BASE_VERSION);

	if (address)
		memcpy(&libc.dlsym, &address, sizeof(address));
	else
		libc.dlsym = no_dlsym;
	errno = e;
}
#endif

#define FIRST_POINTER(type, name, parameters, arguments)      .name = first_##name,
#define FIRST_JUMP_POINTER(type, name, parameters, arguments) .name = libc_first_##name,
struct libc libc = { HOOKS_JUMP(FIRST_JUMP_POINTER) HOOKS_ALWAYS(FIRST_POINTER)
			     HOOKS_SOMETIMES(FIRST_POINTER) HOOKS_TIME64(FIRST_POINTER)
				     HOOKS_VARIADIC(FIRST_POINTER) HOOKS_LOADER(FIRST_POINTER) };

/* Where the code of libraries between us and the libc is; more than these are not kept apart. */
enum { BETWEEN = 8 };
static struct {
	uintptr_t start, size;
} between[BETWEEN];
static unsigned int between_count;

bool libc_is_between(const void *code)
{
	for (unsigned int i = 0; i < between_count; i++)
		if ((uintptr_t)code - between[i].start < between[i].size)
			return true;
	return false;
}

static bool holds(uintptr_t start, uintptr_t size, const void *function)
{
	uintptr_t address;

	memcpy(&address, function, sizeof(address));
	return address - start < size;
}

/* Does that code hold the next function of any hook, and is not the libc, which has getppid()? */
static bool is_between(uintptr_t start, uintptr_t size)
{
	pid_t (*of_libc)(void) = getppid;
	bool is = false;

#define HOLDS(type, name, parameters, arguments) is |= holds(start, size, &libc.name);
	HOOKS_ALWAYS(HOLDS)
	return is && !holds(start, size, &of_libc);
}

static int visit(struct dl_phdr_info *info, size_t size, void *argument)
{
	(void)size;
	(void)argument;
	for (int i = 0; i < info->dlpi_phnum && between_count < BETWEEN; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + header->p_vaddr;

		if (header->p_type != PT_LOAD || !(header->p_flags & PF_X) ||
		    !is_between(start, header->p_memsz))
			continue;
		between[between_count].start = start;
		between[between_count++].size = header->p_memsz;
	}
	return 0;
}

void libc_resolve(void)
{
#define FIND(type, name, parameters, arguments)	     find(&libc.name, #name);
#define FIND_JUMP(type, name, parameters, arguments) libc_find_##name();
	HOOKS_JUMP_DLSYM(FIND_JUMP)
	HOOKS_JUMP_SYSCALL(FIND_JUMP)
	HOOKS_ALWAYS(FIND)
	HOOKS_LOADER(FIND)
	find(&libc.fcntl, "fcntl");
#ifdef __GLIBC__
	/* dlsym() waits while another thread loads an object, so nothing is left for later. */
	HOOKS_SOMETIMES(FIND)
	find(&libc.fcntl64, "fcntl64");
#endif
	dl_iterate_phdr(visit, NULL);
}
