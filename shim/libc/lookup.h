/* SPDX-License-Identifier: MIT */
/*
 * Finds functions by name in the objects that are loaded after this library, without dlsym(3). In
 * glibc before 2.34 dlsym() needs libdl.so.2, which not every program loads; since then its version
 * is one that older images lack, and their loader would refuse to start the program.
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include <stddef.h>
#include <stdint.h>

struct lookup {
	const char *name;
	void *pointer; /* to the function pointer that gets the address; stays if there is none */
};

enum { LOOKUP_MOST = 64 };

/*
 * Looks up to LOOKUP_MOST names up, as dlsym(RTLD_NEXT) would: the first object after this one that
 * defines the name, in its default version. Allocates nothing; errno stays.
 */
void lookup_next(const struct lookup *names, size_t count);

/*
 * Returns an address of a dynamic section: some loaders relocate those, and some leave them
 * relative to the object's base.
 */
static inline uintptr_t lookup_absolute(uintptr_t base, uintptr_t address)
{
	return address < base ? address + base : address;
}

#endif
