// SPDX-License-Identifier: MIT
// Reads ELF files: program headers, the dynamic symbols, Go's note. Section headers are not
// needed, so stripped programs are read as well.

#include "config.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include "libc/hooks.h"
#include "./elf.h"

#define HOOK_STRING(type, name, parameters, arguments) #name,

static const char *const hooks[] = { HOOKS(HOOK_STRING) };

/* This program's own header; the linker defines it. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* The file, and the parts of it that were found. */
struct image {
	const char *bytes;
	size_t size;
	const ElfW(Phdr) * segments;
	unsigned int segments_count;
	const char *strings;
	size_t strings_size;
};

/* Returns the `size` bytes at this offset if the file has them, fit for the alignment. */
static const void *part(const struct image *image, uint64_t offset, uint64_t size, size_t alignment)
{
	if (offset > image->size || size > image->size - offset || offset % alignment)
		return NULL;
	return image->bytes + offset;
}

#define PART(image, type, offset, count) \
	((const type *)part(image, offset, (uint64_t)(count) * sizeof(type), _Alignof(type)))

/* A string that ends within the file. */
static const char *string(const struct image *image, uint64_t offset)
{
	const char *start = part(image, offset, 1, 1);

	return start && memchr(start, 0, image->size - offset) ? start : NULL;
}

/* The offset in the file of what is at this address when it is loaded; beyond the file: nowhere. */
static uint64_t offset_of(const struct image *image, uint64_t address)
{
	for (unsigned int i = 0; i < image->segments_count; i++) {
		const ElfW(Phdr) *segment = &image->segments[i];

		if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
		    address - segment->p_vaddr < segment->p_filesz)
			return address - segment->p_vaddr + segment->p_offset;
	}
	return UINT64_MAX;
}

const char *elf_receive_name(unsigned int index)
{
	for (unsigned int i = 0; i < sizeof(hooks) / sizeof(*hooks); i++)
		if (strstr(hooks[i], "recv") && !index--)
			return hooks[i];
	return NULL;
}

/* Calls that start programs or load libraries, which may receive, and the one that may be any. */
static const char *const actions[] = {
	"dlopen",	"dlmopen", "execl",   "execle",	 "execlp",   "execv",
	"execve",	"execvp",  "execvpe", "fexecve", "execveat", "posix_spawn",
	"posix_spawnp", "popen",   "system",  "syscall",
};

