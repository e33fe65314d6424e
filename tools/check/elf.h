/* SPDX-License-Identifier: MIT */
/* Reads what a preloaded library depends on from the bytes of an ELF file. */
#ifndef CHECK_ELF_H
#define CHECK_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf {
	unsigned char class; /* ELFCLASS32 or ELFCLASS64 */
	uint16_t machine;    /* EM_* */
	bool native;	     /* class, byte order and machine are this program's own */

	/* For native files only: */
	bool whole;		 /* the file has all that is to be loaded */
	const char *interpreter; /* PT_INTERP, in the file's bytes; NULL: none */
	bool loader;		 /* it is a dynamic loader itself */
	bool go;		 /* made by Go's linker */
	uint64_t receives;	 /* a bit for each of elf_receive_name() that it imports */
	bool acts;	   /* it imports what starts programs, loads libraries, or is any call */
	bool hooked;	   /* it imports a hooked call */
	const char *uring; /* the liburing that it needs, in the file's bytes; NULL: none */
	const char *asan;  /* the same for AddressSanitizer's runtime */
	bool audited;	   /* the loader runs code of its choice (DT_AUDIT, DT_DEPAUDIT) */
};

/* Returns false if these bytes are no ELF program. Trusts no offset in them. */
bool elf_read(const void *bytes, size_t size, struct elf *elf);

/*
 * Returns true if there is a system call in the code of this native ELF file, so far as that can be
 * told from its bytes: libc makes them for other programs.
 */
bool elf_calls_kernel(const void *bytes, size_t size);

/* Returns true if a library of this name receives through io_uring(7). */
bool elf_is_uring(const char *name);

/* The name of the hooked receive call number `index`; NULL after the last. */
const char *elf_receive_name(unsigned int index);

/* This program's own interpreter (PT_INTERP); NULL: none. */
const char *elf_own_interpreter(void);

#endif
