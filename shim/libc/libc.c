// SPDX-License-Identifier: MIT
// Finds the functions that come after ours in the order of symbol lookup.

#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "libc/libc.h"
#include "libc/lookup.h"

/*
 * Looks all functions up, the first time. A pointer to a function that the libc lacks stays as it
 * is.
 */
static void find_functions(void);

#define FIRST_CALL_WITH(type, name, parameters, begin, arguments, missing) \
	static type first_##name parameters                                \
	{                                                                  \
		begin find_functions();                                    \
		if (libc.name == first_##name) {                           \
			errno = ENOSYS;                                    \
			return missing;                                    \
		}                                                          \
		return libc.name arguments;                                \
	}
#define FIRST_CALL(type, name, parameters, arguments) \
	FIRST_CALL_WITH(type, name, parameters, , arguments, -1)
#define FIRST_CALL_LOADER(type, name, parameters, arguments) \
	FIRST_CALL_WITH(type, name, parameters, , arguments, NULL)
#define FIRST_CALL_VARIADIC(type, name, parameters, arguments)                                  \
	FIRST_CALL_WITH(type, name, parameters, va_list list; void *argument;                   \
			va_start(list, command); argument = va_arg(list, void *); va_end(list); \
			, (fd, command, argument), -1)
HOOKS_ALWAYS(FIRST_CALL)
HOOKS_SOMETIMES(FIRST_CALL)
HOOKS_TIME64(FIRST_CALL)
CALLS_OF_OURS(FIRST_CALL)
HOOKS_VARIADIC(FIRST_CALL_VARIADIC)
HOOKS_LOADER(FIRST_CALL_LOADER)
CALLS_OF_OURS_LOADER(FIRST_CALL_LOADER)

/*
 * The first calls of those that can't be called from here: jumped to in hooks/jump.S, they keep all
 * arguments, resolve the function by libc_find_NAME(), and jump on.
 */
#define FIRST_JUMP(type, name, parameters, arguments) \
	type libc_first_##name parameters;            \
	void libc_find_##name(void);
HOOKS_JUMP(FIRST_JUMP)
#define FIND_JUMP(name)                             \
	void libc_find_##name(void)                 \
	{                                           \
		find_functions();                   \
		if (libc.name == libc_first_##name) \
			libc.name = no_##name;      \
	}

#ifdef HOOKS_HAVE_SYSCALL
_Static_assert(offsetof(struct libc, syscall) == 0, "where hooks/jump.S looks for it");

static long no_syscall(long number, ...)
{
	(void)number;
	errno = ENOSYS;
	return -1;
}

FIND_JUMP(syscall)
#endif

#ifdef HOOKS_HAVE_DLSYM
_Static_assert(offsetof(struct libc, dlsym) == sizeof(void *), "where hooks/jump.S looks for it");

static void *no_dlsym(void *handle, const char *name)
{
	(void)handle;
	(void)name;
	return NULL;
}

FIND_JUMP(dlsym)
#endif

#define FIRST_POINTER(type, name, parameters, arguments)      .name = first_##name,
#define FIRST_JUMP_POINTER(type, name, parameters, arguments) .name = libc_first_##name,
struct libc libc = { HOOKS_JUMP(FIRST_JUMP_POINTER) FUNCTIONS(FIRST_POINTER) };

/* The code of this library, and of libraries between it and the libc; at most this many parts. */
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

static bool code_holds(uintptr_t start, uintptr_t size, const void *function)
{
	uintptr_t address;

	memcpy(&address, function, sizeof(address));
	return address - start < size;
}

/*
 * Returns true for code that holds the next function of any hook and is not the libc, which has
 * getppid(). Returns true for our own code too: such a function may end in a jump to syscall(), and
 * return to our call of it.
 */
static bool code_is_between(uintptr_t start, uintptr_t size)
{
	pid_t (*of_libc)(void) = getppid;
	bool (*ours)(const void *) = libc_is_between;
	bool is = code_holds(start, size, &ours);

#define HOLDS(type, name, parameters, arguments) is |= code_holds(start, size, &libc.name);
	HOOKS_ALWAYS(HOLDS)
	return is && !code_holds(start, size, &of_libc);
}

static int add_code_between(struct dl_phdr_info *info, size_t size, void *argument)
{
	(void)size;
	(void)argument;
	for (int i = 0; i < info->dlpi_phnum && between_count < BETWEEN; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + header->p_vaddr;

		if (header->p_type != PT_LOAD || !(header->p_flags & PF_X) ||
		    !code_is_between(start, header->p_memsz))
			continue;
		between[between_count].start = start;
		between[between_count++].size = header->p_memsz;
	}
	return 0;
}

#define LOOKUP(type, name, parameters, arguments) { #name, &libc.name },
static const struct lookup names[] = { HOOKS_JUMP(LOOKUP) FUNCTIONS(LOOKUP) };
_Static_assert(sizeof(names) / sizeof(*names) <= LOOKUP_MOST, "looked up at once");

static void find_functions(void)
{
	static bool found;

	if (__atomic_load_n(&found, __ATOMIC_ACQUIRE))
		return;
	lookup_next(names, sizeof(names) / sizeof(*names));
	__atomic_store_n(&found, true, __ATOMIC_RELEASE);
}

void libc_resolve(void)
{
	find_functions();
	if (!between_count)
		dl_iterate_phdr(add_code_between, NULL);
}
