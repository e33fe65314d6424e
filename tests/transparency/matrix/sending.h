/* SPDX-License-Identifier: MIT */
/* One sending call on both sides, with input that can only be read. */
#ifndef SENDING_H
#define SENDING_H

#include "pair.h"

enum send_call { CALL_SEND, CALL_SENDTO, CALL_SENDMSG, CALL_SENDMMSG, SEND_CALLS };

/* The program's own control data. */
enum send_control {
	CONTROL_NONE,
	CONTROL_NULL,	    /* a length, but no address */
	CONTROL_NULL_SHORT, /* and less than a header */
	CONTROL_SHORT,	    /* less than a header */
	CONTROL_TOS,	    /* IP_TOS or IPV6_TCLASS */
	CONTROL_TOS_BARE,   /* without the padding behind it */
	CONTROL_ANY_SOURCE, /* PKTINFO with neither address nor interface: no choice */
	CONTROL_OWN_SOURCE, /* PKTINFO with an address */
	CONTROL_WRONG,	    /* a length that is none */
	CONTROLS
};

/* What is wrong with one message of a vector. */
enum wrong {
	WRONG_NOTHING,
	WRONG_SIZE,    /* EMSGSIZE */
	WRONG_FAMILY,  /* EAFNOSUPPORT or EINVAL */
	WRONG_POINTER, /* EFAULT */
	WRONG_CONTROL, /* EINVAL */
	WRONG_NAME,    /* EINVAL */
	WRONGS
};

struct sending {
	enum send_call call;
	unsigned int count;
	int flags;
	size_t payload;
	socklen_t name;
	bool no_name;
	enum send_control control;
	enum wrong wrong;
	unsigned int wrong_at;
};

/*
 * Makes the call on both sockets with the same memory, all of it read-only but sendmmsg()'s array,
 * and compares result, errno and that array.
 */
void sending_compare(const struct pair *pair, const struct sending *sending);

const char *sending_describe(const struct sending *sending);

#endif
