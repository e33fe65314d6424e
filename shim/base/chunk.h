/* SPDX-License-Identifier: MIT */
/* Pieces of tables, mapped when they are first needed: many callers may need one at the same time.
 */
#ifndef CHUNK_H
#define CHUNK_H

#include <stddef.h>
#include <sys/mman.h>

#include "base/compiler.h"

/* A pointer to a chunk of any type. */
typedef void *__attribute__((may_alias)) chunk_pointer;

/*
 * Returns the memory to which *at points, after mapping it if that is NULL. It is zero at first.
 * Returns NULL if there is no memory; changes errno then.
 */
static inline void *chunk_get(void *at, size_t size)
{
	void *chunk = __atomic_load_n((chunk_pointer *)at, __ATOMIC_ACQUIRE), *expected = NULL;

	if (likely(chunk != NULL))
		return chunk;
	chunk = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chunk == MAP_FAILED)
		return NULL;
	if (__atomic_compare_exchange_n((chunk_pointer *)at, &expected, chunk, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return chunk;
	munmap(chunk, size);
	return expected;
}

#endif
