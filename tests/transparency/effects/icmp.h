/* SPDX-License-Identifier: MIT */
/* ICMP errors, as a router on the way would send them. */
#ifndef ICMP_H
#define ICMP_H

#include "../../lib/host.h"

/* About a datagram from `server`, SERVER_PORT, to that peer: destination unreachable, `code`. */
void unreachable(const char *server, const struct address *peer, int code);

#endif
