// SPDX-License-Identifier: MIT
// What is done when the kernel refuses a source.

#include <errno.h>
#include <netinet/in.h>

#include "libc.h"
#include "options.h"
#include "report.h"
#include "rtnetlink.h"
#include "send.h"

/* MSG_PROBE of <linux/socket.h>, which no libc has. */
enum { PROBE = 0x10 };

bool send_is_source_error(void)
{
	return errno == EINVAL || errno == ENETUNREACH || errno == EADDRNOTAVAIL || errno == ENODEV;
}

/*
 * Some local IPv6 addresses are on no interface (AnyIP: a route of type local). Those are sources
 * for a socket with IPV6_FREEBIND only; an address that went away is none, so the table is asked.
 */
static bool make_free(int fd, const struct local *local)
{
	return !address_is_v4(&local->address) &&
	       option_get(fd, IPPROTO_IPV6, IPV6_FREEBIND) == 0 &&
	       rtnetlink_is_local(&local->address) &&
	       option_set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
}

/*
 * In a VRF a source is only known with the interface it was received on. For IPv4 that is tried for
 * interfaces that belong to another one only: given an interface, the kernel sends to a peer
 * without a route as if it were on the link (ip_route_output_key_hash_rcu()).
 */
static bool needs_interface(const struct route *route)
{
	return route->local.ifindex && !ifindex_for(&route->peer, &route->local) &&
	       (!address_is_v4(&route->local.address) ||
		rtnetlink_has_master(route->local.ifindex));
}

bool send_is_refused(int fd, const struct msghdr *message, int flags)
{
	int error = errno;
	bool refused = libc.sendmsg(fd, message, (flags & ~MSG_MORE) | PROBE) < 0;

	errno = error;
	return refused;
}

ssize_t send_refused(int fd, const struct route *route, const struct msghdr *original,
		     struct msghdr *message, size_t end, int flags)
{
	ssize_t n;
	int error;

	if (!send_is_refused(fd, message, flags))
		return -1;
	source_count(COUNTER_refused);
	if (errno == EINVAL && make_free(fd, &route->local)) {
		n = libc.sendmsg(fd, message, flags);
		if (n >= 0)
			return n;
		error = errno;
		option_set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 0);
		errno = error;
		if (!send_is_source_error())
			return n;
	}
	if (needs_interface(route)) {
		pktinfo_write((unsigned char *)message->msg_control + end, &route->local.address,
			      route->local.ifindex);
		n = libc.sendmsg(fd, message, flags);
		if (n >= 0 || !send_is_source_error())
			return n;
	}
	n = libc.sendmsg(fd, original, flags);
	if (n >= 0 && route->helped) {
		source_forget(route->helped, route->peer);
		source_count(COUNTER_forgotten);
		helped_mark(route->helped, HELPED_BY_CONTROL, false);
		report_peer(LOG_INFO, fd, "source refused", &route->peer, &route->local.address);
	}
	return n;
}
