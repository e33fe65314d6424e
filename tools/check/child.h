/* SPDX-License-Identifier: MIT */
/* A child of this process, which leaves no trace for the program that this process becomes. */
#ifndef CHECK_CHILD_H
#define CHECK_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* Returns true if SIGCHLD is blocked and pending. */
bool child_signal_is_pending(void);

/*
 * Waits until the child has ended. Where SIGCHLD is blocked, the child's own is not left pending;
 * `was_pending` is what child_signal_is_pending() returned before the fork. Returns the status that
 * waitpid(2) gives; -1 if it has none to give, as where SIGCHLD is ignored.
 */
int child_wait(pid_t child, bool was_pending);

#endif
