// SPDX-License-Identifier: MIT
// Finds out from the kernel whether IP_MULTICAST_IF is set.

#include <errno.h>
#include <string.h>

#include "calls/multicast_if.h"
#include "libc/libc.h"
#include "sockets/pktinfo_option.h"
#include "wire/pktinfo.h"

/* MSG_PROBE of <linux/socket.h>, which no libc has: looks for the way, and sends nothing. */
enum { PROBE = 0x10 };

/* The index that this process, or one that it was forked from, set on sockets; SEVERAL: not one. */
static int index_set;
enum { LOOPBACK_INDEX = 1, SEVERAL = -1 };

void multicast_follow(const void *value, socklen_t length)
{
	struct ip_mreqn group;
	int before = __atomic_load_n(&index_set, __ATOMIC_RELAXED);

	if (!value || length < sizeof(group))
		return;
	memcpy(&group, value, sizeof(group));
	if (group.imr_ifindex && group.imr_ifindex != before)
		__atomic_store_n(&index_set, before ? SEVERAL : group.imr_ifindex,
				 __ATOMIC_RELAXED);
}

/*
 * Returns the error with which the kernel finds no way from that source to a group, by that
 * interface if any; 0: it finds one.
 */
static int probe_group(int fd, struct in_addr source, int ifindex, int flags)
{
	_Alignas(struct cmsghdr) unsigned char control[CONTROL_SOURCE];
	struct in6_addr mapped = address_map(source);
	struct sockaddr_in group = { .sin_family = AF_INET,
				     .sin_port = htons(9),
				     .sin_addr.s_addr = htonl(INADDR_ALLHOSTS_GROUP) };
	struct iovec nothing = { NULL, 0 };
	struct msghdr message = { .msg_name = &group,
				  .msg_namelen = sizeof(group),
				  .msg_iov = &nothing,
				  .msg_iovlen = 1 };

	if (source.s_addr) {
		message.msg_control = control;
		message.msg_controllen = pktinfo_write(control, &mapped, (uint32_t)ifindex);
	}
	return libc.sendmsg(fd, &message, PROBE | MSG_DONTWAIT | flags) < 0 ? errno : 0;
}

/*
 * With an index, a group is always on that interface's link; without one, and without a source, the
 * kernel asks the routing table (ip_route_output_key_hash_rcu()), and MSG_DONTROUTE leaves routes
 * on a link only. So if there is no such route, and it is not the interface that is gone or down
 * (then there is no way from a source either), no index is set.
 *
 * If there is such a route: without an index, what comes from 127.0.0.1 is sent on the loopback
 * interface; with any other index the kernel refuses it (__mkroute_output()), unless the sysctl
 * route_localnet is on there. So what stays unknown is that sysctl, and the loopback interface's
 * index: then it counts what this process has set.
 */
static bool index_is_unset(int fd, struct in_addr local)
{
	struct in_addr none = { .s_addr = INADDR_ANY };
	struct in_addr loopback = { .s_addr = htonl(INADDR_LOOPBACK) };
	int set = __atomic_load_n(&index_set, __ATOMIC_RELAXED);

	/* The kernel does not use the index of a socket that is bound to a device. */
	if (option_get(fd, SOL_SOCKET, SO_BINDTOIFINDEX) > 0)
		return !set;
	if (probe_group(fd, none, 0, MSG_DONTROUTE) == ENETUNREACH && !probe_group(fd, local, 0, 0))
		return true;
	return (!set || (set > LOOPBACK_INDEX && probe_group(fd, loopback, set, 0) == EINVAL)) &&
	       !probe_group(fd, loopback, 0, 0);
}

bool multicast_is_unset(int fd, struct in_addr local)
{
	struct in_addr address;
	socklen_t length = sizeof(address);

	return !libc.getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, &length) &&
	       !address.s_addr && index_is_unset(fd, local);
}

void multicast_unset(int fd)
{
	struct ip_mreqn unset = { .imr_ifindex = 0 };

	libc.setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &unset, sizeof(unset));
}