static bool is_among(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static void note_import(struct elf *elf, const char *name)
{
	const char *receive;

	if (!elf->acts)
		elf->acts = is_among(name, actions, sizeof(actions) / sizeof(*actions));
	if (!elf->hooked)
		elf->hooked = is_among(name, hooks, sizeof(hooks) / sizeof(*hooks));
	if (!strstr(name, "recv"))
		return;
	for (unsigned int i = 0; (receive = elf_receive_name(i)); i++)
		if (!strcmp(name, receive))
			elf->receives |= UINT64_C(1) << i;
}

/*
 * How many dynamic symbols a DT_GNU_HASH table knows of: the highest number in its buckets, and on
 * to the end of that bucket's chain. Without any it is the number of symbols it leaves out, which
 * is where the imported ones are.
 */
static uint64_t count_gnu(const struct image *image, uint64_t offset)
{
	const uint32_t *table = PART(image, uint32_t, offset, 4), *buckets, *link;
	uint64_t chains, last = 0;

	if (!table)
		return 0;
	offset += 4 * sizeof(*table) + (uint64_t)table[2] * sizeof(ElfW(Addr));
	buckets = PART(image, uint32_t, offset, table[0]);
	if (!buckets)
		return 0;
	for (uint32_t i = 0; i < table[0]; i++)
		if (buckets[i] > last)
			last = buckets[i];
	if (last < table[1])
		return table[1];
	chains = offset + (uint64_t)table[0] * sizeof(*buckets);
	while ((link = PART(image, uint32_t, chains + (last - table[1]) * sizeof(*link), 1))) {
		last++;
		if (*link & 1)
			break;
	}
	return last;
}

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

bool elf_is_uring(const char *name)
{
	return begins(name, "liburing.") || begins(name, "liburing-ffi.");
}

/* Of the libraries that it needs those that receive without libc, or insist on being first. */
static void note_needed(const struct image *image, const ElfW(Phdr) * segment, uint64_t strings,
			struct elf *elf)
{
	const ElfW(Dyn) *entry =
		PART(image, ElfW(Dyn), segment->p_offset, segment->p_filesz / sizeof(*entry));
	uint64_t left = segment->p_filesz / sizeof(*entry);
	const char *name;

	for (; left && entry->d_tag != DT_NULL; left--, entry++) {
		if (entry->d_tag == DT_AUDIT || entry->d_tag == DT_DEPAUDIT)
			elf->audited = true;
		if (entry->d_tag != DT_NEEDED || entry->d_un.d_val >= image->size ||
		    !(name = string(image, strings + entry->d_un.d_val)))
			continue;
		if (elf_is_uring(name))
			elf->uring = name;
		else if (begins(name, "libasan.") || begins(name, "libclang_rt.asan"))
			elf->asan = name;
	}
}

static void read_dynamic(struct image *image, const ElfW(Phdr) * segment, struct elf *elf)
{
	const ElfW(Dyn) *entry =
		PART(image, ElfW(Dyn), segment->p_offset, segment->p_filesz / sizeof(*entry));
	uint64_t strings = UINT64_MAX, symbols = UINT64_MAX, soname = UINT64_MAX, count = 0;
	const ElfW(Sym) * symbol;
	const uint32_t *hash;
	const char *name;

	if (!entry)
		return;
	for (uint64_t left = segment->p_filesz / sizeof(*entry); left; left--, entry++) {
		if (entry->d_tag == DT_NULL)
			break;
		if (entry->d_tag == DT_STRTAB)
			strings = offset_of(image, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_SYMTAB)
			symbols = offset_of(image, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_SONAME)
			soname = entry->d_un.d_val;
		else if (entry->d_tag == DT_GNU_HASH && !count)
			count = count_gnu(image, offset_of(image, entry->d_un.d_ptr));
		else if (entry->d_tag == DT_HASH &&
			 (hash = PART(image, uint32_t, offset_of(image, entry->d_un.d_ptr), 2)))
			count = hash[1];
	}
	if (strings > image->size)
		return;
	note_needed(image, segment, strings, elf);
	if (soname < image->size && (name = string(image, strings + soname)))
		elf->loader = !strncmp(name, "ld-", 3) || !strncmp(name, "ld.", 3) ||
			      !strncmp(name, "libc.musl", 9);
	symbol = PART(image, ElfW(Sym), symbols, count);
	for (; symbol && count; count--, symbol++)
		if (symbol->st_shndx == SHN_UNDEF &&
		    (name = string(image, strings + symbol->st_name)))
			note_import(elf, name);
}

/* Go's linker writes a note of type 4 ("build id") with the name "Go". */
static bool is_go_note(const struct image *image, const ElfW(Phdr) * segment)
{
	const ElfW(Nhdr) * note;
	uint64_t offset = segment->p_offset, end = offset + segment->p_filesz;

	while (offset < end && (note = PART(image, ElfW(Nhdr), offset, 1))) {
		const char *name = string(image, offset + sizeof(*note));

		if (note->n_type == 4 && note->n_namesz == 4 && name && !strcmp(name, "Go"))
			return true;
		offset += sizeof(*note) + ((uint64_t)note->n_namesz + 3) / 4 * 4 +
			  ((uint64_t)note->n_descsz + 3) / 4 * 4;
	}
	return false;
}

bool elf_read(const void *bytes, size_t size, struct elf *elf)
{
	struct image image = { .bytes = bytes, .size = size };
	const ElfW(Ehdr) *header = PART(&image, ElfW(Ehdr), 0, 1);

	*elf = (struct elf){ 0 };
	/* e_machine is at the same place in both classes. */
	if (size < offsetof(Elf32_Ehdr, e_entry) || memcmp(bytes, ELFMAG, SELFMAG))
		return false;
	elf->class = ((const unsigned char *)bytes)[EI_CLASS];
	memcpy(&elf->machine, image.bytes + offsetof(Elf32_Ehdr, e_machine), sizeof(elf->machine));
	if (!header || elf->class != __ehdr_start.e_ident[EI_CLASS] ||
	    header->e_ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA] ||
	    header->e_machine != __ehdr_start.e_machine)
		return true;
	elf->native = elf->whole = true;
	image.segments = PART(&image, ElfW(Phdr), header->e_phoff, header->e_phnum);
	if (!image.segments) /* cut off, or no program */
		return false;
	image.segments_count = header->e_phnum;
	for (unsigned int i = 0; i < image.segments_count; i++) {
		const ElfW(Phdr) *segment = &image.segments[i];

		if (segment->p_type == PT_LOAD &&
		    !part(&image, segment->p_offset, segment->p_filesz, 1))
			elf->whole = false;
		else if (segment->p_type == PT_INTERP)
			elf->interpreter = string(&image, segment->p_offset);
		else if (segment->p_type == PT_DYNAMIC)
			read_dynamic(&image, segment, elf);
		else if (segment->p_type == PT_NOTE && is_go_note(&image, segment))
			elf->go = true;
	}
	return true;
}

