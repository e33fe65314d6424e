// SPDX-License-Identifier: MIT
// Leads the socket calls of objects loaded with RTLD_DEEPBIND to our hooks.

#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/compiler.h"
#include "hooks/deepbind.h"
#include "libc/libc.h"
#include "libc/lookup.h"

/* The type of a function pointer of the program's; only compared and copied. */
typedef void (*function)(void);

struct object {
	uintptr_t base;
	const ElfW(Dyn) * dynamic;
	const ElfW(Sym) * symbols;
	const char *strings;
	uintptr_t start, relro;
	size_t size, relro_size;
	void *handle; /* of what was opened, to look symbols up as it does */
};

static bool slot_leads_to(const struct object *object, const char *name, function now,
			  function wanted)
{
	void *found;

	if (now == wanted)
		return true;
	if ((uintptr_t)now - object->start >= object->size)
		return false;
	found = libc.dlsym(object->handle, name);
	return found && !memcmp(&found, &wanted, sizeof(found));
}

/*
 * Returns the hook for a slot that leads to the libc's function, or NULL. A slot whose function was
 * not called yet leads into the object itself (lazy binding); dlsym() then tells which function the
 * loader would find.
 */
static function hook_for(const struct object *object, const char *name, function now)
{
#define HOOK_FOR(type, hook, parameters, arguments)                          \
	if (!strcmp(name, #hook))                                            \
		return slot_leads_to(object, name, now, (function)libc.hook) \
			       ? (function)hook_##hook                       \
			       : NULL;
	HOOKS_ALWAYS(HOOK_FOR)
	HOOKS_SOMETIMES(HOOK_FOR)
	HOOKS_TIME64(HOOK_FOR)
	HOOKS_VARIADIC(HOOK_FOR)
	HOOKS_JUMP(HOOK_FOR)
	return NULL;
}

/* The table of addresses may be read-only after relocation (PT_GNU_RELRO). */
static bool protect_slot(const struct object *object, uintptr_t slot, int protection)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = slot & ~(page - 1);
	/* A page that is RELRO in part stays writable: the loader leaves it so too. */
	uintptr_t end = (object->relro + object->relro_size) & ~(page - 1);

	if (slot < object->relro || slot >= end)
		return true;
	return !mprotect((void *)start, slot + sizeof(function) - start, protection);
}

static void mend_relocation(const struct object *object, const ElfW(Rel) * relocation)
{
	uintptr_t slot = object->base + relocation->r_offset;
#if UINTPTR_MAX > UINT32_MAX
	const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(relocation->r_info)];
#else
	const ElfW(Sym) *symbol = &object->symbols[ELF32_R_SYM(relocation->r_info)];
#endif
	function now, hook;

	/* Only symbols of other objects, and only slots that can hold an address. */
	if (symbol == object->symbols || symbol->st_shndx != SHN_UNDEF || slot % sizeof(slot))
		return;
	memcpy(&now, (const void *)slot, sizeof(now));
	hook = hook_for(object, object->strings + symbol->st_name, now);
	if (!hook || hook == now || !protect_slot(object, slot, PROT_READ | PROT_WRITE))
		return;
	__atomic_store_n((function *)slot, hook, __ATOMIC_RELAXED);
	protect_slot(object, slot, PROT_READ);
}

static void mend_relocations(const struct object *object, uintptr_t table, size_t size, size_t each)
{
	if (!table)
		return;
	table = lookup_absolute(object->base, table);
	for (size_t at = 0; at + each <= size; at += each)
		mend_relocation(object, (const ElfW(Rel) *)(table + at));
}

static void mend_object(struct object *object)
{
	uintptr_t values[DT_JMPREL + 1] = { 0 };

	for (const ElfW(Dyn) *dynamic = object->dynamic; dynamic->d_tag != DT_NULL; dynamic++)
		if ((size_t)dynamic->d_tag <= DT_JMPREL)
			values[dynamic->d_tag] = dynamic->d_un.d_ptr;
	if (!values[DT_SYMTAB] || !values[DT_STRTAB])
		return;
	object->symbols = (const ElfW(Sym) *)lookup_absolute(object->base, values[DT_SYMTAB]);
	object->strings = (const char *)lookup_absolute(object->base, values[DT_STRTAB]);
	mend_relocations(object, values[DT_JMPREL], values[DT_PLTRELSZ],
			 values[DT_PLTREL] == DT_REL ? sizeof(ElfW(Rel)) : sizeof(ElfW(Rela)));
	mend_relocations(object, values[DT_REL], values[DT_RELSZ], sizeof(ElfW(Rel)));
	mend_relocations(object, values[DT_RELA], values[DT_RELASZ], sizeof(ElfW(Rela)));
}

/* More than these at once (an extension and its libraries) are left as they are. */
enum { OBJECTS = 64 };

struct walk {
	int number, known, count;
	struct object objects[OBJECTS];
};

/* Copies the object: the loader holds a lock here, so no symbol may be looked up yet. */
static int collect_object(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct object object = { .base = info->dlpi_addr };
	struct walk *walk = argument;

	(void)size;
	if (walk->number++ < walk->known || walk->count == OBJECTS)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];

		if (header->p_type == PT_LOAD && header->p_flags & PF_X) {
			object.start = object.base + header->p_vaddr;
			object.size = header->p_memsz;
		} else if (header->p_type == PT_DYNAMIC) {
			object.dynamic = (const ElfW(Dyn) *)(object.base + header->p_vaddr);
		} else if (header->p_type == PT_GNU_RELRO) {
			object.relro = object.base + header->p_vaddr;
			object.relro_size = header->p_memsz;
		}
	}
	if (object.dynamic)
		walk->objects[walk->count++] = object;
	return 0;
}

int deepbind_count(void)
{
	struct walk walk;

	walk.number = walk.count = 0;
	walk.known = INT32_MAX;
	dl_iterate_phdr(collect_object, &walk);
	return walk.number;
}

void deepbind_mend(void *handle, int known)
{
	struct walk walk;
	int e = errno;

	walk.number = walk.count = 0;
	walk.known = known;
	dl_iterate_phdr(collect_object, &walk);
	for (int i = 0; i < walk.count; i++) {
		walk.objects[i].handle = handle;
		mend_object(&walk.objects[i]);
	}
	errno = e;
}
