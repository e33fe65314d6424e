/* SPDX-License-Identifier: MIT */
/*
 * The process's knowledge of each descriptor number: a cache in private memory. It grows in chunks,
 * as descriptors with something to remember appear.
 */
#ifndef DESCRIPTOR_TABLE_H
#define DESCRIPTOR_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/* The value of a number; with DESCRIPTOR_TRACKED set it is the tag of a struct tracked. */
enum {
	DESCRIPTOR_UNKNOWN = 0,
	DESCRIPTOR_PLAIN = 1,	/* none of ours */
	DESCRIPTOR_PKTINFO = 2, /* none of ours, and the program itself asks for PKTINFO there */
	DESCRIPTOR_FRESH = 3,	/* a UDP socket that is bound to no port and has sent nothing */
	DESCRIPTOR_CLIENT = 4,	/* such a socket that sent before it received */
};
#define DESCRIPTOR_TRACKED (UINT32_C(1) << 31)

enum { CHUNK = 1024, CHUNKS = 1024 };
extern HIDDEN uint32_t *descriptors[CHUNKS], descriptors_first[CHUNK];

/* Returns the value of a number. A load that orders: what a tag refers to was written before. */
static inline uint32_t descriptor_get(int fd)
{
	const uint32_t *chunk;

	if (likely((unsigned int)fd < CHUNK))
		return __atomic_load_n(&descriptors_first[fd], __ATOMIC_ACQUIRE);
	if ((unsigned int)fd >= CHUNK * CHUNKS)
		return DESCRIPTOR_PLAIN;
	chunk = __atomic_load_n(&descriptors[(unsigned int)fd / CHUNK], __ATOMIC_ACQUIRE);
	if (unlikely(!chunk))
		return DESCRIPTOR_UNKNOWN;
	return __atomic_load_n(&chunk[(unsigned int)fd % CHUNK], __ATOMIC_ACQUIRE);
}

/* Returns true for a value that says the library has nothing to do on that descriptor. */
static inline bool descriptor_is_plain(uint32_t value)
{
	return value == DESCRIPTOR_PLAIN || value == DESCRIPTOR_PKTINFO;
}

/*
 * Gives a number a value, and drops the reference of the tag that it had. It makes no system call
 * unless the old value is a tag or a client's, or the new one is a tag: a vfork child has its
 * parent's memory but descriptors of its own, so then the process id is asked, and nothing is
 * written for such a child. Returns false if nothing was written.
 */
bool descriptor_set(int fd, uint32_t value);

/* Prepares to tell a vfork child from its parent. */
void descriptor_start(void);

/* Called in a forked child: the table is its own, also if its first caller is a vfork child. */
void descriptor_forked(void);

/* Returns false in a vfork child. Makes one system call. */
bool descriptor_is_ours(void);

/* Returns true for a socket that is bound to no port of the program's choice, if to any. */
static inline bool descriptor_is_unbound(int fd)
{
	uint32_t value = descriptor_get(fd);

	return value == DESCRIPTOR_FRESH || value == DESCRIPTOR_CLIENT;
}

#endif
