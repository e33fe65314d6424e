/* SPDX-License-Identifier: MIT */
/* What the load generator asks, and the servers answer as it came. */
#ifndef CHANGE_H
#define CHANGE_H

#include <stdint.h>

enum { MAGIC = 0x43484e47, LARGEST = 1472 };

/* At the start of a datagram; all from the machine's own byte order, as it never leaves the host.
 */
struct question {
	uint32_t magic;
	uint16_t flow, slot;
	uint32_t serial, epoch;
	uint16_t address;
	/* The server's remark: not the first way by which it tried to send this. */
	uint16_t again;
};

#endif
