// SPDX-License-Identifier: MIT
// Reads the local address out of received control data and writes the source of a reply.

#include "wire/pktinfo.h"

/* Each step has a stack frame of its own: what it calls from there takes less stack. */
#define NOINLINE __attribute__((noinline))

unsigned int pktinfo_kind(const struct cmsghdr *header)
{
	if (header->cmsg_level == IPPROTO_IP)
		return header->cmsg_type == IP_PKTINFO ? INFO_V4 : 0;
	if (header->cmsg_level != IPPROTO_IPV6)
		return 0;
	if (header->cmsg_type == IPV6_PKTINFO)
		return INFO_V6;
	return header->cmsg_type == IPV6_2292PKTINFO ? INFO_V6_OLD : 0;
}

static bool copy_pktinfo_v4(struct in_pktinfo *info, const struct cmsghdr *header)
{
	if (header->cmsg_len < CMSG_LEN(sizeof(*info)))
		return false;
	memcpy(info, CMSG_DATA(header), sizeof(*info));
	return true;
}

static bool copy_pktinfo_v6(struct in6_pktinfo *info, const struct cmsghdr *header)
{
	if (header->cmsg_len < CMSG_LEN(sizeof(*info)))
		return false;
	memcpy(info, CMSG_DATA(header), sizeof(*info));
	return true;
}

bool pktinfo_is_source(const struct cmsghdr *header)
{
	unsigned int kind = pktinfo_kind(header);
	struct in_pktinfo v4;
	struct in6_pktinfo v6;

	if (kind == INFO_V4)
		return !copy_pktinfo_v4(&v4, header) || v4.ipi_ifindex || v4.ipi_spec_dst.s_addr;
	if (!kind)
		return false;
	return !copy_pktinfo_v6(&v6, header) || v6.ipi6_ifindex ||
	       !IN6_IS_ADDR_UNSPECIFIED(&v6.ipi6_addr);
}

static enum pktinfo decide_local(struct local *local, const struct in6_addr *address,
				 uint32_t ifindex)
{
	if (!address_is_unicast(address))
		return PKTINFO_UNDECIDED;
	local->address = *address;
	local->ifindex = ifindex;
	return PKTINFO_LOCAL;
}

static NOINLINE enum pktinfo decide_local_v4(struct local *local, const struct cmsghdr *header)
{
	struct in6_addr mapped;
	struct in_pktinfo v4;

	copy_pktinfo_v4(&v4, header);
	if (v4.ipi_spec_dst.s_addr && v4.ipi_spec_dst.s_addr != v4.ipi_addr.s_addr)
		return PKTINFO_UNDECIDED;
	mapped = address_map(v4.ipi_addr);
	return decide_local(local, &mapped, (uint32_t)v4.ipi_ifindex);
}

static NOINLINE enum pktinfo decide_local_v6(struct local *local, const struct cmsghdr *header)
{
	struct in6_pktinfo v6;

	copy_pktinfo_v6(&v6, header);
	return decide_local(local, &v6.ipi6_addr, v6.ipi6_ifindex);
}

/* Finds what decides; NULL: nothing does. */
static NOINLINE const struct cmsghdr *find_deciding_cmsg(const void *control, size_t length)
{
	const struct cmsghdr *header, *found = NULL;
	size_t offset = 0;

	while ((header = control_next(control, length, &offset))) {
		unsigned int kind = pktinfo_kind(header);

		if (kind == INFO_V4 && header->cmsg_len >= CMSG_LEN(sizeof(struct in_pktinfo)))
			return header;
		if (kind == INFO_V6 && header->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo)))
			found = header;
	}
	return found;
}

enum pktinfo pktinfo_read(const void *control, size_t length, struct local *local)
{
	const struct cmsghdr *header = find_deciding_cmsg(control, length);

	*local = (struct local){ .packed = 0 };
	if (!header)
		return PKTINFO_NONE;
	return pktinfo_kind(header) == INFO_V4 ? decide_local_v4(local, header)
					       : decide_local_v6(local, header);
}
