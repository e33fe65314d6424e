/* SPDX-License-Identifier: MIT */
/* Addresses of either family in one form: IPv4 v4-mapped (::ffff:a.b.c.d, RFC 4291 2.5.5.2). */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

static inline struct in6_addr address_map(struct in_addr v4)
{
	return (struct in6_addr){ .s6_addr32 = { 0, 0, htonl(0xffff), v4.s_addr } };
}

/* The second half of a v4-mapped address; the first is 0. */
static inline uint64_t address_map_half(struct in_addr v4)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (uint64_t)v4.s_addr << 32 | 0xffff0000;
#else
	return UINT64_C(0xffff00000000) | v4.s_addr;
#endif
}

/* Returns true for the first half of an address of fe80::/10. */
static inline bool half_is_link_local(uint64_t half)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (half & 0xc0ff) == 0x80fe;
#else
	return half >> 54 == 0xfe80 >> 6;
#endif
}

/* Returns true for the second half of a v4-mapped address, whose first half is 0. */
static inline bool half_is_mapped(uint64_t half)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (uint32_t)half == 0xffff0000;
#else
	return half >> 32 == 0xffff;
#endif
}

static inline bool address_is_v4(const struct in6_addr *address)
{
	return IN6_IS_ADDR_V4MAPPED(address);
}

/* The wildcard of either family. */
static inline bool address_is_any(const struct in6_addr *address)
{
	return IN6_IS_ADDR_UNSPECIFIED(address) ||
	       (address_is_v4(address) && address->s6_addr32[3] == htonl(INADDR_ANY));
}

static inline bool address_is_loopback(const struct in6_addr *address)
{
	if (address_is_v4(address))
		return ntohl(address->s6_addr32[3]) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(address);
}

static inline bool address_is_multicast(const struct in6_addr *address)
{
	if (address_is_v4(address))
		return IN_MULTICAST(ntohl(address->s6_addr32[3]));
	return IN6_IS_ADDR_MULTICAST(address);
}

/*
 * Returns true if the address can be the source of a datagram: not the unspecified one, a group or
 * the limited broadcast.
 */
static inline bool address_is_unicast_v4(struct in_addr v4)
{
	return v4.s_addr != htonl(INADDR_ANY) && v4.s_addr != htonl(INADDR_BROADCAST) &&
	       !IN_MULTICAST(ntohl(v4.s_addr));
}

static inline bool address_is_unicast(const struct in6_addr *address)
{
	if (address_is_v4(address))
		return address_is_unicast_v4((struct in_addr){ address->s6_addr32[3] });
	return !IN6_IS_ADDR_UNSPECIFIED(address) && !address_is_multicast(address);
}

#endif
