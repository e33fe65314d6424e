// SPDX-License-Identifier: MIT
// The records of tracked sockets.

#include "base/chunk.h"
#include "sockets/tracked.h"

struct tracked tracked_first[TRACKED_CHUNK], *tracked_chunks[TRACKED_CHUNKS] = { tracked_first };

/* The number of records that were ever in use. */
static uint32_t used;

/*
 * The free list: the index + 1 of its first record in the low half, and in the high half a count of
 * the changes, so that a head that came back is not taken for the one that was read. The link to
 * the next record is a field of its own, which no thread writes that still has an old pointer.
 */
static uint64_t free_list;

/* The tag: the index in the low bits, a generation above, so that a reused record shows. */
enum { GENERATION = SOCKETS };
_Static_assert((SOCKETS & (SOCKETS - 1)) == 0, "an index is some bits of the tag");

/* Maps the chunk of a record, if that was not done yet. Returns false if there is no memory. */
static bool make_record_chunk(uint32_t index)
{
	return chunk_get(&tracked_chunks[index / TRACKED_CHUNK], sizeof(tracked_first)) != NULL;
}

/* Returns the index of a free record, or SOCKETS. */
static uint32_t pop_free_record(void)
{
	uint64_t head = __atomic_load_n(&free_list, __ATOMIC_ACQUIRE), next;
	uint32_t index;

	while ((uint32_t)head) {
		index = (uint32_t)head - 1;
		next = (head & ~UINT64_C(0xffffffff)) + (UINT64_C(1) << 32) +
		       tracked_get(tracked_at(index), next_free);
		if (__atomic_compare_exchange_n(&free_list, &head, next, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return index;
	}
	index = __atomic_load_n(&used, __ATOMIC_RELAXED);
	do {
		if (index >= SOCKETS || !make_record_chunk(index))
			return SOCKETS;
	} while (!__atomic_compare_exchange_n(&used, &index, index + 1, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return index;
}

static void push_free_record(uint32_t index)
{
	uint64_t head = __atomic_load_n(&free_list, __ATOMIC_RELAXED), next;

	do {
		tracked_set(tracked_at(index), next_free, (uint32_t)head);
		next = (head & ~UINT64_C(0xffffffff)) + (UINT64_C(1) << 32) + index + 1;
	} while (!__atomic_compare_exchange_n(&free_list, &head, next, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
}

struct tracked *tracked_make(uint32_t *tag)
{
	uint32_t index = pop_free_record();
	struct tracked *tracked;

	if (index >= SOCKETS)
		return NULL;
	tracked = tracked_at(index);
	/* Who reads a field of the new socket finds the old tag gone. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	*tag = (tracked_get(tracked, tag) & ~(uint32_t)(SOCKETS - 1)) | DESCRIPTOR_TRACKED | index;
	tracked_set(tracked, port, (in_port_t)0);
	tracked_set(tracked, mode, (uint16_t)0);
	tracked_set(tracked, state, (uint8_t)TRACKED_FRESH);
	tracked_set(tracked, wanted, (uint8_t)0);
	tracked_set(tracked, flags, 0u);
	tracked_set(tracked, misses, (uint16_t)0);
	tracked_set(tracked, cookie, UINT64_C(0));
	tracked_set(tracked, references, 1u);
	/* A thread that finds the tag finds these; descriptor_set() publishes the tag. */
	__atomic_store_n(&tracked->tag, *tag, __ATOMIC_RELEASE);
	return tracked;
}

/* The tag changes first, so that a freed record is not found by its old tag. */
static void drop_record_reference(struct tracked *tracked)
{
	uint32_t tag;

	if (__atomic_fetch_sub(&tracked->references, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	tag = tracked_get(tracked, tag);
	__atomic_store_n(&tracked->tag, (tag + GENERATION) & ~DESCRIPTOR_TRACKED, __ATOMIC_RELEASE);
	push_free_record(tag & (SOCKETS - 1));
}

bool tracked_hold(uint32_t tag)
{
	struct tracked *tracked = tracked_at(tag);
	uint32_t references = tracked_get(tracked, references);

	do {
		if (!references)
			return false;
	} while (!__atomic_compare_exchange_n(&tracked->references, &references, references + 1,
					      false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	if (__atomic_load_n(&tracked->tag, __ATOMIC_ACQUIRE) == tag)
		return true;
	drop_record_reference(tracked);
	return false;
}

void tracked_drop(uint32_t tag)
{
	drop_record_reference(tracked_at(tag));
}
