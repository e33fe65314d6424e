// SPDX-License-Identifier: MIT
// The value by which functions see that their stack was smashed. On some architectures it is a
// variable of glibc's loader, and a library that needs that loader by name would keep programs of
// musl from starting. So the library has its own.

#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>

#if __has_attribute(no_stack_protector)
#define UNGUARDED no_stack_protector
#else
#define UNGUARDED optimize("no-stack-protector")
#endif

#if !defined(__x86_64__) && !defined(__i386__) && !defined(__powerpc__) && !defined(__s390__) && \
	!defined(__sparc__)
extern uintptr_t __stack_chk_guard;
__attribute__((visibility("hidden"))) uintptr_t __stack_chk_guard;

/* Before all else: no function that checks the value may be at work. */
__attribute__((constructor(101), UNGUARDED)) static void choose_guard(void)
{
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);

	/* The libc takes the first bytes for its own. */
	for (size_t i = 0; random && i < sizeof(__stack_chk_guard); i++)
		((unsigned char *)&__stack_chk_guard)[i] = random[i + 8];
}
#endif
