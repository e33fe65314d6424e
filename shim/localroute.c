// SPDX-License-Identifier: MIT
// Asks the kernel for the route to an address.

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libc.h"
#include "localroute.h"

bool local_route_exists(const struct in6_addr *address)
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
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		char attributes[1024];
	} answer;
	int fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (libc.send(fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request))
		n = libc.recv(fd, &answer, sizeof(answer), 0);
	close(fd);
	return n >= (ssize_t)NLMSG_LENGTH(sizeof(answer.route)) &&
	       answer.header.nlmsg_type == RTM_NEWROUTE && answer.route.rtm_type == RTN_LOCAL;
}