/*
 * Returns true if these bytes have the machine's instruction for system calls. Among those of
 * x86-64 its two bytes can be a part of an offset as well, which is small: its upper bytes are 0 or
 * -1, and it follows a ModR/M byte or the opcode of a jump.
 */
static bool has_system_call(const unsigned char *code, size_t size)
{
#ifdef __x86_64__
	const unsigned char *end = code + size, *found = code;

	while ((found = memmem(found, (size_t)(end - found), "\x0f\x05", 2))) {
		unsigned char before = found > code ? found[-1] : 0;
		unsigned char next = end - found > 2 ? found[2] : 0x90;
		unsigned char last = end - found > 3 ? found[3] : 0x90;
		bool after_opcode = (before & 0xc7) == 0x05 || (before & 0xfe) == 0xe8 ||
				    (before & 0xf0) == 0x80;

		if (next != 0 && next != 0xff && !(after_opcode && (last == 0 || last == 0xff)))
			return true;
		found++;
	}
#elif defined __aarch64__
	for (size_t i = 0; i + 4 <= size; i += 4)
		if (!memcmp(code + i, "\x01\x00\x00\xd4", 4)) /* svc #0 */
			return true;
#else
	(void)code;
	(void)size;
#endif
	return false;
}

bool elf_calls_kernel(const void *bytes, size_t size)
{
	struct image image = { .bytes = bytes, .size = size };
	const ElfW(Ehdr) *header = PART(&image, ElfW(Ehdr), 0, 1);

	image.segments = header ? PART(&image, ElfW(Phdr), header->e_phoff, header->e_phnum) : NULL;
	for (unsigned int i = 0; image.segments && i < header->e_phnum; i++) {
		const ElfW(Phdr) *segment = &image.segments[i];
		const void *code = part(&image, segment->p_offset, segment->p_filesz, 1);

		if (segment->p_type == PT_LOAD && segment->p_flags & PF_X && code &&
		    has_system_call(code, segment->p_filesz))
			return true;
	}
	return false;
}

const char *elf_own_interpreter(void)
{
	const ElfW(Phdr) *segments =
		(const void *)((const char *)&__ehdr_start + __ehdr_start.e_phoff);
	const char *base = NULL;

	for (unsigned int i = 0; i < __ehdr_start.e_phnum; i++) {
		if (segments[i].p_type == PT_PHDR) /* it tells where the program was loaded */
			base = (const char *)segments - segments[i].p_vaddr;
		else if (segments[i].p_type == PT_INTERP && base)
			return base + segments[i].p_vaddr;
	}
	return NULL;
}
