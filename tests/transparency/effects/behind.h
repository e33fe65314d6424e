/* SPDX-License-Identifier: MIT */
/* What a library behind the one under test sees and does. */
#ifndef BEHIND_H
#define BEHIND_H

/* How often sendmsg() was called. */
extern unsigned int behind_sends;

/*
 * Called before each getsockopt() and setsockopt() and after each sendmsg(), as if another thread
 * or a signal handler ran just then.
 */
extern void (*behind_between)(void);

/* What dlsym(3) finds in the libc for that library. */
void *behind_find(const char *name);

#endif
