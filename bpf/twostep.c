// SPDX-License-Identifier: MIT
// The connect that keeps the local address, in two steps where it takes them.

#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "twostep.h"

static struct in6_addr map(in_addr_t address)
{
	struct in6_addr mapped = { 0 };

	mapped.s6_addr[10] = mapped.s6_addr[11] = 0xff;
	memcpy(&mapped.s6_addr[12], &address, sizeof(address));
	return mapped;
}

static in_addr_t unmap(const struct in6_addr *mapped)
{
	in_addr_t address;

	memcpy(&address, &mapped->s6_addr[12], sizeof(address));
	return address;
}

static int number_option(const struct twostep_calls *calls, int fd, int name)
{
	socklen_t length = sizeof(int);
	int value;

	return calls->getsockopt(fd, SOL_SOCKET, name, &value, &length) ? -1 : value;
}

static bool is_device_bound(const struct twostep_calls *calls, int fd)
{
	char device[IFNAMSIZ];
	socklen_t length = sizeof(device);

	return calls->getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &length) || length;
}

bool twostep_has_address(const struct twostep_calls *calls, int fd, const struct in6_addr *local)
{
	struct sockaddr_in6 name = { 0 };
	socklen_t length = sizeof(name);
	struct in6_addr now = { 0 };

	if (calls->getsockname(fd, (struct sockaddr *)&name, &length))
		return false;
	if (name.sin6_family == AF_INET6)
		now = name.sin6_addr;
	else if (name.sin6_family == AF_INET)
		now = map(((struct sockaddr_in *)(void *)&name)->sin_addr.s_addr);
	return IN6_ARE_ADDR_EQUAL(&now, local);
}

void twostep_disconnect(const struct twostep_calls *calls, int fd)
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

/* The peer's IPv4 address and port; returns false for IPv6. */
static bool peer_v4(const struct twostep *way, struct sockaddr_in *peer)
{
	struct sockaddr_in6 six;

	if (way->peer->sa_family == AF_INET) {
		memcpy(peer, way->peer, sizeof(*peer));
		return true;
	}
	memcpy(&six, way->peer, sizeof(six) - sizeof(six.sin6_scope_id));
	if (!IN6_IS_ADDR_V4MAPPED(&six.sin6_addr))
		return false;
	*peer = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_port = six.sin6_port,
				      .sin_addr.s_addr = unmap(&six.sin6_addr) };
	return true;
}

/*
 * Does a plain connect take that address? Tried on another socket, since what the kernel chose
 * can't be taken back without refusing datagrams meanwhile. A rule for ports, marks or users can
 * make the answer wrong.
 */
static bool is_kernels_choice(const struct twostep_calls *calls, const struct twostep *way,
			      const struct sockaddr_in *peer)
{
	bool is;
	int fd;

	if (way->elsewhere)
		return false;
	fd = calls->socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	is = !calls->connect(fd, (const struct sockaddr *)peer, sizeof(*peer)) &&
	     twostep_has_address(calls, fd, &way->local);
	calls->close(fd);
	return is;
}

/*
 * For a multicast destination __ip4_datagram_connect() takes the source from the multicast
 * interface's address and keeps it as the local address; the second connect keeps both. Nothing
 * comes between the two: a datagram from the peer that arrives there is refused. Returns how many
 * of the two connects succeeded.
 */
static int steps_v4(const struct twostep_calls *calls, const struct twostep *way)
{
	struct sockaddr_in group = { .sin_family = AF_INET,
				     .sin_port = htons(9),
				     .sin_addr.s_addr = htonl(INADDR_ALLHOSTS_GROUP) };
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6,
				       .sin6_port = group.sin_port,
				       .sin6_addr = map(group.sin_addr.s_addr) };
	struct ip_mreqn ours = { .imr_address.s_addr = unmap(&way->local) };
	struct ip_mreqn theirs = { .imr_ifindex = (int)way->multicast_ifindex };
	socklen_t size = sizeof(theirs.imr_address);
	int bound = number_option(calls, way->fd, SO_BINDTOIFINDEX), steps = 0;
	bool six = number_option(calls, way->fd, SO_DOMAIN) == AF_INET6;

	/* The multicast interface of a device-bound socket can only be that device. */
	if (bound > 0)
		ours.imr_ifindex = bound;
	if (calls->getsockopt(way->fd, IPPROTO_IP, IP_MULTICAST_IF, &theirs.imr_address, &size) ||
	    calls->setsockopt(way->fd, IPPROTO_IP, IP_MULTICAST_IF, &ours, sizeof(ours)))
		return 0;
	if (!calls->connect(way->fd, six ? (struct sockaddr *)&mapped : (struct sockaddr *)&group,
			    six ? sizeof(mapped) : sizeof(group)))
		steps = calls->connect(way->fd, way->peer, way->length) ? 1 : 2;
	calls->setsockopt(way->fd, IPPROTO_IP, IP_MULTICAST_IF, &theirs, sizeof(theirs));
	return steps;
}

