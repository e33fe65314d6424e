// SPDX-License-Identifier: MIT
// Asks the kernel which of the program's memory can be touched.

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "libc/libc.h"

#ifndef SYS_futex
#define SYS_futex SYS_futex_time64
#endif
#ifndef SYS_recvmmsg
#define SYS_recvmmsg SYS_recvmmsg_time64
#endif

/*
 * The kernel is asked at most this often in a process. A program that has used so many pages uses
 * good pointers, and one with a page for each of its peers would pay for each send.
 */
enum { ASK_MOST = 1 << 16 };

/* Nothing is mapped below, with the default vm.mmap_min_addr. */
enum { LOWEST = 0x10000 };

/*
 * A page may occupy its own slot or one of the next ones. The fast path reads its own only. With
 * one slot for each page, two buffers 2 MiB apart would make the library ask the kernel at each
 * call.
 */
enum { WAYS = 8 };

/*
 * A free slot 0 holds page 1, which never has that slot. So no address matches it: neither one in
 * page 0, which a slot of 0 would, nor any other that belongs to slot 0.
 */
#define FREE_SLOT_OF_PAGE_0 ((uintptr_t)MEMORY_PAGE)

uintptr_t memory_writable_slots[MEMORY_SLOTS] = { FREE_SLOT_OF_PAGE_0 };
uintptr_t memory_readable_slots[MEMORY_SLOTS] = { FREE_SLOT_OF_PAGE_0 };
bool memory_confined;

/*
 * Returns true if the word can be read, or written. Both operations leave it as it is and wake no
 * waiter: FUTEX_CMP_REQUEUE moves no waiters if the word is 0, and FUTEX_WAKE_OP adds 0 to the word
 * at its second address.
 */
static bool ask_word(uintptr_t address, bool writable)
{
	void *at = (void *)(address & ~(uintptr_t)(sizeof(uint32_t) - 1));
	static uint32_t unused;
	int e = errno;
	bool good;

	if (writable)
		good = kernel_call(SYS_futex, &unused, FUTEX_WAKE_OP_PRIVATE, 0, NULL, at,
				   FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0)) >= 0;
	else
		good = kernel_call(SYS_futex, at, FUTEX_CMP_REQUEUE_PRIVATE, 0, NULL, at, 0) >= 0;
	good = good || errno != EFAULT;
	errno = e;
	return good;
}

/*
 * Returns true if 16 bytes can be read: recvmmsg(2) reads its timeout before it looks at the
 * descriptor.
 */
static bool ask_as_timeout(uintptr_t address)
{
	int e = errno;
	bool good = kernel_call(SYS_recvmmsg, -1, NULL, 0, 0, address) >= 0 || errno != EFAULT;

	errno = e;
	return good;
}

static bool page_may_be_mapped(uintptr_t page)
{
	return page >= LOWEST >> MEMORY_PAGE_SHIFT &&
	       (sizeof(page) == 4 || (intptr_t)(page << MEMORY_PAGE_SHIFT) > 0);
}

/* Returns true if one of the slots of that page, which is not page 0, holds it. */
static bool page_is_in(const uintptr_t *slots, uintptr_t page)
{
	for (unsigned int way = 0; way < WAYS; way++)
		if (__atomic_load_n(&slots[(page + way) % MEMORY_SLOTS], __ATOMIC_RELAXED) ==
		    page << MEMORY_PAGE_SHIFT)
			return true;
	return false;
}

static bool page_is_known(uintptr_t page, bool writable)
{
	return page && (page_is_in(memory_writable_slots, page) ||
			(!writable && page_is_in(memory_readable_slots, page)));
}

/* Stores the page in the first free one of its slots, else in the slot of the given way. */
static void remember_page(uintptr_t *slots, uintptr_t page, unsigned int way)
{
	uintptr_t *slot = &slots[(page + way % WAYS) % MEMORY_SLOTS];

	for (way = 0; way < WAYS; way++) {
		uintptr_t *other = &slots[(page + way) % MEMORY_SLOTS];
		uintptr_t value = __atomic_load_n(other, __ATOMIC_RELAXED);

		if (!value || value == FREE_SLOT_OF_PAGE_0) {
			slot = other;
			break;
		}
	}
	__atomic_store_n(slot, page << MEMORY_PAGE_SHIFT, __ATOMIC_RELAXED);
}

static bool check_page(uintptr_t page, uintptr_t address, bool writable)
{
	static uint32_t asked;
	uint32_t way;

	if (page_is_known(page, writable))
		return true;
	if (memory_is_confined() || __atomic_load_n(&asked, __ATOMIC_RELAXED) >= ASK_MOST)
		return page_may_be_mapped(page);
	way = __atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED);
	if (!ask_word(address, writable))
		return false;
	remember_page(writable ? memory_writable_slots : memory_readable_slots, page, way);
	return true;
}

bool memory_ask(const void *address, size_t size, bool writable)
{
	uintptr_t at = (uintptr_t)address, last = at + size - 1, page;

	if (last < at || size > MEMORY_MOST)
		return false;
	for (page = at >> MEMORY_PAGE_SHIFT; page <= last >> MEMORY_PAGE_SHIFT; page++) {
		uintptr_t begin = page << MEMORY_PAGE_SHIFT;

		if (!check_page(page, begin < at ? at : begin, writable))
			return false;
	}
	return true;
}

unsigned int memory_elements(const void *array, size_t size, unsigned int count, bool receives)
{
	uintptr_t at = (uintptr_t)array, end;
	size_t room;

	if (!count || !memory_ask(array, size, true))
		return 0;
	end = ((at + size - 1) | (MEMORY_PAGE - 1)) + 1;
	/* 0: the end of the address space */
	while (end && end - at < size * count &&
	       (!memory_is_confined() ? ask_word(end, false) : !receives || ask_as_timeout(end)))
		end += MEMORY_PAGE;
	room = (end - at) / size;
	return room < count ? (unsigned int)room : count;
}

bool memory_kernel_reads(const void *address)
{
	enum { NO_OPERATION = 99, SET_SIZE = 8 };
	int e = errno;
	bool reads = kernel_call(SYS_rt_sigprocmask, NO_OPERATION, address, NULL, SET_SIZE) >= 0 ||
		     errno != EFAULT;

	errno = e;
	return reads;
}
