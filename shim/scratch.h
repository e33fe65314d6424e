/* SPDX-License-Identifier: MIT */
/*
 * Room for the headers and control data of recvmmsg() and sendmmsg(), up to 1024 messages at once:
 * too much for a small stack, and malloc() must not be called from a signal handler.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stddef.h>

enum { SCRATCH_SIZE = 1024 * 1024 };

/*
 * Returns SCRATCH_SIZE bytes for this thread, aligned for anything, or NULL: no memory, too many
 * threads, or a signal handler interrupted the thread's own use. Given back by scratch_give(); a
 * thread that is cancelled or leaves by longjmp() keeps it until it ends, and then others take it.
 */
void *scratch_take(void);
void scratch_give(void);

#endif
