/* SPDX-License-Identifier: MIT */
/*
 * What is known of each descriptor number: a cache in private memory. Grows in chunks, as
 * descriptors with something to remember appear.
 */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "hook.h"

/* What is remembered of a number; a value with DESCRIPTOR_HELPED set is a struct helped's tag. */
enum {
	DESCRIPTOR_UNKNOWN = 0,
	DESCRIPTOR_PLAIN = 1,  /* none of ours */
	DESCRIPTOR_FRESH = 2,  /* a UDP socket that nobody bound to a port yet */
	DESCRIPTOR_CLIENT = 3, /* such a socket that has sent before it received: a client */
};
#define DESCRIPTOR_HELPED (UINT32_C(1) << 31)

enum { CHUNK = 1024, CHUNKS = 1024 };
extern uint32_t *descriptors[CHUNKS], descriptors_first[CHUNK];

static inline uint32_t descriptor_get(int fd)
{
	const uint32_t *chunk;

	if (likely((unsigned int)fd < CHUNK))
		return __atomic_load_n(&descriptors_first[fd], __ATOMIC_RELAXED);
	if ((unsigned int)fd >= CHUNK * CHUNKS)
		return DESCRIPTOR_PLAIN;
	chunk = __atomic_load_n(&descriptors[(unsigned int)fd / CHUNK], __ATOMIC_ACQUIRE);
	if (unlikely(!chunk))
		return DESCRIPTOR_UNKNOWN;
	return __atomic_load_n(&chunk[(unsigned int)fd % CHUNK], __ATOMIC_RELAXED);
}

/*
 * Remembers what a descriptor is. A vfork child can't: it shares the table, and its numbers are not
 * its parent's.
 */
void descriptor_set(int fd, uint32_t value);

/* From now on the table is about this process. */
void descriptor_start(void);

/* A socket that is bound to no port of the program's choice, if any. */
static inline bool descriptor_is_unbound(int fd)
{
	uint32_t value = descriptor_get(fd);

	return value == DESCRIPTOR_FRESH || value == DESCRIPTOR_CLIENT;
}

/* The first such descriptor from `fd` on; -1: none. */
int descriptor_next_unbound(int fd);

#endif
