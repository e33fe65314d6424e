/* SPDX-License-Identifier: MIT */
/*
 * IP_PKTINFO and IPV6_PKTINFO (ip(7), RFC 3542 section 6): to which local address a datagram came,
 * and from which one another shall leave.
 */
#ifndef PKTINFO_H
#define PKTINFO_H

#include "base/compiler.h"
#include "wire/cmsg.h"
#include "wire/peer.h"

enum pktinfo {
	PKTINFO_NONE,	   /* the kernel said nothing: the option is off */
	PKTINFO_UNDECIDED, /* broadcast or multicast: its destination is no source */
	PKTINFO_LOCAL,	   /* the local address that the peer asked */
};

/* Which INFO_ bit this control message belongs to; 0: another kind of message. */
unsigned int pktinfo_kind(const struct cmsghdr *header);

/* Returns true if a program's control message chooses a source or an interface. */
bool pktinfo_is_source(const struct cmsghdr *header);

/*
 * Reads the local address out of received control data. On a dual-stack socket an IPv4 datagram
 * carries both kinds; only IP_PKTINFO tells a broadcast (ipi_spec_dst differs from ipi_addr), so it
 * decides. Datagrams queued before the option was on have no ipi_spec_dst: ipi_addr is used
 * (ipv4_pktinfo_prepare()). *local is all zero unless PKTINFO_LOCAL is returned.
 */
enum pktinfo pktinfo_read(const void *control, size_t length, struct local *local);

/*
 * The fast path: an IP_PKTINFO at the beginning, of a datagram to an address of this host.
 * Broadcast and multicast ones have another ipi_spec_dst (fib_compute_spec_dst()). Returns false
 * for all else.
 */
static inline __attribute__((always_inline)) bool
pktinfo_read_fast(const void *control, size_t length, struct local *local)
{
	const size_t size = CMSG_LEN(sizeof(struct in_pktinfo));
	const struct cmsghdr *header = control;
	const unsigned char *data = CMSG_DATA(header);
	struct in_addr spec_dst, address;

	if (length < size || header->cmsg_len != size || header->cmsg_level != IPPROTO_IP ||
	    header->cmsg_type != IP_PKTINFO)
		return false;
	memcpy(&spec_dst, data + offsetof(struct in_pktinfo, ipi_spec_dst), sizeof(spec_dst));
	memcpy(&address, data + offsetof(struct in_pktinfo, ipi_addr), sizeof(address));
	/* 0.0.0.0, and from 224.0.0.0 on: groups and reserved addresses. */
	if (unlikely(spec_dst.s_addr != address.s_addr || !address.s_addr ||
		     data[offsetof(struct in_pktinfo, ipi_addr)] >= 224))
		return false;
	local->half[0] = 0;
	local->half[1] = address_map_half(address);
	memcpy(&local->ifindex, data + offsetof(struct in_pktinfo, ipi_ifindex),
	       sizeof(local->ifindex));
	return true;
}

/*
 * The fast path on an AF_INET6 socket: an IPV6_PKTINFO of a unicast address alone, or for an IPv4
 * datagram an IP_PKTINFO behind it. Returns false for all else.
 */
static inline __attribute__((always_inline)) bool
pktinfo_read_fast_v6(const void *control, size_t length, struct local *local)
{
	const size_t space = CMSG_SPACE(sizeof(struct in6_pktinfo));
	const struct cmsghdr *header = control;
	const unsigned char *data = CMSG_DATA(header);

	if (length < space || header->cmsg_len != CMSG_LEN(sizeof(struct in6_pktinfo)) ||
	    header->cmsg_level != IPPROTO_IPV6 || header->cmsg_type != IPV6_PKTINFO)
		return false;
	if (length > space)
		return pktinfo_read_fast((const unsigned char *)control + space, length - space,
					 local);
	memcpy(&local->half[0], data, sizeof(local->half[0]));
	memcpy(&local->half[1], data + sizeof(local->half[0]), sizeof(local->half[1]));
	memcpy(&local->ifindex, data + sizeof(local->half), sizeof(local->ifindex));
	if (unlikely(!local->half[0]))
		return local->half[1] && !half_is_mapped(local->half[1]);
	return data[0] != 0xff;
}

/*
 * Writes the control message that makes `source` the source of a datagram, in the peer's family.
 * ifindex 0 leaves the route to the routing tables. The room is CONTROL_SOURCE; returns the length
 * used, without padding: ____sys_sendmsg() in net/socket.c has room for just that much on its
 * stack, and allocates for more.
 */
#define CONTROL_SOURCE CMSG_SPACE(sizeof(struct in6_pktinfo))
static inline size_t pktinfo_write_v6(void *control, const struct local *source, uint32_t ifindex)
{
	struct cmsghdr *header = control;
	unsigned char *data = CMSG_DATA(header);

	header->cmsg_level = IPPROTO_IPV6;
	header->cmsg_type = IPV6_PKTINFO;
	header->cmsg_len = CMSG_LEN(sizeof(struct in6_pktinfo));
	memcpy(data + offsetof(struct in6_pktinfo, ipi6_addr), &source->half[0],
	       sizeof(source->half[0]));
	memcpy(data + offsetof(struct in6_pktinfo, ipi6_addr) + sizeof(source->half[0]),
	       &source->half[1], sizeof(source->half[1]));
	memcpy(data + offsetof(struct in6_pktinfo, ipi6_ifindex), &ifindex, sizeof(ifindex));
	return CMSG_LEN(sizeof(struct in6_pktinfo));
}

static inline size_t pktinfo_write_v4(void *control, in_addr_t source, uint32_t ifindex)
{
	struct cmsghdr *header = control;
	unsigned char *data = CMSG_DATA(header);
	const in_addr_t none = 0;

	header->cmsg_level = IPPROTO_IP;
	header->cmsg_type = IP_PKTINFO;
	header->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
	memcpy(data + offsetof(struct in_pktinfo, ipi_ifindex), &ifindex, sizeof(ifindex));
	memcpy(data + offsetof(struct in_pktinfo, ipi_spec_dst), &source, sizeof(source));
	memcpy(data + offsetof(struct in_pktinfo, ipi_addr), &none, sizeof(none));
	return CMSG_LEN(sizeof(struct in_pktinfo));
}

static inline size_t pktinfo_write_local(void *control, const struct local *source,
					 uint32_t ifindex)
{
	return !source->half[0] && half_is_mapped(source->half[1])
		       ? pktinfo_write_v4(control, source->address.s6_addr32[3], ifindex)
		       : pktinfo_write_v6(control, source, ifindex);
}

static inline size_t pktinfo_write(void *control, const struct in6_addr *source, uint32_t ifindex)
{
	const struct local local = { .address = *source };

	return pktinfo_write_local(control, &local, ifindex);
}

#endif
