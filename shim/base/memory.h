/* SPDX-License-Identifier: MIT */
/*
 * Which of the program's memory can be touched. A pointer that the kernel answers with EFAULT must
 * not end the program, and only a system call tells whether a page is mapped. So the kernel is
 * asked once for each page, and the answer is kept.
 *
 * A page that the program unmaps afterwards is still taken for mapped. A call with a pointer into
 * such a page, which fails with EFAULT without the library, is the one that ends the program.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* The smallest page of all machines: a larger one is several of these. */
enum { MEMORY_PAGE_SHIFT = 12, MEMORY_PAGE = 1 << MEMORY_PAGE_SHIFT, MEMORY_SLOTS = 512 };

/*
 * Set when the program confines itself to some system calls (seccomp(2)), and may be killed for one
 * of the library's. From then on only addresses that cannot be good count as bad.
 */
extern bool memory_confined;

/* Returns true if system calls that the program does not make itself may kill it. */
static inline bool memory_is_confined(void)
{
	return unlikely(__atomic_load_n(&memory_confined, __ATOMIC_RELAXED));
}

/* A page's number plus one, shifted left by one; the lowest bit is set if it is writable. */
extern uintptr_t memory_slots[MEMORY_SLOTS];

static inline uintptr_t memory_slot(uintptr_t page)
{
	return __atomic_load_n(&memory_slots[page % MEMORY_SLOTS], __ATOMIC_RELAXED);
}

/* The slow path: memory of several pages, and of pages that were not asked for yet. */
bool memory_ask(const void *address, size_t size, bool writable);

/*
 * Return true if the kernel could read (or read and write) those bytes; the size is not 0. errno
 * stays. Memory of more than MEMORY_MOST bytes is refused.
 */
enum { MEMORY_MOST = 1 << 20 };

static inline bool memory_readable(const void *address, size_t size)
{
	uintptr_t at = (uintptr_t)address, page = at >> MEMORY_PAGE_SHIFT;

	return (likely(memory_slot(page) >> 1 == page + 1) &&
		likely((at + size - 1) >> MEMORY_PAGE_SHIFT == page)) ||
	       memory_ask(address, size, false);
}

/* The fast path of memory_writable(): false means only "ask". */
static inline bool memory_known_writable(const void *address, size_t size)
{
	uintptr_t at = (uintptr_t)address, page = at >> MEMORY_PAGE_SHIFT;

	return likely(memory_slot(page) == ((page + 1) << 1 | 1)) &&
	       likely((at + size - 1) >> MEMORY_PAGE_SHIFT == page);
}

static inline bool memory_writable(const void *address, size_t size)
{
	return memory_known_writable(address, size) || memory_ask(address, size, true);
}

/*
 * Returns how many whole elements of that size can be read from the array, at most `count`. The
 * kernel is asked for each page behind the first one, every time: programs pass lengths that are
 * larger than the array, and the pages behind an array come and go. With `receives` a confined
 * program calls recvmmsg() itself, so that call is used to ask. errno stays.
 */
unsigned int memory_elements(const void *array, size_t size, unsigned int count, bool receives);

/*
 * Returns true if the kernel can read 8 bytes there, also in programs that confine themselves,
 * since every program may call rt_sigprocmask(): with an operation that does not exist it only
 * copies the set. errno stays.
 */
bool memory_kernel_reads(const void *address);

#endif
