/* SPDX-License-Identifier: MIT */
/*
 * Two libraries around the one under test: front.so sees what the program calls, fault.so what arrives behind the
 * library. If a call is not the program's own, the library added it, and it fails as REPLYFROM_FAULT says: CALL, an
 * option's level and name where it has one (0 0: any), an errno. The interposer of tests/lib does not know whose a
 * call is.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <sys/socket.h>

/* The program's own call that is under way in this thread. */
struct front {
	const void *pointer;		/* the value of an option, the address of a connect() */
	const struct msghdr *message;	/* of sendmsg() */
	const struct mmsghdr *messages; /* of sendmmsg() */
	unsigned int count;
	int flags; /* of a receive */
	bool receives;
};

/* In front.so. */
struct front *front_call(void);

#endif
