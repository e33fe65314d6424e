/* SPDX-License-Identifier: MIT */
/*
 * mbedtls_net_accept() and its copies in other DTLS servers connect the listening socket to the
 * peer, read its address by getsockname(), and bind the next listening socket to that. That is the
 * address at which this peer asked, so the server would no longer listen at the host's others. Such
 * a bind() gets the wildcard address that the first socket had.
 */
#ifndef REBIND_H
#define REBIND_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/compiler.h"
#include "wire/peer.h"

/* The thread's steps before such a bind(). */
enum {
	REBIND_NONE,
	REBIND_CONNECTED, /* it connected a listening socket, */
	REBIND_SHOWN,	  /* and getsockname() has shown it the local address */
};

struct rebind {
	struct peer name; /* of the connected socket */
	int device;
	uint32_t receives; /* the thread's, at that time */
	uint8_t step;
	bool mapped; /* the wildcard was ::ffff:0.0.0.0 */
};
extern __thread struct rebind rebind_last;

/*
 * Records that the thread connected a socket that was bound to the wildcard address and to that
 * device (0: to none; a connect() to a link-local address binds it to one). errno stays.
 */
void rebind_connected(int fd, int device, bool mapped);

/* Records that getsockname(2) showed the thread the name of a socket. errno stays. */
void rebind_shown(int fd);

/*
 * Binds a UDP socket to the wildcard address if that is what the bind() to `address` is meant for.
 * Returns false if it is not, or if that bind() fails; errno stays then. The address need not be
 * readable.
 */
bool rebind_wildcard(int fd, const struct sockaddr *address, socklen_t length);

/* Returns true if rebind_wildcard() has to examine the thread's next bind(). */
static inline bool rebind_is_near(void)
{
	return unlikely(rebind_last.step == REBIND_SHOWN);
}

#endif
