// SPDX-License-Identifier: MIT
// The table of descriptors.

#include <sys/mman.h>
#include <unistd.h>

#include "base/chunk.h"
#include "sockets/descriptor_table.h"
#include "sockets/tracked.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

uint32_t descriptors_first[CHUNK], *descriptors[CHUNKS] = { descriptors_first };

/*
 * The process whose descriptors the table is about, in a page that every kind of fork but vfork()
 * clears (madvise(2), Linux 4.14): 0 in a new process with memory of its own. NULL: not known.
 */
static pid_t *owner;

void descriptor_forked(void)
{
	if (owner)
		__atomic_store_n(owner, getpid(), __ATOMIC_RELAXED);
}

void descriptor_start(void)
{
	long page = sysconf(_SC_PAGESIZE);
	void *memory = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		return;
	if (madvise(memory, (size_t)page, MADV_WIPEONFORK)) {
		munmap(memory, (size_t)page);
		return;
	}
	owner = memory;
	descriptor_forked();
}

bool descriptor_is_ours(void)
{
	pid_t process, known;

	if (!owner)
		return true;
	process = getpid();
	known = __atomic_load_n(owner, __ATOMIC_RELAXED);
	if (!known)
		__atomic_store_n(owner, process, __ATOMIC_RELAXED);
	return !known || known == process;
}

/* Returns the slot of a number's value, or NULL if there is none and `value` needs none. */
static uint32_t *find_descriptor_slot(int fd, uint32_t value)
{
	uint32_t **at = &descriptors[fd / CHUNK], *chunk;

	if (value == DESCRIPTOR_UNKNOWN)
		chunk = __atomic_load_n(at, __ATOMIC_ACQUIRE);
	else
		chunk = chunk_get(at, CHUNK * sizeof(*chunk));
	return chunk ? &chunk[fd % CHUNK] : NULL;
}

bool descriptor_set(int fd, uint32_t value)
{
	uint32_t *slot, old;

	if ((unsigned int)fd >= CHUNK * CHUNKS)
		return false;
	slot = find_descriptor_slot(fd, value);
	if (!slot)
		return value == DESCRIPTOR_UNKNOWN;
	old = __atomic_load_n(slot, __ATOMIC_RELAXED);
	if (old == value)
		return false;
	/*
	 * Other changes by a vfork child do no harm: the kernel is asked when a value does not fit.
	 */
	if ((old > DESCRIPTOR_FRESH || value & DESCRIPTOR_TRACKED) && !descriptor_is_ours())
		return false;
	old = __atomic_exchange_n(slot, value, __ATOMIC_ACQ_REL);
	if (old & DESCRIPTOR_TRACKED)
		tracked_drop(old);
	return true;
}
