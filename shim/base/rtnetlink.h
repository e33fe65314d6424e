/* SPDX-License-Identifier: MIT */
/*
 * What the kernel knows of addresses and interfaces (rtnetlink(7)). Each question opens a socket
 * and closes it again; asked only after the kernel refused a source. false when it can't tell.
 */
#ifndef RTNETLINK_H
#define RTNETLINK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* Does a route of type local cover this IPv6 address (ip-route(8): "local")? */
bool rtnetlink_is_local(const struct in6_addr *address);

/* Does the interface belong to a VRF? (Others, such as ports of a bridge, have a master too.) */
bool rtnetlink_is_in_vrf(uint32_t ifindex);

#endif
