/* SPDX-License-Identifier: MIT */
/* One receiving call on both sides, and everything it changed, byte for byte. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "pair.h"

enum call {
	CALL_RECVMSG,
	CALL_RECVMMSG,
	CALL_RECVFROM,
	CALL_RECV,
	CALL_RECVFROM_CHECKED,
	CALL_RECV_CHECKED,
	CALLS
};

/* How the program makes the call. */
struct shape {
	enum call call;
	int flags;
	unsigned int count; /* of messages; 0 for recvmmsg() means what it says, else 1 */
	size_t name, payload, control;			      /* bytes of room */
	bool no_name, no_name_length, no_payload, no_control; /* NULL instead, whatever the size */
	bool misaligned;	/* the control buffer begins at an odd address */
	size_t payload_claimed; /* a length beyond the room there is; 0: the room */
	socklen_t name_claimed; /* likewise */
	const struct timespec *timeout;
};

/*
 * Makes the call on both sockets of a pair with the same memory, filled with a pattern, and
 * compares: result, errno, and every byte of headers, names, payloads and control data, those
 * behind the buffers too. Only what a clock tells is left out. Returns the kernel's result.
 */
long compare(const struct pair *pair, const struct shape *shape);

/* How many calls were compared, and how many of them differed. */
extern unsigned long combinations, differences;

/* How many more differences are printed. */
extern unsigned int reports_left;

/* Counts a difference, and says what differed while reports are left. */
void differ(const struct pair *pair, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
