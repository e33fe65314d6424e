// SPDX-License-Identifier: MIT
// The two-step connect.

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>

#include "connect.h"
#include "libc.h"
#include "options.h"
#include "report.h"
#include "send.h"
#include "source.h"

static bool local_address(int fd, struct in6_addr *address)
{
	struct sockaddr_in6 name;
	socklen_t length = sizeof(name);
	struct peer self;

	if (getsockname(fd, (struct sockaddr *)&name, &length) || !peer_read(&self, &name, length))
		return false;
	*address = self.host;
	return true;
}

static bool is_device_bound(int fd)
{
	char device[IFNAMSIZ];
	socklen_t length = sizeof(device);

	return libc.getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &length) || length;
}

/* A port that the kernel chose it takes back (__udp_disconnect()): it is bound again then. */
static void disconnect(int fd)
{
	struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
	struct sockaddr_in6 name = { 0 }, any = { 0 };
	socklen_t length = sizeof(name);

	getsockname(fd, (struct sockaddr *)&name, &length);
	libc.connect(fd, &unspecified, sizeof(unspecified));
	any.sin6_family = name.sin6_family;
	any.sin6_port = name.sin6_port; /* at the same place for both families */
	libc.bind(fd, (struct sockaddr *)&any, length);
}

/*
 * For a multicast destination __ip4_datagram_connect() takes the source from the multicast
 * interface's address and keeps it as the local address; the second connect keeps both. Nothing
 * comes between the two: a datagram from the peer that arrives there is refused. Returns how many
 * of the two connects succeeded.
 */
static int steps_v4(int fd, uint32_t tracked_ifindex, const struct local *local,
		    const struct sockaddr *address, socklen_t length)
{
	struct sockaddr_in group = { .sin_family = AF_INET,
				     .sin_port = htons(9),
				     .sin_addr.s_addr = htonl(INADDR_ALLHOSTS_GROUP) };
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6,
				       .sin6_port = group.sin_port,
				       .sin6_addr = address_map(group.sin_addr) };
	struct ip_mreqn ours = { .imr_address.s_addr = local->address.s6_addr32[3] };
	struct ip_mreqn theirs = { .imr_ifindex = (int)tracked_ifindex };
	socklen_t size = sizeof(theirs.imr_address);
	int bound = option_get(fd, SOL_SOCKET, SO_BINDTOIFINDEX), steps = 0;
	bool six = option_get(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET6;

	/* The multicast interface of a device-bound socket can only be that device. */
	if (bound > 0)
		ours.imr_ifindex = bound;
	if (libc.getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &theirs.imr_address, &size) ||
	    libc.setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &ours, sizeof(ours)))
		return 0;
	if (!libc.connect(fd, six ? (struct sockaddr *)&mapped : (struct sockaddr *)&group,
			  six ? sizeof(mapped) : sizeof(group)))
		steps = libc.connect(fd, address, length) ? 1 : 2;
	libc.setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &theirs, sizeof(theirs));
	return steps;
}

/* A connect to the address itself makes it the local one; the second connect keeps it. */
static int steps_v6(int fd, const struct peer *peer, const struct local *local,
		    const struct sockaddr *address, socklen_t length)
{
	struct sockaddr_in6 own = { .sin6_family = AF_INET6,
				    .sin6_port = peer->port,
				    .sin6_addr = local->address };

	if (IN6_IS_ADDR_LINKLOCAL(&local->address))
		own.sin6_scope_id = peer->scope ? peer->scope : local->ifindex;
	if (libc.connect(fd, (struct sockaddr *)&own, sizeof(own)))
		return 0;
	return libc.connect(fd, address, length) ? 1 : 2;
}

/*
 * The two steps, and whether they led where they should; if not, the socket is as before, unless it
 * was bound to a device: __udp_disconnect() would end that too.
 */
static bool connect_in_two_steps(int fd, uint32_t tracked_ifindex, const struct route *route,
				 const struct sockaddr *address, socklen_t length)
{
	const struct local *local = &route->local;
	bool bound = is_device_bound(fd);
	struct in6_addr now;
	int steps;

	/* Connected from there already: a second connect keeps the local address. */
	if (local_address(fd, &now) && IN6_ARE_ADDR_EQUAL(&now, &local->address))
		return !libc.connect(fd, address, length);
	/* It would bind the socket to the interface, and the peer may be behind another. */
	if (IN6_IS_ADDR_LINKLOCAL(&local->address) && !IN6_IS_ADDR_LINKLOCAL(&route->peer.host))
		return false;
	steps = address_is_v4(&local->address)
			? steps_v4(fd, tracked_ifindex, local, address, length)
			: steps_v6(fd, &route->peer, local, address, length);
	if (steps == 2 && local_address(fd, &now) && IN6_ARE_ADDR_EQUAL(&now, &local->address))
		return true;
	if (steps && !bound)
		disconnect(fd);
	return false;
}

static int connect_plainly(int fd, struct helped *helped, const struct sockaddr *address,
			   socklen_t length, const struct local *by_control)
{
	int result = libc.connect(fd, address, length);

	if (!result && address->sa_family == AF_UNSPEC)
		socket_classify(fd);
	else if (!result)
		socket_connected(fd, helped, by_control);
	return result;
}

/*
 * A second connect keeps the local address of the first. If the new peer asked another one, the
 * socket is disconnected first; its old peer and local address are returned for the case that it
 * can't be connected to the new one.
 */
static bool leave_old_peer(int fd, const struct helped *helped, const struct local *wanted,
			   struct sockaddr_in6 *peer, socklen_t *length, struct route *old)
{
	*length = sizeof(*peer);
	if (!helped || helped_get(helped, state) != HELPED_CONNECTED || is_device_bound(fd) ||
	    !local_address(fd, &old->local.address) ||
	    IN6_ARE_ADDR_EQUAL(&old->local.address, &wanted->address) ||
	    getpeername(fd, (struct sockaddr *)peer, length) ||
	    !peer_read(&old->peer, peer, *length))
		return false;
	disconnect(fd);
	return true;
}

/* Nothing to connect to: connect(AF_UNSPEC), or what the kernel refuses before it reads more. */
static bool is_no_peer(const struct sockaddr *address, socklen_t length)
{
	return !address || length < sizeof(address->sa_family) || address->sa_family == AF_UNSPEC;
}

int connect_from(int fd, struct helped *helped, const struct sockaddr *address, socklen_t length)
{
	struct helped *remembered;
	uint32_t tracked;
	struct sockaddr_in6 old_peer;
	struct route route, old = { .local.ifindex = 0 };
	socklen_t old_length;
	int e = errno, result;
	bool done, left;

	if (is_no_peer(address, length) || !send_route(fd, &route, helped, address, length))
		return connect_plainly(fd, helped, address, length, NULL);
	remembered = helped ? helped : socket_remember(fd);
	tracked = remembered ? helped_get(remembered, multicast_ifindex) : 0;
	left = leave_old_peer(fd, helped, &route.local, &old_peer, &old_length, &old);
	done = connect_in_two_steps(fd, tracked, &route, address, length);
	report_peer(LOG_DEBUG, fd, done ? "connected" : "no two-step connect", &route.peer,
		    &route.local.address);
	errno = e;
	if (done) {
		source_count(COUNTER_connects);
		socket_connected(fd, helped, NULL);
		return 0;
	}
	result = connect_plainly(fd, remembered, address, length, &route.local);
	if (result && left) {
		e = errno;
		connect_in_two_steps(fd, tracked, &old, (struct sockaddr *)&old_peer, old_length);
		errno = e;
	}
	return result;
}
