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
extern HIDDEN bool memory_confined;

/* Returns true if system calls that the program does not make itself may kill it. */
static inline bool memory_is_confined(void)
{
	return unlikely(__atomic_load_n(&memory_confined, __ATOMIC_RELAXED));
}

/*
 * The addresses of pages that are known to be writable, and to be readable at least. A free slot
 * is 0, but for the one of page 0, which is never known.
 */
extern HIDDEN uintptr_t memory_writable_slots[MEMORY_SLOTS], memory_readable_slots[MEMORY_SLOTS];

static inline bool memory_known(const uintptr_t *slots, uintptr_t at, size_t size)
{
	uintptr_t page = at >> MEMORY_PAGE_SHIFT;

	return at - __atomic_load_n(&slots[page % MEMORY_SLOTS], __ATOMIC_RELAXED) <=
	       MEMORY_PAGE - size;
}

/* The slow path: memory of several pages, and of pages that were not asked for yet. */
bool memory_ask(const void *address, size_t size, bool writable);

/*
 * Return true if the kernel could read (or read and write) those bytes; the size is not 0. errno
 * stays. Memory of more than MEMORY_MOST bytes is refused.
 */
enum { MEMORY_MOST = 1 << 20 };

/* The fast path of memory_writable() for at most a page: false means only "ask". */
static inline bool memory_known_writable(const void *address, size_t size)
{
	return likely(memory_known(memory_writable_slots, (uintptr_t)address, size));
}

/* The fast path of memory_readable() for at most a page: false means only "ask". */
static inline bool memory_known_readable(const void *address, size_t size)
{
	return memory_known_writable(address, size) ||
	       memory_known(memory_readable_slots, (uintptr_t)address, size);
}

static inline bool memory_readable(const void *address, size_t size)
{
	return (likely(size <= MEMORY_PAGE) && memory_known_readable(address, size)) ||
	       memory_ask(address, size, false);
}

static inline bool memory_writable(const void *address, size_t size)
{
	return (likely(size <= MEMORY_PAGE) && memory_known_writable(address, size)) ||
	       memory_ask(address, size, true);
}

/*
 * Returns how many whole elements of that size can be read from the array, at most `count`. The
 * kernel is asked for each page behind the first element, every time: programs pass lengths that
 * are larger than the array, and the pages behind an array come and go. With `receives` a confined
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
