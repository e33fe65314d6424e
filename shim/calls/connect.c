// SPDX-License-Identifier: MIT
// The connect that keeps the local address, in two steps where it takes them.

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>

#include "base/log.h"
#include "calls/connect.h"
#include "calls/kernel_choice.h"
#include "calls/multicast_if.h"
#include "calls/send.h"
#include "calls/source.h"
#include "libc/libc.h"
#include "sockets/pktinfo_option.h"
#include "sockets/tracked.h"

static bool has_local_address(int fd, const struct local *local)
{
	struct peer self;

	return socket_name(fd, &self) && IN6_ARE_ADDR_EQUAL(&self.host, &local->address);
}

static bool is_device_bound(int fd)
{
	char device[IFNAMSIZ];
	socklen_t length = sizeof(device);

	return libc.getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &length) || length;
}

/* A port that the kernel chose it takes back (__udp_disconnect()): it is bound again then. */
static void disconnect_socket(int fd)
{
	struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
	struct sockaddr_in6 name = { 0 }, any = { 0 };
	socklen_t length = sizeof(name);

	libc.getsockname(fd, (struct sockaddr *)&name, &length);
	libc.connect(fd, &unspecified, sizeof(unspecified));
	any.sin6_family = name.sin6_family;
	any.sin6_port = name.sin6_port; /* at the same place for both families */
	libc.bind(fd, (struct sockaddr *)&any, length);
}

/*
 * Returns true if a plain connect would take the route's local address. Another socket is connected
 * to find out: to undo the kernel's choice on this one would refuse datagrams meanwhile.
 */
static bool route_is_kernel_choice(int fd, const struct route *route)
{
	struct in6_addr choice;

	return kernel_choice(fd, route->salt, &route->peer, &choice) &&
	       IN6_ARE_ADDR_EQUAL(&choice, &route->local.address);
}

/*
 * For a multicast destination __ip4_datagram_connect() takes the source from the multicast
 * interface's address and keeps it as the local address; the second connect keeps both. Nothing
 * comes between the two: a datagram from the peer that arrives there is refused. If the program has
 * an IP_MULTICAST_IF of its own, the first connect is to the address itself: the kernel takes that
 * as local address unless it is a secondary one. Returns how many of the two connects succeeded.
 */
static int connect_twice_v4(int fd, const struct local *local, const struct sockaddr *address,
			    socklen_t length)
{
	struct ip_mreqn ours = { .imr_address.s_addr = local->address.s6_addr32[3] };
	struct sockaddr_in first = { .sin_family = AF_INET,
				     .sin_port = htons(9),
				     .sin_addr.s_addr = htonl(INADDR_ALLHOSTS_GROUP) };
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6, .sin6_port = first.sin_port };
	int bound = option_get(fd, SOL_SOCKET, SO_BINDTOIFINDEX), steps = 0;
	bool is_v6 = option_get(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET6;
	bool by_group = multicast_is_unset(fd, ours.imr_address);

	/* The multicast interface of a device-bound socket can only be that device. */
	if (bound > 0)
		ours.imr_ifindex = bound;
	if (!by_group)
		first.sin_addr = ours.imr_address;
	else if (libc.setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &ours, sizeof(ours)))
		return 0;
	mapped.sin6_addr = address_map(first.sin_addr);
	if (!libc.connect(fd, is_v6 ? (struct sockaddr *)&mapped : (struct sockaddr *)&first,
			  is_v6 ? sizeof(mapped) : sizeof(first)))
		steps = libc.connect(fd, address, length) ? 1 : 2;
	if (by_group)
		multicast_unset(fd);
	return steps;
}

/* struct ipv6_sr_hdr of <linux/seg6.h> with its one segment (RFC 8754, section 2). */
struct routing_header {
	uint8_t next, length, type, segments_left, last_entry, flags;
	uint16_t tag;
	struct in6_addr hop;
};

/* The socket's routing header to that hop; NULL: none. Not if the program has one of its own. */
static bool set_routing_header(int fd, const struct in6_addr *hop)
{
	/* The length counts 8 octets each after the first 8. */
	struct routing_header header = { .length = 2, .type = 4 }, theirs;
	socklen_t length = sizeof(theirs);

	if (!hop)
		return !libc.setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, NULL, 0);
	header.hop = *hop;
	return !libc.getsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, &theirs, &length) && !length &&
	       !libc.setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, &header, sizeof(header));
}

/*
 * With a routing header the kernel looks for the way to its first hop in place of the peer, and
 * takes the local address from there (ip6_datagram_dst_update(), fl6_update_dst()): to an address
 * of this host leads that address itself. The peer is the socket's from the first connect on, so
 * nothing of its is refused; the second connect, without the header, finds the way to the peer.
 * Without the option (before Linux 4.10) a connect to the address itself makes it the local one,
 * the second connect keeps it, and a datagram from the peer that arrives between them is refused.
 */
