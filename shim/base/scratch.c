// SPDX-License-Identifier: MIT
// Areas of memory that calls take and give back.

#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/chunk.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "base/scratch.h"
#include "libc/libc.h"

#ifndef SYS_futex
#define SYS_futex SYS_futex_time64
#endif

struct area {
	/*
	 * 0: free. Else the address of the marker of the call that has it; with CHECKED, of the
	 * call that is finding out whether the area is abandoned.
	 */
	uintptr_t holder;
	size_t size;
	unsigned char *memory; /* NULL: not mapped yet */
	bool is_static;
};

enum { CHECKED = 1, AREAS = 126, CHECKS = 8 };

struct block {
	struct block *next;
	struct area areas[AREAS];
};
_Static_assert(sizeof(struct block) <= 4096, "a page");

/* The second is for signal handlers, where nothing can be mapped. */
static _Alignas(64) unsigned char first_memory[SCRATCH_STATIC], second_memory[SCRATCH_STATIC / 2];
static struct block first_block = {
	.areas = { { .memory = first_memory, .size = sizeof(first_memory), .is_static = true },
		   { .memory = second_memory, .size = sizeof(second_memory), .is_static = true } },
};

/* The area that this thread had last: likely free, and in this processor's cache. */
static __thread struct area *last_area;

static uint32_t marker_of_area(const struct area *area)
{
	return (uint32_t)((uintptr_t)area / sizeof(void *)) * UINT32_C(0x9e3779b1) | 1;
}

static uintptr_t holder_of_area(const struct area *area)
{
	return __atomic_load_n(&area->holder, __ATOMIC_RELAXED);
}

/* Claims an area from that holder. The marker is written first, since other calls compare it. */
static bool change_area_holder(struct area *area, uintptr_t holder, struct scratch *scratch)
{
	scratch->marker = marker_of_area(area);
	if (!__atomic_compare_exchange_n(&area->holder, &holder, (uintptr_t)&scratch->marker, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	scratch->area = area;
	return true;
}

/*
 * Returns true if the marker lies in this call's own frame: the call that it belonged to is over.
 */
static bool marker_is_covered(uintptr_t marker, uintptr_t low, const struct scratch *scratch)
{
	return marker >= low && marker < (uintptr_t)(scratch + 1) && !(marker & CHECKED);
}

static bool area_is_mapped(const struct area *area)
{
	return __atomic_load_n(&area->memory, __ATOMIC_RELAXED) != NULL;
}

static bool claim_area(struct area *area, uintptr_t low, struct scratch *scratch)
{
	uintptr_t holder = holder_of_area(area);

	return (!holder || marker_is_covered(holder, low, scratch)) &&
	       change_area_holder(area, holder, scratch);
}

/*
 * Returns true if the marker is gone. Its stack may be unmapped by now, so the kernel compares it:
 * FUTEX_CMP_REQUEUE compares a word and moves no waiters. With any other error the area counts as
 * in use.
 */
static bool marker_is_gone(uintptr_t marker, uint32_t expected)
{
	return !memory_is_confined() &&
	       kernel_call(SYS_futex, marker, FUTEX_CMP_REQUEUE_PRIVATE, 0, NULL, marker,
			   expected) < 0 &&
	       (errno == EAGAIN || errno == EFAULT);
}

/*
 * Claims an area whose call is over. During the check the area has this call's address as its
 * holder, since the old holder may give it back and claim it again with the same address. If
 * longjmp() leaves a call in the middle of this, the area is lost.
 */
static bool claim_abandoned_area(struct area *area, struct scratch *scratch)
{
	uintptr_t holder = holder_of_area(area), checking = (uintptr_t)&scratch->marker | CHECKED;

	if (!holder || holder & CHECKED ||
	    !__atomic_compare_exchange_n(&area->holder, &holder, checking, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return false;
	if (marker_is_gone(holder, marker_of_area(area)))
		return change_area_holder(area, checking, scratch);
	__atomic_compare_exchange_n(&area->holder, &checking, holder, false, __ATOMIC_RELEASE,
				    __ATOMIC_RELAXED);
	return false;
}

/*
 * Maps more memory for an area that this call has, if possible. A program that confines itself gets
 * an area for each call that is under way, and no larger ones.
 */
static void enlarge_area(struct area *area, size_t size)
{
	size_t rounded = SCRATCH_LEAST, old_size;
	unsigned char *more, *old;

	if (area->memory && memory_is_confined())
		return;
	while (rounded < size && rounded < SCRATCH_MOST)
		rounded *= 2;
	if (rounded <= area->size)
		return;
	more = mmap(NULL, rounded, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (more == MAP_FAILED)
		return;
	old = area->memory;
	old_size = area->is_static ? 0 : area->size;
	/* In this order: a signal handler may leave by longjmp() in between. */
	__atomic_store_n(&area->memory, more, __ATOMIC_RELAXED);
	area->size = rounded;
	area->is_static = false;
	if (old && old_size)
		munmap(old, old_size);
}

static struct block *next_block(struct block *block, bool make)
{
	return make ? chunk_get(&block->next, sizeof(*block))
		    : __atomic_load_n(&block->next, __ATOMIC_ACQUIRE);
}

/* The passes of a search: which areas are examined. */
enum pass { MAPPED, ABANDONED, UNMAPPED, PASSES };

/* Claims an area in that pass, whatever its size. */
static bool find_area(enum pass pass, uintptr_t low, struct scratch *scratch)
{
	static uint32_t turn; /* some are checked at a time, the next ones the next time */
	uint32_t at = 0, from = 0;

	if (pass == ABANDONED)
		from = __atomic_fetch_add(&turn, CHECKS, __ATOMIC_RELAXED);
	for (struct block *block = &first_block; block; block = next_block(block, pass == UNMAPPED))
		for (int i = 0; i < AREAS; i++) {
			struct area *area = &block->areas[i];

			if (area_is_mapped(area) == (pass == UNMAPPED))
				continue;
			if (pass == ABANDONED
				    ? at++ - from < CHECKS && claim_abandoned_area(area, scratch)
				    : claim_area(area, low, scratch))
				return true;
		}
	if (pass == ABANDONED && from >= at)
		__atomic_store_n(&turn, 0, __ATOMIC_RELAXED);
	return false;
}

static __attribute__((noinline)) bool claim_another_area(struct scratch *scratch, size_t size,
							 uintptr_t low)
{
	int e = errno;
	bool found = scratch->area != NULL;

	for (int pass = MAPPED; pass < PASSES && !found; pass++)
		found = find_area((enum pass)pass, low, scratch);
	if (found && scratch->area->size < size)
		enlarge_area(scratch->area, size);
	if (found && !scratch->area->memory) {
		scratch_give(scratch);
		found = false;
	}
	errno = e;
	return found;
}

__attribute__((noinline)) bool scratch_take(struct scratch *scratch, size_t size)
{
	uintptr_t low = (uintptr_t)__builtin_frame_address(0);
	struct area *area = last_area ? last_area : &first_block.areas[0];

	scratch->area = NULL;
	if (size > SCRATCH_MOST)
		size = SCRATCH_MOST;
	if ((unlikely(!claim_area(area, low, scratch)) || unlikely(area->size < size)) &&
	    !claim_another_area(scratch, size, low))
		return false;
	last_area = scratch->area;
	scratch->start = scratch->area->memory;
	scratch->size = scratch->area->size;
	return true;
}

void scratch_give(struct scratch *scratch)
{
	__atomic_store_n(&scratch->area->holder, 0, __ATOMIC_RELEASE);
	scratch->marker = 0;
	scratch->area = NULL;
}
