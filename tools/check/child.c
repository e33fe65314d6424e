// SPDX-License-Identifier: MIT
// A child of this process, which leaves no trace for the program that this process becomes.

#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "./child.h"

bool child_signal_is_pending(void)
{
	sigset_t pending;

	return !sigpending(&pending) && sigismember(&pending, SIGCHLD);
}

int child_wait(pid_t child, bool was_pending)
{
	const struct timespec now = { 0, 0 };
	int status = -1;
	sigset_t set;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (was_pending || !child_signal_is_pending())
		return status;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &now);
	return status;
}
