// SPDX-License-Identifier: MIT
// Reads the symbol tables of the loaded objects.

#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#include "libc/lookup.h"

struct object {
	uintptr_t base;
	const ElfW(Sym) * symbols;
	const char *strings;
	const ElfW(Half) * versions;
	const uint32_t *gnu_hash, *hash;
};

static bool read_object(struct object *object, uintptr_t base, const ElfW(Dyn) * dynamic)
{
	*object = (struct object){ .base = base };
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		uintptr_t address = lookup_absolute(base, dynamic->d_un.d_ptr);

		if (dynamic->d_tag == DT_SYMTAB)
			object->symbols = (const ElfW(Sym) *)address;
		else if (dynamic->d_tag == DT_STRTAB)
			object->strings = (const char *)address;
		else if (dynamic->d_tag == DT_VERSYM)
			object->versions = (const ElfW(Half) *)address;
		else if (dynamic->d_tag == DT_GNU_HASH)
			object->gnu_hash = (const uint32_t *)address;
		else if (dynamic->d_tag == DT_HASH)
			object->hash = (const uint32_t *)address;
	}
	return object->symbols && object->strings && (object->gnu_hash || object->hash);
}

/* strcmp() may be that of a sanitizer, which first looks its own functions up, by our dlsym(). */
static bool names_are_equal(const char *one, const char *other)
{
	while (*one && *one == *other) {
		one++;
		other++;
	}
	return *one == *other;
}

/* Returns true for a function of that name in its default version. */
static bool is_definition(const struct object *object, uint32_t index, const char *name)
{
	const ElfW(Sym) *symbol = &object->symbols[index];

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value &&
	       (symbol->st_info & 0xf) == STT_FUNC && symbol->st_info >> 4 != STB_LOCAL &&
	       !(object->versions && object->versions[index] & 0x8000) &&
	       names_are_equal(object->strings + symbol->st_name, name);
}

/* Returns the index of the name's symbol, 0 for none. */
static uint32_t find_by_gnu_hash(const struct object *object, const char *name)
{
	uint32_t count = object->gnu_hash[0], first = object->gnu_hash[1];
	uint32_t words = object->gnu_hash[2], hash = 5381;
	const uint32_t *buckets = (const uint32_t *)((const ElfW(Addr) *)(object->gnu_hash + 4) +
						     words),
		       *chain = buckets + count;

	for (const char *letter = name; *letter; letter++)
		hash = hash * 33 + (unsigned char)*letter;
	if (!count)
		return 0;
	for (uint32_t index = buckets[hash % count]; index >= first && index; index++) {
		uint32_t found = chain[index - first];

		if ((found | 1) == (hash | 1) && is_definition(object, index, name))
			return index;
		if (found & 1)
			break;
	}
	return 0;
}

/* The words of the older table are larger on two architectures, whose objects all have the newer.
 */
#if (defined(__s390__) && __SIZEOF_POINTER__ == 8) || defined(__alpha__)
enum { HASH_IS_READABLE = 0 };
#else
enum { HASH_IS_READABLE = 1 };
#endif

static uint32_t find_by_hash(const struct object *object, const char *name)
{
	uint32_t count = object->hash[0], hash = 0;
	const uint32_t *buckets = object->hash + 2, *chain = buckets + count;

	for (const char *letter = name; *letter; letter++) {
		hash = (hash << 4) + (unsigned char)*letter;
		hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
	}
	if (!count)
		return 0;
	for (uint32_t index = buckets[hash % count]; index; index = chain[index])
		if (is_definition(object, index, name))
			return index;
	return 0;
}

/* POSIX lets an object pointer hold a function's address; ISO C has no cast for it. */
static bool find_symbol(const struct object *object, const struct lookup *wanted)
{
	uint32_t index = 0;
	uintptr_t address;

	if (object->gnu_hash)
		index = find_by_gnu_hash(object, wanted->name);
	else if (HASH_IS_READABLE && object->hash)
		index = find_by_hash(object, wanted->name);
	if (!index)
		return false;
	address = object->base + object->symbols[index].st_value;
	memcpy(wanted->pointer, &address, sizeof(address));
	return true;
}

struct walk {
	const struct lookup *names;
	size_t count;
	uint64_t found; /* a bit for each name */
	bool passed;	/* this library, which comes before what is wanted */
	bool whole;	/* any object will do, the last one best */
};

/* The dynamic section of this library. */
extern __attribute__((visibility("hidden"))) ElfW(Dyn) _DYNAMIC[];

static void look_in_object(struct walk *walk, uintptr_t base, const ElfW(Dyn) * dynamic)
{
	enum { VDSO_MOST = 65536 };
	struct object object;
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);

	if (dynamic == _DYNAMIC) {
		walk->passed = true;
		return;
	}
	/* The kernel's object is no part of the libc, and not every loader has it in one form. */
	if ((!walk->passed && !walk->whole) || !dynamic ||
	    (vdso && (uintptr_t)dynamic - vdso < VDSO_MOST) || !read_object(&object, base, dynamic))
		return;
	for (size_t i = 0; i < walk->count; i++)
		if (!(walk->found >> i & 1) && find_symbol(&object, &walk->names[i]) &&
		    !walk->whole)
			walk->found |= UINT64_C(1) << i;
}

static const ElfW(Dyn) * dynamic_section(uintptr_t base, const ElfW(Phdr) * headers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (headers[i].p_type == PT_DYNAMIC)
			return (const ElfW(Dyn) *)(base + headers[i].p_vaddr);
	return NULL;
}

/* The loader's list of objects, for debuggers (DT_DEBUG of the program); NULL for none. */
static const struct link_map *loaded_objects(void)
{
	const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	size_t count = headers ? getauxval(AT_PHNUM) : 0;
	const ElfW(Dyn) * dynamic;
	bool is_program = false; /* and not a loader that was started by name */
	uintptr_t base = 0;

	for (size_t i = 0; i < count && !is_program; i++) {
		is_program = headers[i].p_type == PT_PHDR;
		base = (uintptr_t)headers - headers[i].p_vaddr;
	}
	dynamic = is_program ? dynamic_section(base, headers, count) : NULL;
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++)
		if (dynamic->d_tag == DT_DEBUG && dynamic->d_un.d_ptr)
			return ((const struct r_debug *)dynamic->d_un.d_ptr)->r_map;
	return NULL;
}

static int visit_object(struct dl_phdr_info *info, size_t size, void *argument)
{
	(void)size;
	look_in_object(argument, info->dlpi_addr,
		       dynamic_section(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum));
	return 0;
}

/*
 * dl_iterate_phdr() may be that of a sanitizer that is not ready for it, so it is the second
 * choice. Objects may come and go in the list, but not yet when the library looks: at the start.
 */
static void look_everywhere(struct walk *walk)
{
	const struct link_map *object = loaded_objects();

	if (!object)
		dl_iterate_phdr(visit_object, walk);
	for (; object; object = object->l_next)
		look_in_object(walk, object->l_addr, object->l_ld);
}

void lookup_next(const struct lookup *names, size_t count)
{
	struct walk walk = { .names = names, .count = count };
	int e = errno;

	look_everywhere(&walk);
	/* Loaded late, by dlopen(3), this library comes after the libc. */
	walk.whole = true;
	if (!walk.found)
		look_everywhere(&walk);
	errno = e;
}
