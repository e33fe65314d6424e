/* SPDX-License-Identifier: MIT */
/* What the routing table says of an address. */
#ifndef LOCALROUTE_H
#define LOCALROUTE_H

#include <netinet/in.h>
#include <stdbool.h>

/*
 * Does a route of type local cover this IPv6 address (ip-route(8): "local")? Asks rtnetlink(7) over
 * a socket that is closed again; only after the kernel refused a source. false when it can't tell.
 */
bool local_route_exists(const struct in6_addr *address);

#endif
