/* SPDX-License-Identifier: MIT */
/* The bounds of the library: sizes of tables and buffers. */
#ifndef LIMITS_H
#define LIMITS_H

enum {
	PEERS_DEFAULT = 65536,
	PEERS_MIN = 1024,
	PEERS_MAX = 1 << 24,
	SOCKETS = 1 << 20,    /* tracked sockets of a process */
	CONTROL_STACK = 368,  /* control data a hook keeps on the stack; more goes to scratch */
	CONTROL_SENT = 64,    /* the same for what is sent */
	CONTROL_KERNEL = 320, /* PKTINFO, and what the kernel puts before it (timestamps, marks) */
	CONTROL_VECTOR = 128, /* the same where the kernel was seen to put nothing before it */
};

#endif
