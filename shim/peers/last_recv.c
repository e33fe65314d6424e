// SPDX-License-Identifier: MIT
// A thread's last receive, and what a fork leaves of it.

#include <time.h>

#include "peers/last_recv.h"

__thread struct last_recv thread_last_recv = { .tag = LAST_RECV_NO_TAG };

/* When this process was forked, in seconds; 0: it was not. */
static time_t forked_at;

/* A copy of the parent's last receive outranks the table for so long. */
enum { INHERITED_SECONDS = 1 };

void last_recv_write_slow(struct last_recv *last_recv, uint64_t before_and_tag, uint64_t name,
			  const struct peer *peer, uint64_t salt, const struct local *local)
{
	last_recv_write_always(last_recv, (uint32_t)(before_and_tag >> 32),
			       (uint32_t)before_and_tag, name, peer, salt, local);
}

static time_t seconds_now(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

bool last_recv_is_fresh(void)
{
	return seconds_now() - forked_at <= INHERITED_SECONDS;
}

void last_recv_forked(void)
{
	forked_at = seconds_now();
	if (thread_last_recv.version)
		thread_last_recv.flags |= LAST_RECV_INHERITED;
}
