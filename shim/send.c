// SPDX-License-Identifier: MIT
// Sending from a given local address.

#include <limits.h>
#include <netinet/in.h>

#include "control.h"
#include "libc.h"
#include "options.h"
#include "report.h"
#include "rtnetlink.h"
#include "scratch.h"
#include "send.h"
#include "source.h"

/* MSG_PROBE of <linux/socket.h>, which no libc has. */
enum { PROBE = 0x10 };

/*
 * Is a fresh socket still free to send to that peer from any address? It can have been connected by
 * another number, or bound to IPv4 alone; then the kernel looks at the local address that it has.
 */
static bool is_free_for(int fd, const struct peer *peer)
{
	struct sockaddr_in6 name;
	socklen_t length = sizeof(name);
	struct peer self;

	return !getsockname(fd, (struct sockaddr *)&name, &length) &&
	       peer_read(&self, &name, length) && address_is_any(&self.host) &&
	       (name.sin6_family == AF_INET || !address_is_v4(&self.host) ||
		address_is_v4(&peer->host));
}

/* The ways to a source that are not those of a server's answer. */
bool send_route_rest(int fd, struct route *route, struct helped *helped, const void *address,
		     socklen_t length)
{
	if (!helped)
		return address && peer_read(&route->peer, address, length) &&
		       source_find_fresh(&route->peer, &route->local) &&
		       is_free_for(fd, &route->peer);
	/* udpv6_sendmsg() refuses to send to an IPv6 peer then, whatever the source. */
	if (address && helped_is(helped, HELPED_MAPPED))
		return peer_read(&route->peer, address, length) &&
		       address_is_v4(&route->peer.host) &&
		       source_find(helped, &route->peer, &route->local);
	/* udp_sendmsg() takes AF_UNSPEC for AF_INET. */
	if (address && helped_get(helped, family) == AF_INET &&
	    length >= sizeof(struct sockaddr_in)) {
		struct sockaddr_in peer;

		memcpy(&peer, address, sizeof(peer));
		if (peer.sin_family != AF_UNSPEC)
			return false;
		peer.sin_family = AF_INET;
		return peer_read(&route->peer, &peer, sizeof(peer)) &&
		       source_find(helped, &route->peer, &route->local);
	}
	if (address || !helped_is(helped, HELPED_BY_CONTROL))
		return false;
	memset(route, 0, sizeof(*route));
	route->helped = helped;
	memcpy(&route->local.address, &helped->source, sizeof(route->local.address));
	route->local.ifindex = helped_get(helped, source_ifindex);
	return true;
}

/* Link-local addresses need an interface, and a program may have lost its scope id. */
static inline uint32_t ifindex_for(const struct route *route)
{
	if (likely(!IN6_IS_ADDR_LINKLOCAL(&route->peer.host) &&
		   !IN6_IS_ADDR_LINKLOCAL(&route->local.address)) ||
	    route->peer.scope)
		return 0;
	return route->local.ifindex;
}

size_t send_append_source(void *room, const struct msghdr *message, size_t end,
			  const struct route *route)
{
	if (end)
		memcpy(room, message->msg_control,
		       end < message->msg_controllen ? end : message->msg_controllen);
	return end + pktinfo_write((unsigned char *)room + end, &route->local.address,
				   ifindex_for(route));
}

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
	return route->local.ifindex && !ifindex_for(route) &&
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

/* The source was refused: other ways to use it, then none. `message` has it attached at `end`. */
static ssize_t refused(int fd, const struct route *route, const struct msghdr *original,
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
		source_forget(route->helped, &route->peer);
		source_count(COUNTER_forgotten);
		helped_mark(route->helped, HELPED_BY_CONTROL, false);
		report_peer(LOG_INFO, fd, "source refused", &route->peer, &route->local.address);
	}
	return n;
}

void send_adopt(int fd, const struct route *route)
{
	struct helped *helped = socket_adopt(fd);

	if (helped)
		source_learn(fd, helped, helped_get(helped, cookie), &route->peer, &route->local);
}

/*
 * The rest of send_from(): the source was refused, or the socket was fresh. message is NULL when it
 * had no control data.
 */
static __attribute__((noinline)) ssize_t send_from_rest(int fd, const struct route *route,
							const struct msghdr *message,
							struct msghdr *sent, size_t end, int flags,
							ssize_t n, int e)
{
	struct msghdr bare = *sent;

	bare.msg_control = NULL;
	bare.msg_controllen = 0;
	if (n >= 0)
		source_count(COUNTER_sourced);
	if (n < 0 && send_is_source_error()) {
		n = refused(fd, route, message ? message : &bare, sent, end, flags);
		if (n >= 0)
			errno = e;
	}
	if (n >= 0 && !route->helped)
		send_adopt(fd, route);
	return n;
}

/* The same for a message with control data of the program's own. */
static __attribute__((noinline)) ssize_t send_with_control(int fd, const struct route *route,
							   const struct msghdr *message, int flags)
{
	_Alignas(struct cmsghdr) unsigned char stack[CONTROL_STACK / 4];
	struct msghdr sent = *message;
	void *room = stack, *scratch = NULL;
	int e = errno;
	size_t end;
	ssize_t n;

	if (!control_appendable(message->msg_control, message->msg_controllen, &end))
		return libc.sendmsg(fd, message, flags);
	if (end > sizeof(stack) - CONTROL_SOURCE) {
		if (end > SCRATCH_SIZE - CONTROL_SOURCE || !(room = scratch = scratch_take()))
			return libc.sendmsg(fd, message, flags);
	}
	sent.msg_control = room;
	sent.msg_controllen = send_append_source(room, message, end, route);
	n = libc.sendmsg(fd, &sent, flags);
	n = send_from_rest(fd, route, message, &sent, end, flags, n, e);
	if (scratch)
		scratch_give();
	return n;
}

static inline ssize_t send_plainly(int fd, const struct route *route, struct msghdr *sent,
				   int flags)
{
	_Alignas(struct cmsghdr) unsigned char control[CONTROL_SOURCE];
	int e = errno;
	ssize_t n;

	sent->msg_control = control;
	sent->msg_controllen = pktinfo_write(control, &route->local.address, ifindex_for(route));
	n = libc.sendmsg(fd, sent, flags);
	if (likely(n >= 0 && route->helped)) {
		source_count(COUNTER_sourced);
		return n;
	}
	return send_from_rest(fd, route, NULL, sent, 0, flags, n, e);
}

ssize_t send_from(int fd, const struct route *route, const struct msghdr *message, int flags)
{
	struct msghdr sent = *message;

	if (unlikely(message->msg_controllen))
		return send_with_control(fd, route, message, flags);
	return send_plainly(fd, route, &sent, flags);
}

ssize_t send_to(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *address,
		socklen_t length)
{
	/* sendto() takes any size and then finds it too long; sendmsg() refuses some. */
	struct iovec vector = { .iov_base = (void *)(uintptr_t)buffer,
				.iov_len = size < INT_MAX ? size : INT_MAX };
	struct msghdr message = { .msg_name = (void *)(uintptr_t)address,
				  .msg_namelen = length,
				  .msg_iov = &vector,
				  .msg_iovlen = 1 };
	struct helped *helped;
	struct route route;

	/* sendmsg() shortens a longer address, sendto() refuses it (move_addr_to_kernel()). */
	if (unlikely(length > sizeof(struct sockaddr_storage)) || !send_concerns(fd, &helped) ||
	    !send_route(fd, &route, helped, address, length))
		return send_done(fd, libc.sendto(fd, buffer, size, flags, address, length));
	return send_plainly(fd, &route, &message, flags);
}
