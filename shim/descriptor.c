// SPDX-License-Identifier: MIT
// The table of descriptors.

#include <sys/mman.h>
#include <unistd.h>

#include "descriptor.h"

uint32_t descriptors_first[CHUNK], *descriptors[CHUNKS] = { descriptors_first };

/* The process whose descriptors the table is about. */
static pid_t owner;

void descriptor_start(void)
{
	owner = getpid();
}

void descriptor_set(int fd, uint32_t value)
{
	uint32_t **place, *chunk, *expected = NULL, old;

	if ((unsigned int)fd >= CHUNK * CHUNKS)
		return;
	/* A vfork child has its parent's memory, but descriptors of its own. */
	if (value != DESCRIPTOR_UNKNOWN && getpid() != owner)
		value = DESCRIPTOR_UNKNOWN;
	place = &descriptors[fd / CHUNK];
	chunk = __atomic_load_n(place, __ATOMIC_ACQUIRE);
	if (!chunk) {
		if (value == DESCRIPTOR_UNKNOWN)
			return;
		chunk = mmap(NULL, CHUNK * sizeof(*chunk), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (chunk == MAP_FAILED)
			return;
		if (!__atomic_compare_exchange_n(place, &expected, chunk, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
			munmap(chunk, CHUNK * sizeof(*chunk));
			chunk = expected;
		}
	}
	old = __atomic_load_n(&chunk[fd % CHUNK], __ATOMIC_RELAXED);
	if (old != value)
		__atomic_store_n(&chunk[fd % CHUNK], value, __ATOMIC_RELAXED);
}

int descriptor_next_unbound(int fd)
{
	for (; fd < CHUNK * CHUNKS; fd++) {
		if (!__atomic_load_n(&descriptors[fd / CHUNK], __ATOMIC_ACQUIRE))
			fd |= CHUNK - 1; /* nothing is known of the whole chunk */
		else if (descriptor_is_unbound(fd))
			return fd;
	}
	return -1;
}
