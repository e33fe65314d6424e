/* SPDX-License-Identifier: MIT */
/*
 * From which address to answer: the one place that knows the order of knowledge (docs/design.md,
 * "The order of knowledge"):
 *
 *  1. this thread's last receive, when it was from that peer on that socket;
 *  2. what the socket remembers of the peer;
 *  3. what other sockets on the same port remember of it;
 *  4. where the peer's host last asked this socket, from whatever port;
 *  5. for a fresh socket: this thread's last receive, when it was from that very peer.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "pktinfo.h"
#include "socket.h"

/*
 * A datagram was received on `helped`: remembers its local address, all zero for one that came by
 * broadcast or multicast: then nothing is to be attached, whatever was known before.
 */
void source_learn(int fd, struct helped *helped, const struct peer *peer,
		  const struct local *local);

/* Rules 1 to 4. Returns false when nothing is to be attached. */
bool source_find(const struct helped *helped, const struct peer *peer, struct local *local);

/* Did this thread receive anything yet? If not, rule 5 has nothing to say. */
bool source_heard(void);

/* Rule 5. */
bool source_find_fresh(const struct peer *peer, struct local *local);

/* The kernel refused the source: it is not used again until the peer asks again. */
void source_forget(const struct helped *helped, const struct peer *peer);

#endif
