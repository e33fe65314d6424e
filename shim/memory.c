// SPDX-License-Identifier: MIT
// Asks the kernel which of the program's memory can be touched.

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

#ifndef SYS_futex
#define SYS_futex SYS_futex_time64
#endif

/*
 * New pages are asked for so often in a process. A program that has used as many uses good
 * pointers, and one with a page for each of very many peers would pay for each of its sends.
 */
enum { QUESTIONS = 1 << 16 };

/* Nothing is mapped below, with the default vm.mmap_min_addr. */
enum { LOWEST = 0x10000 };

uintptr_t memory_slots[MEMORY_SLOTS];

/*
 * Both compare or change no more than a word with itself, and wake nobody: FUTEX_CMP_REQUEUE is to
 * move no waiters if the word is 0, FUTEX_WAKE_OP adds 0 to the one at its second address.
 */
static bool ask_page(uintptr_t page, bool writable)
{
	void *at = (void *)(page << MEMORY_PAGE_SHIFT);
	static uint32_t unused;
	int e = errno;
	bool good;

	if (writable)
		good = syscall(SYS_futex, &unused, FUTEX_WAKE_OP_PRIVATE, 0, NULL, at,
			       FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0)) >= 0;
	else
		good = syscall(SYS_futex, at, FUTEX_CMP_REQUEUE_PRIVATE, 0, NULL, at, 0) >= 0;
	good = good || errno != EFAULT;
	errno = e;
	return good;
}

static bool may_be_mapped(uintptr_t page)
{
	return page >= LOWEST >> MEMORY_PAGE_SHIFT &&
	       (sizeof(page) == 4 || (intptr_t)(page << MEMORY_PAGE_SHIFT) > 0);
}

static bool is_known(uintptr_t page, bool writable)
{
	uintptr_t slot = memory_slot(page);

	return writable ? slot == ((page + 1) << 1 | 1) : slot >> 1 == page + 1;
}

static bool learn_page(uintptr_t page, bool writable)
{
	static uint32_t questions;

	if (is_known(page, writable))
		return true;
	if (__atomic_load_n(&questions, __ATOMIC_RELAXED) >= QUESTIONS && may_be_mapped(page))
		return true;
	__atomic_fetch_add(&questions, 1, __ATOMIC_RELAXED);
	if (!ask_page(page, writable))
		return false;
	__atomic_store_n(&memory_slots[page % MEMORY_SLOTS], (page + 1) << 1 | writable,
			 __ATOMIC_RELAXED);
	return true;
}

bool memory_ask(const void *address, size_t size, bool writable)
{
	uintptr_t at = (uintptr_t)address, last = at + size - 1;

	if (last < at || size > MEMORY_MOST)
		return false;
	for (uintptr_t page = at >> MEMORY_PAGE_SHIFT; page <= last >> MEMORY_PAGE_SHIFT; page++)
		if (!learn_page(page, writable))
			return false;
	return true;
}

unsigned int memory_elements(const void *array, size_t size, unsigned int count)
{
	uintptr_t at = (uintptr_t)array, end = (at | (MEMORY_PAGE - 1)) + 1;
	size_t room;

	if (!count || !learn_page(at >> MEMORY_PAGE_SHIFT, true))
		return 0;
	/* 0: the end of the address space */
	while (end && end - at < size * count && ask_page(end >> MEMORY_PAGE_SHIFT, false))
		end += MEMORY_PAGE;
	room = (end - at) / size;
	return room < count ? (unsigned int)room : count;
}
