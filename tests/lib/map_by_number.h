/* SPDX-License-Identifier: MIT */
/* mmap(2) by number, as each architecture's kernel has it. */
#ifndef MAP_BY_NUMBER_H
#define MAP_BY_NUMBER_H

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The number of the call that the libc's mmap(3) makes. */
#ifdef SYS_mmap2
enum { CALL_MMAP = SYS_mmap2 };
#else
enum { CALL_MMAP = SYS_mmap };
#endif

/*
 * As mmap(2), of a file from its nth page of 4,096 bytes on, and by syscall(2). Where there is a
 * SYS_mmap2 its offset counts such pages; on s390x the arguments lie in memory.
 */
static inline void *map_by_number(void *at, size_t size, int protection, int flags, int fd,
				  unsigned long pages)
{
#ifdef SYS_mmap2
	return (void *)syscall(SYS_mmap2, at, size, protection, flags, fd, pages);
#elif defined(__s390x__)
	unsigned long arguments[] = {
		(unsigned long)at,    size,		 (unsigned long)protection,
		(unsigned long)flags, (unsigned long)fd, pages * 4096,
	};

	return (void *)syscall(SYS_mmap, arguments);
#else
	return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, pages * 4096);
#endif
}

#endif
