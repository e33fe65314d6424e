// SPDX-License-Identifier: MIT
// The connect that keeps the local address, in two steps if it needs them.

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "calls/two_step.h"
#include "wire/pktinfo.h"

/* MSG_PROBE of <linux/socket.h>, which no libc has: looks for the way, and sends nothing. */
enum { PROBE = 0x10 };

enum { LOOPBACK_INDEX = 1 };

static int read_option(const struct two_step *way, int name)
{
	socklen_t length = sizeof(int);
	int value;

	return way->calls->getsockopt(way->fd, SOL_SOCKET, name, &value, &length) ? -1 : value;
}

bool two_step_local_address(const struct two_step_calls *calls, int fd, struct in6_addr *address)
{
	struct sockaddr_in6 name;
	socklen_t length = sizeof(name);
	struct peer self;

	if (calls->getsockname(fd, (struct sockaddr *)&name, &length) ||
	    !peer_read(&self, &name, length))
		return false;
	*address = self.host;
	return true;
}

static bool has_local_address(const struct two_step *way)
{
	struct in6_addr now;

	return two_step_local_address(way->calls, way->fd, &now) &&
	       IN6_ARE_ADDR_EQUAL(&now, &way->local->address);
}

bool two_step_is_device_bound(const struct two_step_calls *calls, int fd)
{
	char device[IFNAMSIZ];
	socklen_t length = sizeof(device);

	return calls->getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &length) || length;
}

void two_step_disconnect(const struct two_step_calls *calls, int fd)
{
	struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
	struct sockaddr_in6 name = { 0 }, any = { 0 };
	socklen_t length = sizeof(name);

	calls->getsockname(fd, (struct sockaddr *)&name, &length);
	calls->connect(fd, &unspecified, sizeof(unspecified));
	any.sin6_family = name.sin6_family;
	any.sin6_port = name.sin6_port; /* at the same place for both families */
	calls->bind(fd, (struct sockaddr *)&any, length);
}

/*
 * Probes for a route from that source to a group, by that interface if it is not 0. Returns 0 if
 * there is one, else the kernel's error.
 */
static int probe_group(const struct two_step *way, struct in_addr source, int ifindex, int flags)
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
	return way->calls->sendmsg(way->fd, &message, PROBE | MSG_DONTWAIT | flags) < 0 ? errno : 0;
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
 * index: then it counts what the process has set.
 */
static __attribute__((noinline)) bool multicast_index_is_unset(const struct two_step *way)
{
	struct in_addr none = { .s_addr = INADDR_ANY };
	struct in_addr loopback = { .s_addr = htonl(INADDR_LOOPBACK) };
	struct in_addr local = { .s_addr = way->local->address.s6_addr32[3] };
	int set = way->multicast_index;

	/* The kernel does not use the index of a socket that is bound to a device. */
	if (read_option(way, SO_BINDTOIFINDEX) > 0)
		return !set;
	if (probe_group(way, none, 0, MSG_DONTROUTE) == ENETUNREACH &&
	    !probe_group(way, local, 0, 0))
		return true;
	return (!set || (set > LOOPBACK_INDEX && probe_group(way, loopback, set, 0) == EINVAL)) &&
	       !probe_group(way, loopback, 0, 0);
}

/*
 * Returns true if nobody set IP_MULTICAST_IF of the socket, or somebody took it back. It has an
 * address, which the kernel shows, and an interface index, which the kernel does not show; an
 * address can be put back only while the host has it. So anything but "unset" is left alone.
 */
static __attribute__((noinline)) bool multicast_is_unset(const struct two_step *way)
{
	struct in_addr address;
	socklen_t length = sizeof(address);

	return !way->calls->getsockopt(way->fd, IPPROTO_IP, IP_MULTICAST_IF, &address, &length) &&
	       !address.s_addr && multicast_index_is_unset(way);
}

static __attribute__((noinline)) bool set_multicast(const struct two_step *way,
						    struct in_addr address, int ifindex)
{
	const struct ip_mreqn value = { .imr_address = address, .imr_ifindex = ifindex };

	return !way->calls->setsockopt(way->fd, IPPROTO_IP, IP_MULTICAST_IF, &value, sizeof(value));
}

/* Connects to that address, in the family of the socket. */
static __attribute__((noinline)) bool connect_v4(const struct two_step *way, struct in_addr to)
{
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6,
				       .sin6_port = htons(9),
				       .sin6_addr = address_map(to) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = to };
	bool is_v6 = read_option(way, SO_DOMAIN) == AF_INET6;

	return !way->calls->connect(way->fd,
				    is_v6 ? (struct sockaddr *)&mapped : (struct sockaddr *)&v4,
				    is_v6 ? sizeof(mapped) : sizeof(v4));
}

