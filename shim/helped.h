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
 * *tag is what the place is known by: with another it is another socket's.
 */
struct helped *helped_remember(uint64_t cookie, uint32_t *tag, bool *remembered);

/* The place is of no more use to this descriptor: the first choice when room is needed. */
void helped_release(struct helped *helped, uint32_t tag);

/* Two sockets on one port know each other's peers; they are marked: others need not look. */
void helped_share_port(struct helped *helped);

#endif
