/* SPDX-License-Identifier: MIT */
/* System calls by number that no preloaded library sees, for tests that compare with the kernel. */
#ifndef KERNEL_CALL_H
#define KERNEL_CALL_H

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The libc's own function of that name, which dlsym(3) does not give where it is hooked: dlvsym(3)
 * is not, and only the libc has the first version that there is on each architecture.
 */
static inline void *find_in_libc(const char *name)
{
#ifdef __GLIBC__
	static const char *const versions[] = { "GLIBC_2.2.5", "GLIBC_2.0", "GLIBC_2.17",
						"GLIBC_2.4",   "GLIBC_2.2", "GLIBC_2.27",
						"GLIBC_2.12",  "GLIBC_2.14" };
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), *address = NULL;

	for (size_t i = 0; libc && !address && i < sizeof(versions) / sizeof(*versions); i++)
		address = dlvsym(libc, name, versions[i]);
	return address;
#else
	pid_t (*of_libc)(void) = getppid;
	void *address;
	Dl_info info;

	memcpy(&address, &of_libc, sizeof(address));
	return dladdr(address, &info) ? dlsym(dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD), name)
				      : NULL;
#endif
}

typedef long kernel_call_type(long number, ...);

static inline kernel_call_type *kernel_call_get(void)
{
	static kernel_call_type *found;
	void *address;

	if (!found && (address = find_in_libc("syscall")))
		memcpy(&found, &address, sizeof(found));
	return found ? found : syscall;
}

/* As syscall(2). */
#define kernel_call(...) kernel_call_get()(__VA_ARGS__)

#endif