/*
 * Connects an IPv4 socket in two steps. For a multicast destination __ip4_datagram_connect() takes
 * the multicast interface's address as local address, and the second connect, to the peer, keeps
 * it. A datagram from the peer that arrives between the two is refused. If the program has an
 * IP_MULTICAST_IF of its own, the first connect is to the address itself: the kernel takes that as
 * local address unless it is a secondary one. Returns how many of the two connects succeeded.
 */
static __attribute__((noinline)) int connect_twice_v4(const struct two_step *way)
{
	struct in_addr first = { .s_addr = way->local->address.s6_addr32[3] };
	bool by_group = multicast_is_unset(way);
	int bound, steps = 0;

	if (by_group) {
		/* The multicast interface of a device-bound socket can only be that device. */
		bound = read_option(way, SO_BINDTOIFINDEX);
		if (!set_multicast(way, first, bound > 0 ? bound : 0))
			return 0;
		first.s_addr = htonl(INADDR_ALLHOSTS_GROUP);
	}
	if (connect_v4(way, first))
		steps = way->calls->connect(way->fd, way->address, way->length) ? 1 : 2;
	if (by_group)
		set_multicast(way, (struct in_addr){ .s_addr = INADDR_ANY }, 0);
	return steps;
}

/* struct ipv6_sr_hdr of <linux/seg6.h> with its one segment (RFC 8754, section 2). */
struct routing_header {
	uint8_t next, length, type, segments_left, last_entry, flags;
	uint16_t tag;
	struct in6_addr hop;
};

/*
 * Sets the socket's routing header to that hop; NULL removes it. Returns false if the program has
 * one of its own.
 */
static bool set_routing_header(const struct two_step *way, const struct in6_addr *hop)
{
	/* The length counts 8 octets each after the first 8. */
	struct routing_header header = { .length = 2, .type = 4 }, theirs;
	socklen_t length = sizeof(theirs);

	if (!hop)
		return !way->calls->setsockopt(way->fd, IPPROTO_IPV6, IPV6_RTHDR, NULL, 0);
	header.hop = *hop;
	return !way->calls->getsockopt(way->fd, IPPROTO_IPV6, IPV6_RTHDR, &theirs, &length) &&
	       !length &&
	       !way->calls->setsockopt(way->fd, IPPROTO_IPV6, IPV6_RTHDR, &header, sizeof(header));
}

/*
 * With a routing header the kernel looks for the way to its first hop in place of the peer, and
 * takes the local address from there (ip6_datagram_dst_update(), fl6_update_dst()): to an address
 * of this host leads that address itself. The peer is the socket's from the first connect on, so
 * no datagram from it is refused; the second connect, without the header, finds the way to the
 * peer. Without the option (before Linux 4.10) a connect to the address itself makes it the local
 * one, the second connect keeps it, and a datagram from the peer that arrives between them is
 * refused. Returns how many of the two connects succeeded.
 */
static __attribute__((noinline)) int connect_twice_v6(const struct two_step *way)
{
	struct sockaddr_in6 own = { .sin6_family = AF_INET6,
				    .sin6_port = (in_port_t)way->peer->port,
				    .sin6_addr = way->local->address };
	bool link_local = IN6_IS_ADDR_LINKLOCAL(&way->local->address), failed;

	/*
	 * The route to a link-local peer is looked up on its link, where only link-local addresses
	 * may be.
	 */
	if (link_local == IN6_IS_ADDR_LINKLOCAL(&way->peer->host) &&
	    set_routing_header(way, &way->local->address)) {
		failed = way->calls->connect(way->fd, way->address, way->length);
		set_routing_header(way, NULL);
	} else {
		if (link_local)
			own.sin6_scope_id =
				way->peer->scope ? way->peer->scope : way->local->ifindex;
		failed = way->calls->connect(way->fd, (struct sockaddr *)&own, sizeof(own));
	}
	if (failed)
		return 0;
	return way->calls->connect(way->fd, way->address, way->length) ? 1 : 2;
}

bool two_step_connect(const struct two_step *way)
{
	bool bound = two_step_is_device_bound(way->calls, way->fd);
	bool v4 = address_is_v4(&way->local->address);
	int steps;

	/* It would bind the socket to the interface, and the peer may be behind another. */
	if (IN6_IS_ADDR_LINKLOCAL(&way->local->address) && !IN6_IS_ADDR_LINKLOCAL(&way->peer->host))
		return false;
	if (has_local_address(way) || (v4 && !bound && way->calls->is_kernel_choice(way))) {
		if (way->calls->connect(way->fd, way->address, way->length))
			return false;
		if (has_local_address(way))
			return true;
		two_step_disconnect(way->calls, way->fd);
	}
	steps = v4 ? connect_twice_v4(way) : connect_twice_v6(way);
	if (steps == 2 && has_local_address(way))
		return true;
	if (steps && !bound)
		two_step_disconnect(way->calls, way->fd);
	return false;
}
