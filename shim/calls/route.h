/* SPDX-License-Identifier: MIT */
/* From where to where a message goes. */
#ifndef ROUTE_H
#define ROUTE_H

#include "base/compiler.h"
#include "sockets/tracked.h"

/* From where a message is to leave; `tracked` is NULL for a fresh socket. */
struct route {
	struct tracked *tracked;
	bool adopts;   /* a fresh socket that replies to a peer */
	uint64_t salt; /* of the socket */
	struct peer peer;
	struct local local;
};

/* Link-local addresses need an interface, and a program may have lost its scope id. */
static inline uint32_t ifindex_for(const struct peer *peer, const struct local *local)
{
	if (likely(!half_is_link_local(peer->half[0]) && !half_is_link_local(local->half[0])) ||
	    peer->scope)
		return 0;
	return local->ifindex;
}

#endif
