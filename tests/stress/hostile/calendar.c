// SPDX-License-Identifier: MIT
// Requests in hand: a list for each datagram to come.

#include <string.h>

#include "calendar.h"

enum { SLOTS = 2 * DELAY_MAX, ROOM = 1 << 14, NONE = ROOM };

static struct waiting {
	struct request request;
	uint32_t next;
} waiting[ROOM];
static uint32_t slots[SLOTS], unused, now;

void calendar_open(void)
{
	memset(waiting, 0xff, sizeof(waiting));
	for (uint32_t i = 0; i < SLOTS; i++)
		slots[i] = NONE;
	for (uint32_t i = 0; i < ROOM; i++)
		waiting[i].next = i + 1;
}

bool calendar_add(const struct request *request)
{
	uint32_t delay = request->message.delay, i = unused, *slot;

	if (delay > DELAY_MAX || i == NONE)
		return false;
	/* The turn that follows is that of the request itself. */
	slot = &slots[(now + 1 + delay) % SLOTS];
	unused = waiting[i].next;
	waiting[i] = (struct waiting){ .request = *request, .next = *slot };
	*slot = i;
	return true;
}

unsigned int calendar_turn(struct request *due, unsigned int max)
{
	uint32_t *slot = &slots[++now % SLOTS], *next = &slots[(now + 1) % SLOTS], i;
	unsigned int n = 0;

	while ((i = *slot) != NONE) {
		*slot = waiting[i].next;
		if (n < max) {
			due[n++] = waiting[i].request;
			waiting[i].next = unused;
			unused = i;
		} else {
			waiting[i].next = *next;
			*next = i;
		}
	}
	return n;
}
