/* SPDX-License-Identifier: MIT */
/* Requests in hand, until the datagram after which they are to be answered. */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "hostile.h"

struct request {
	struct sockaddr_in6 peer; /* of either family */
	socklen_t peer_length;
	struct message message;
};

enum { DUE_MAX = 64 };

/* Takes all memory at once, so that what the server takes later is not its own. */
void calendar_open(void);

/* Keeps a request until its delay is over. Returns false when there is no room. */
bool calendar_add(const struct request *request);

/* One more datagram was read. Fills in up to max requests that are due; others come later. */
unsigned int calendar_turn(struct request *due, unsigned int max);

#endif