/* struct ipv6_sr_hdr of <linux/seg6.h> with its one segment (RFC 8754, section 2). */
struct routing_header {
	uint8_t next, length, type, segments_left, last_entry, flags;
	uint16_t tag;
	struct in6_addr hop;
};

/* The socket's routing header to that hop; NULL: none. Not if the program has one of its own. */
static bool set_hop(const struct twostep_calls *calls, int fd, const struct in6_addr *hop)
{
	/* The length counts 8 octets each after the first 8. */
	struct routing_header header = { .length = 2, .type = 4 }, theirs;
	socklen_t length = sizeof(theirs);

	if (!hop)
		return !calls->setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, NULL, 0);
	header.hop = *hop;
	return !calls->getsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, &theirs, &length) && !length &&
	       !calls->setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, &header, sizeof(header));
}

/*
 * With a routing header the kernel looks for the way to its first hop in place of the peer, and
 * takes the local address from there (ip6_datagram_dst_update(), fl6_update_dst()): to an address
 * of this host leads that address itself. The peer is the socket's from the first connect on, so
 * no datagram from it is refused; the second connect, without the header, finds the way to the
 * peer. Without the option (before Linux 4.10) a connect to the address itself makes it the local
 * one, the second connect keeps it, and a datagram from the peer between them is refused.
 */
static int steps_v6(const struct twostep_calls *calls, const struct twostep *way)
{
	struct sockaddr_in6 peer = { 0 },
			    own = { .sin6_family = AF_INET6, .sin6_addr = way->local };
	bool link_local = IN6_IS_ADDR_LINKLOCAL(&way->local), failed;

	memcpy(&peer, way->peer, way->length < sizeof(peer) ? way->length : sizeof(peer));
	own.sin6_port = peer.sin6_port;
	/* The way to a link-local peer is looked for on its link, where no other address may be. */
	if (link_local == IN6_IS_ADDR_LINKLOCAL(&peer.sin6_addr) &&
	    set_hop(calls, way->fd, &way->local)) {
		failed = calls->connect(way->fd, way->peer, way->length);
		set_hop(calls, way->fd, NULL);
	} else {
		if (link_local)
			own.sin6_scope_id = peer.sin6_scope_id ? peer.sin6_scope_id : way->ifindex;
		failed = calls->connect(way->fd, (struct sockaddr *)&own, sizeof(own));
	}
	if (failed)
		return 0;
	return calls->connect(way->fd, way->peer, way->length) ? 1 : 2;
}

bool twostep_connect(const struct twostep_calls *calls, const struct twostep *way)
{
	bool bound = is_device_bound(calls, way->fd), v4;
	struct sockaddr_in four;
	struct sockaddr_in6 six = { 0 };
	int steps;

	v4 = peer_v4(way, &four);
	memcpy(&six, way->peer, way->length < sizeof(six) ? way->length : sizeof(six));
	/* It would bind the socket to the interface, and the peer may be behind another. */
	if (!v4 && IN6_IS_ADDR_LINKLOCAL(&way->local) && !IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr))
		return false;
	/* A plain connect, where it keeps the address, since no datagram is refused then. */
	if (twostep_has_address(calls, way->fd, &way->local) ||
	    (v4 && !bound && is_kernels_choice(calls, way, &four))) {
		if (calls->connect(way->fd, way->peer, way->length))
			return false;
		if (twostep_has_address(calls, way->fd, &way->local))
			return true;
		twostep_disconnect(calls, way->fd);
	}
	steps = v4 ? steps_v4(calls, way) : steps_v6(calls, way);
	if (steps == 2 && twostep_has_address(calls, way->fd, &way->local))
		return true;
	if (steps && !bound)
		twostep_disconnect(calls, way->fd);
	return false;
}
