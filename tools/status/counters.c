// SPDX-License-Identifier: MIT
// Finds the library's symbols in the memory of a process that has it mapped, and reads its
// counters. The memory and not the file: that may have been replaced, or be in another mount
// namespace.

#include "config.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../scan/library.h"

enum {
	SEGMENTS_MOST = 64,
	DYNAMIC_MOST = 256,
	SYMBOLS_MOST = 4096,
	SYMBOL_NAME_MOST = 32,
};

/* The library as it is loaded; its class says how wide its words are. */
struct image {
	int memory; /* /proc/PID/mem */
	uint64_t base;
	bool wide; /* ELFCLASS64 */
	uint64_t symbols, strings;
};

static bool peek(const struct image *image, uint64_t address, void *buffer, size_t size)
{
	return pread(image->memory, buffer, size, (off_t)(image->base + address)) == (ssize_t)size;
}

/* Reads a field that is 8 or 4 bytes wide, by the class. */
static bool peek_word(const struct image *image, uint64_t address, uint64_t *word)
{
	uint32_t narrow;

	if (image->wide)
		return peek(image, address, word, sizeof(*word));
	if (!peek(image, address, &narrow, sizeof(narrow)))
		return false;
	*word = narrow;
	return true;
}

/* The address of PT_DYNAMIC's contents; 0: there is none. */
static uint64_t find_dynamic(const struct image *image)
{
	union {
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	} header;
	union {
		Elf32_Phdr narrow;
		Elf64_Phdr wide;
	} segment;
	uint64_t address;
	unsigned int count;
	size_t size;

	if (!peek(image, 0, &header, sizeof(header)))
		return 0;
	address = image->wide ? header.wide.e_phoff : header.narrow.e_phoff;
	count = image->wide ? header.wide.e_phnum : header.narrow.e_phnum;
	size = image->wide ? sizeof(segment.wide) : sizeof(segment.narrow);
	for (unsigned int i = 0; i < count && i < SEGMENTS_MOST; i++, address += size) {
		if (!peek(image, address, &segment, size))
			return 0;
		/* p_type is at the same place in both classes. */
		if (segment.narrow.p_type == PT_DYNAMIC)
			return image->wide ? segment.wide.p_vaddr : segment.narrow.p_vaddr;
	}
	return 0;
}

/* Finds the tables of symbols and of their names. */
static bool find_tables(struct image *image)
{
	uint64_t entry = find_dynamic(image), tag, value;
	size_t word = image->wide ? 8 : 4;

	for (int i = 0; entry && i < DYNAMIC_MOST; i++, entry += 2 * word) {
		if (!peek_word(image, entry, &tag) || !peek_word(image, entry + word, &value) ||
		    tag == DT_NULL)
			break;
		/* glibc writes addresses over the offsets, musl leaves them. */
		if (value >= image->base)
			value -= image->base;
		if (tag == DT_SYMTAB)
			image->symbols = value;
		else if (tag == DT_STRTAB)
			image->strings = value;
	}
	return image->symbols && image->strings;
}

/*
 * Returns the address of the symbol, 0 if there is none of that size. Nothing loaded says how many
 * symbols there are; but behind the last one comes nothing that could be taken for this one, whose
 * name is in the library once.
 */
static uint64_t find_symbol(const struct image *image, const char *name, uint64_t size)
{
	for (int i = 1; i < SYMBOLS_MOST; i++) {
		char found[SYMBOL_NAME_MOST];
		Elf64_Sym wide;
		Elf32_Sym narrow;
		size_t length = strlen(name) + 1;

		if (image->wide) {
			if (!peek(image, image->symbols + (unsigned int)i * sizeof(wide), &wide,
				  sizeof(wide)))
				return 0;
		} else {
			if (!peek(image, image->symbols + (unsigned int)i * sizeof(narrow), &narrow,
				  sizeof(narrow)))
				return 0;
			wide = (Elf64_Sym){ .st_name = narrow.st_name,
					    .st_value = narrow.st_value,
					    .st_size = narrow.st_size,
					    .st_shndx = narrow.st_shndx };
		}
		if (wide.st_shndx != SHN_UNDEF &&
		    peek(image, image->strings + wide.st_name, found, length) &&
		    !memcmp(found, name, length))
			return !size || wide.st_size == size ? wide.st_value : 0;
	}
	return 0;
}

static void read_version(const struct image *image, char version[VERSION_MOST])
{
	uint64_t address = find_symbol(image, "replyfrom_version", 0);

	for (int i = 0; address && i < VERSION_MOST - 1; i++) {
		if (!peek(image, address + (unsigned int)i, &version[i], 1))
			version[i] = '\0';
		if (!version[i])
			return;
		/* It is going to be printed. */
		if (version[i] <= ' ' || version[i] > '~' || strchr("\"\\", version[i]))
			version[i] = '?';
	}
}

/* Adds up what the threads counted each for themselves. */
static bool read_counters(const struct image *image, uint64_t address, struct library *library)
{
	const size_t lines = offsetof(struct counters, lines), line = 64;

	for (size_t i = 0; i < COUNTER_LINES; i++) {
		for (size_t counter = 0; counter < COUNTER_COUNT; counter++) {
			uint64_t count;

			if (!peek_word(image,
				       address + lines + i * line + counter * (image->wide ? 8 : 4),
				       &count))
				return false;
			library->counters[counter] += count;
		}
	}
	return true;
}

static enum library_state read_image(struct image *image, struct library *library)
{
	unsigned char identity[EI_NIDENT];
	uint64_t magic, address;

	if (!peek(image, 0, identity, sizeof(identity)))
		return errno == ESRCH ? LIBRARY_GONE : LIBRARY_UNKNOWN;
	image->wide = identity[EI_CLASS] == ELFCLASS64;
	if (memcmp(identity, ELFMAG, SELFMAG) || !find_tables(image))
		return LIBRARY_STRANGER;
	read_version(image, library->version);
	if (!*library->version)
		return LIBRARY_STRANGER;
	/* The layout is the same in both classes but for the width of a count. */
	address = find_symbol(image, "replyfrom_counters", sizeof(struct counters));
	if (!address || !peek(image, address, &magic, sizeof(magic)))
		return LIBRARY_UNKNOWN;
	if (!magic)
		return LIBRARY_OFF;
	if (magic != COUNTERS_MAGIC || !read_counters(image, address, library))
		return LIBRARY_UNKNOWN;
	return LIBRARY_WORKING;
}

enum library_state counters_read(pid_t thread, uint64_t base, struct library *library)
{
	struct image image = { .base = base };
	char path[64];
	enum library_state state;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)thread);
	image.memory = open(path, O_RDONLY | O_CLOEXEC);
	if (image.memory < 0)
		return errno == ENOENT || errno == ESRCH ? LIBRARY_GONE : LIBRARY_SEEMS;
	state = read_image(&image, library);
	close(image.memory);
	return state;
}
