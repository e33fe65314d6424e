/* SPDX-License-Identifier: MIT */
/*
 * IP_PKTINFO and IPV6_PKTINFO (ip(7), RFC 3542 section 6): to which local address a datagram came,
 * and from which one another shall leave.
 */
#ifndef PKTINFO_H
#define PKTINFO_H

#include "address.h"
#include "control.h"
#include "hook.h"

enum pktinfo {
	PKTINFO_NONE,	   /* the kernel said nothing: the option is off */
	PKTINFO_UNDECIDED, /* broadcast or multicast: its destination is no source */
	PKTINFO_LOCAL,	   /* the local address that the peer asked */
};

/* Which INFO_ bit this control message belongs to; 0: another kind of message. */
unsigned int pktinfo_kind(const struct cmsghdr *header);

/* Does a program's control message choose a source or an interface? */
bool pktinfo_is_source(const struct cmsghdr *header);

/*
 * Reads the local address out of received control data. On a dual-stack socket an IPv4 datagram
 * carries both kinds; only IP_PKTINFO tells a broadcast (ipi_spec_dst differs from ipi_addr), so it
 * decides. Datagrams queued before the option was on have no ipi_spec_dst: ipi_addr is used
 * (ipv4_pktinfo_prepare()). *local is all zero unless PKTINFO_LOCAL is returned.
 */
enum pktinfo pktinfo_read(const void *control, size_t length, struct local *local);

/*
 * The quick half of it: control data that begins with a whole IP_PKTINFO. Returns false for all
 * other control data.
 */
static inline bool pktinfo_read_v4(const void *control, size_t length, struct local *local)
{
	const struct cmsghdr *header = control;
	struct in_pktinfo info;

	if (length < CMSG_LEN(sizeof(info)) || header->cmsg_len != CMSG_LEN(sizeof(info)) ||
	    header->cmsg_level != IPPROTO_IP || header->cmsg_type != IP_PKTINFO)
		return false;
	memcpy(&info, CMSG_DATA(header), sizeof(info));
	if (unlikely((info.ipi_spec_dst.s_addr != info.ipi_addr.s_addr &&
		      info.ipi_spec_dst.s_addr) ||
		     !address_is_unicast_v4(info.ipi_addr))) {
		*local = (struct local){ .ifindex = 0 };
		return true;
	}
	local->half[0] = 0;
	local->half[1] = address_map_half(info.ipi_addr);
	local->ifindex = (uint32_t)info.ipi_ifindex;
	return true;
}

/*
 * Writes the control message that makes `source` the source of a datagram, in the peer's family.
 * ifindex 0 leaves the route to the routing tables. The room is CONTROL_SOURCE; returns the length
 * used, without padding: ____sys_sendmsg() in net/socket.c has room for just that much on its
 * stack, and allocates for more.
 */
#define CONTROL_SOURCE CMSG_SPACE(sizeof(struct in6_pktinfo))
size_t pktinfo_write_v6(void *control, const struct in6_addr *source, uint32_t ifindex);

static inline size_t pktinfo_write(void *control, const struct in6_addr *source, uint32_t ifindex)
{
	struct cmsghdr *header = control;

	if (!address_is_v4(source))
		return pktinfo_write_v6(control, source, ifindex);
	struct in_pktinfo v4 = { .ipi_ifindex = (int)ifindex,
				 .ipi_spec_dst.s_addr = source->s6_addr32[3] };

	header->cmsg_level = IPPROTO_IP;
	header->cmsg_type = IP_PKTINFO;
	header->cmsg_len = CMSG_LEN(sizeof(v4));
	memcpy(CMSG_DATA(header), &v4, sizeof(v4));
	return CMSG_LEN(sizeof(v4));
}

#endif
