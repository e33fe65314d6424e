// SPDX-License-Identifier: MIT
// Remembers which interface index programs gave IP_MULTICAST_IF.

#include <string.h>

#include "calls/multicast_if.h"

/* The index that this process, or one that it was forked from, set on sockets; SEVERAL: not one. */
static int index_set;
enum { SEVERAL = -1 };

void multicast_follow(const void *value, socklen_t length)
{
	struct ip_mreqn group;
	int before = __atomic_load_n(&index_set, __ATOMIC_RELAXED);

	if (!value || length < sizeof(group))
		return;
	memcpy(&group, value, sizeof(group));
	if (group.imr_ifindex && group.imr_ifindex != before)
		__atomic_store_n(&index_set, before ? SEVERAL : group.imr_ifindex,
				 __ATOMIC_RELAXED);
}

int multicast_index(void)
{
	return __atomic_load_n(&index_set, __ATOMIC_RELAXED);
}
