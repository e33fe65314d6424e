// SPDX-License-Identifier: MIT
// Asks the kernel for the route to an address and the master of an interface.

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rtnetlink.h"
#include "base/scratch.h"
#include "libc/libc.h"

/*
 * Longer answers are cut off, behind the attributes that are read. The kind of a bridge's or bond's
 * master comes after some 1050 bytes, with an alias after 1300.
 */
enum { ANSWER = 4096 };

/* Sends one request; returns the length of the answer if it is a message of that type, else 0. */
static size_t ask_rtnetlink(const struct nlmsghdr *request, struct nlmsghdr *answer, int type)
{
	int fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n = -1;

	if (fd < 0)
		return 0;
	if (libc.send(fd, request, request->nlmsg_len, 0) == (ssize_t)request->nlmsg_len)
		n = libc.recv(fd, answer, ANSWER, 0);
	libc.close(fd);
	if (n < (ssize_t)sizeof(*answer) || answer->nlmsg_type != type)
		return 0;
	return answer->nlmsg_len < (size_t)n ? answer->nlmsg_len : (size_t)n;
}

bool rtnetlink_is_local(const struct in6_addr *address)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		struct in6_addr destination;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETROUTE,
			    .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = AF_INET6, .rtm_dst_len = 128 },
		.attribute = { .rta_len = RTA_LENGTH(sizeof(*address)), .rta_type = RTA_DST },
		.destination = *address,
	};
	struct nlmsghdr *answer;
	struct scratch scratch;
	bool is;

	if (!scratch_take(&scratch, ANSWER))
		return false;
	answer = (struct nlmsghdr *)(void *)scratch.start;
	is = ask_rtnetlink(&request.header, answer, RTM_NEWROUTE) >=
		     NLMSG_LENGTH(sizeof(struct rtmsg)) &&
	     ((struct rtmsg *)NLMSG_DATA(answer))->rtm_type == RTN_LOCAL;
	scratch_give(&scratch);
	return is;
}

/* Returns the first attribute of that type that is whole within `length` bytes, or NULL. */
static const struct rtattr *find_attribute(const void *attributes, size_t length, int type)
{
	const char *at = attributes;

	while (length >= sizeof(struct rtattr)) {
		const struct rtattr *attribute = (const struct rtattr *)(const void *)at;
		size_t size = RTA_ALIGN(attribute->rta_len);

		if (attribute->rta_len < sizeof(*attribute) || attribute->rta_len > length)
			return NULL;
		if ((attribute->rta_type & NLA_TYPE_MASK) == type)
			return attribute;
		if (size > length)
			return NULL;
		at += size;
		length -= size;
	}
	return NULL;
}

/* Returns true if the kind of the interface's master is VRF (rtnl_link_slave_info_fill()). */
static bool has_vrf_as_master(const char *answer, size_t length)
{
	size_t at = NLMSG_LENGTH(sizeof(struct ifinfomsg));
	const struct rtattr *kind =
		length > at ? find_attribute(answer + at, length - at, IFLA_LINKINFO) : NULL;

	if (kind)
		kind = find_attribute(RTA_DATA(kind), RTA_PAYLOAD(kind), IFLA_INFO_SLAVE_KIND);
	return kind && RTA_PAYLOAD(kind) >= sizeof("vrf") && !strcmp(RTA_DATA(kind), "vrf");
}

bool rtnetlink_is_in_vrf(uint32_t ifindex)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg interface;
		struct rtattr attribute;
		uint32_t mask;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST },
		.interface = { .ifi_index = (int)ifindex },
		.attribute = { .rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_EXT_MASK },
		.mask = RTEXT_FILTER_SKIP_STATS,
	};
	struct scratch scratch;
	size_t length;
	bool is;

	if (!scratch_take(&scratch, ANSWER))
		return false;
	length = ask_rtnetlink(&request.header, (struct nlmsghdr *)(void *)scratch.start,
			       RTM_NEWLINK);
	is = has_vrf_as_master((const char *)scratch.start, length);
	scratch_give(&scratch);
	return is;
}
