/* SPDX-License-Identifier: MIT */
/*
 * Questions to the kernel about addresses and interfaces (rtnetlink(7)), for when it has refused a
 * source. Each opens a socket and closes it again; false is also the result if that fails.
 */
#ifndef RTNETLINK_H
#define RTNETLINK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* Returns true if a route of type local covers this IPv6 address (ip-route(8)). Changes errno. */
bool rtnetlink_is_local(const struct in6_addr *address);

/*
 * Returns true if the interface belongs to a VRF. Others, such as ports of a bridge, have a master
 * too. Changes errno.
 */
bool rtnetlink_is_in_vrf(uint32_t ifindex);

#endif
