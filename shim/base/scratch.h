/* SPDX-License-Identifier: MIT */
/*
 * Room for data that is too large for a small stack: the headers and control data of recvmmsg() and
 * sendmmsg(), and long control data of single messages. A signal handler must not call malloc(), so
 * calls claim areas of memory and give them back, without a lock. Two areas are part of the
 * library; more are mapped when more calls are under way at the same time.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SCRATCH_STATIC = 64 << 10, /* of the library itself; the second area has half of it */
	SCRATCH_LEAST = 64 << 10,  /* what is mapped at least */
	SCRATCH_MOST = 4 << 20,	   /* and at most: 1024 messages of 4 KiB */
};

struct area;

/*
 * A call's area: this struct is in the call's stack frame. A call may end without giving the area
 * back, by longjmp(), by cancellation, or in another thread's fork(). While the call is under way,
 * its marker stays intact, and no other call's frame covers it.
 */
struct scratch {
	unsigned char *start; /* aligned for anything */
	size_t size;
	struct area *area; /* NULL: none */
	volatile uint32_t marker;
};

/*
 * Takes an area, of at least `size` bytes if there is memory for them. Returns false if there is
 * none at all: as many calls are under way as there are areas, and no more can be mapped. errno
 * stays. `scratch` has to be in the frame of the function that calls.
 */
bool scratch_take(struct scratch *scratch, size_t size);
void scratch_give(struct scratch *scratch);

#endif