static int connect_twice_v6(int fd, const struct peer *peer, const struct local *local,
			    const struct sockaddr *address, socklen_t length)
{
	struct sockaddr_in6 own = { .sin6_family = AF_INET6,
				    .sin6_port = peer->port,
				    .sin6_addr = local->address };
	bool link_local = IN6_IS_ADDR_LINKLOCAL(&local->address), failed;

	/* The way to a link-local peer is looked for on its link, where no other address may be. */
	if (link_local == IN6_IS_ADDR_LINKLOCAL(&peer->host) &&
	    set_routing_header(fd, &local->address)) {
		failed = libc.connect(fd, address, length);
		set_routing_header(fd, NULL);
	} else {
		if (link_local)
			own.sin6_scope_id = peer->scope ? peer->scope : local->ifindex;
		failed = libc.connect(fd, (struct sockaddr *)&own, sizeof(own));
	}
	if (failed)
		return 0;
	return libc.connect(fd, address, length) ? 1 : 2;
}

/*
 * Connects, and returns whether that led where it should; if not, the socket is as before, unless
 * it was bound to a device: __udp_disconnect() would end that too. A plain connect is taken where
 * it keeps the address, since of it nothing is refused.
 */
static bool connect_by_any_way(int fd, const struct route *route, const struct sockaddr *address,
			       socklen_t length)
{
	const struct local *local = &route->local;
	bool bound = is_device_bound(fd), v4 = address_is_v4(&local->address);
	int steps;

	/* It would bind the socket to the interface, and the peer may be behind another. */
	if (IN6_IS_ADDR_LINKLOCAL(&local->address) && !IN6_IS_ADDR_LINKLOCAL(&route->peer.host))
		return false;
	if (has_local_address(fd, local) || (v4 && !bound && route_is_kernel_choice(fd, route))) {
		if (libc.connect(fd, address, length))
			return false;
		if (has_local_address(fd, local))
			return true;
		disconnect_socket(fd);
	}
	steps = v4 ? connect_twice_v4(fd, local, address, length)
		   : connect_twice_v6(fd, &route->peer, local, address, length);
	if (steps == 2 && has_local_address(fd, local))
		return true;
	if (steps && !bound)
		disconnect_socket(fd);
	return false;
}

/* Connects without cancellation, which would leave an option set or a descriptor open. Returns true
 * if the socket has the route's local address and its peer. */
static bool connect_keeping_address(int fd, const struct route *route,
				    const struct sockaddr *address, socklen_t length)
{
	bool done;
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	done = connect_by_any_way(fd, route, address, length);
	pthread_setcancelstate(state, NULL);
	return done;
}

static int connect_plainly(int fd, struct tracked *tracked, uint32_t tag,
			   const struct sockaddr *address, socklen_t length,
			   const struct local *by_control)
{
	int result = libc.connect(fd, address, length);
	uint64_t salt;

	if (!result && address->sa_family == AF_UNSPEC)
		socket_classify(fd, &salt);
	else if (!result)
		socket_connected(fd, tracked, tag, by_control);
	return result;
}

/*
 * A second connect keeps the local address of the first. If the new peer asked another one, the
 * socket is disconnected first; its old peer and local address are returned for the case that it
 * can't be connected to the new one.
 */
static bool leave_old_peer(int fd, const struct tracked *tracked, const struct local *wanted,
			   struct sockaddr_in6 *peer, socklen_t *length, struct route *old)
{
	struct peer self;

	*length = sizeof(*peer);
	if (!tracked || tracked_get(tracked, state) != TRACKED_CONNECTED || is_device_bound(fd) ||
	    !socket_name(fd, &self) || IN6_ARE_ADDR_EQUAL(&self.host, &wanted->address) ||
	    libc.getpeername(fd, (struct sockaddr *)peer, length) ||
	    !peer_read(&old->peer, peer, *length))
		return false;
	old->local.address = self.host;
	disconnect_socket(fd);
	return true;
}

/* Nothing to connect to: connect(AF_UNSPEC), or what the kernel refuses before it reads more. */
static bool is_no_peer(const struct sockaddr *address, socklen_t length)
{
	return !address || length < sizeof(address->sa_family) || !send_can_read(address, length) ||
	       address->sa_family == AF_UNSPEC;
}

int connect_from(int fd, struct tracked *tracked, uint64_t salt, const struct sockaddr *address,
		 socklen_t length)
{
	uint32_t tag;
	struct sockaddr_in6 old_peer;
	struct route route = { .salt = salt }, old = { .local.ifindex = 0 };
	socklen_t old_length;
	int e = errno, result;
	bool done, left;

	if (is_no_peer(address, length) || !send_route(fd, &route, tracked, address, length))
		return connect_plainly(fd, tracked, 0, address, length, NULL);
	tag = tracked ? tracked_get(tracked, tag) : 0;
	left = leave_old_peer(fd, tracked, &route.local, &old_peer, &old_length, &old);
	done = connect_keeping_address(fd, &route, address, length);
	log_peer(LOG_DEBUG, fd, done ? "connected" : "connected without that address",
		 &route.peer.host, route.peer.port, &route.local.address);
	errno = e;
	if (done) {
		source_count(COUNTER_connects);
		socket_connected(fd, tracked, tag, NULL);
		return 0;
	}
	result = connect_plainly(fd, tracked, tag, address, length, &route.local);
	if (result && left) {
		e = errno;
		connect_keeping_address(fd, &old, (struct sockaddr *)&old_peer, old_length);
		errno = e;
	}
	return result;
}
