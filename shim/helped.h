/* SPDX-License-Identifier: MIT */
/* The table of helped sockets: places that are found by cookie and taken without a lock. */
#ifndef HELPED_H
#define HELPED_H

#include "socket.h"

/* The place of the socket with that cookie, or NULL. */
struct helped *helped_find(uint64_t cookie);

/*
 * The same, and if there is none a new one, in state HELPED_FRESH; *remembered: it was there, and
 * more is known of it than that. NULL for cookie 0, and when others are quicker for too long.
 */
struct helped *helped_remember(uint64_t cookie, bool *remembered);

/* Two sockets on one port know each other's peers; they are marked: others need not look. */
void helped_share_port(struct helped *helped);

#endif
