// SPDX-License-Identifier: MIT
// Sending from a given local address.

#include <limits.h>
#include <netinet/in.h>

#include "control.h"
#include "libc.h"
#include "scratch.h"
#include "send.h"
#include "source.h"

/*
 * Is a fresh socket still free to send to that peer from any address? It can have been connected by
 * another number, or bound to IPv4 alone; then the kernel looks at the local address that it has.
 */
static bool is_free_for(int fd, const struct peer *peer)
{
	struct sockaddr_in6 name;
	socklen_t length = sizeof(name);
	struct peer self;

	return !libc.getsockname(fd, (struct sockaddr *)&name, &length) &&
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
		       source_find_fresh(fd, route->peer, &route->local, &route->adopts) &&
		       is_free_for(fd, &route->peer);
	/* udpv6_sendmsg() refuses to send to an IPv6 peer then, whatever the source. */
	if (address && helped_is(helped, HELPED_MAPPED))
		return peer_read(&route->peer, address, length) &&
		       address_is_v4(&route->peer.host) &&
		       source_find(helped, route->salt, route->peer, &route->local);
	/* udp_sendmsg() takes AF_UNSPEC for AF_INET. */
	if (address && helped_get(helped, family) == AF_INET &&
	    length >= sizeof(struct sockaddr_in)) {
		struct sockaddr_in peer;

		memcpy(&peer, address, sizeof(peer));
		if (peer.sin_family != AF_UNSPEC)
			return false;
		peer.sin_family = AF_INET;
		return peer_read(&route->peer, &peer, sizeof(peer)) &&
		       source_find(helped, route->salt, route->peer, &route->local);
	}
	if (address || !helped_is(helped, HELPED_BY_CONTROL))
		return false;
	*route = (struct route){ .helped = helped, .salt = route->salt };
	memcpy(&route->local.address, &helped->source, sizeof(route->local.address));
	route->local.ifindex = helped_get(helped, source_ifindex);
	return true;
}

size_t send_append_source(void *room, const struct msghdr *message, size_t end,
			  const struct route *route)
{
	if (end)
		memcpy(room, message->msg_control,
		       end < message->msg_controllen ? end : message->msg_controllen);
	return end + pktinfo_write((unsigned char *)room + end, &route->local.address,
				   ifindex_for(&route->peer, &route->local));
}

void send_adopt(int fd, const struct route *route)
{
	uint64_t salt;
	struct helped *helped = socket_adopt(fd, &salt);

	if (helped)
		source_learn(fd, helped, salt, source_names(salt, route->peer), route->peer,
			     route->local);
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
		n = send_refused(fd, route, message ? message : &bare, sent, end, flags);
		if (n >= 0)
			errno = e;
	}
	if (n >= 0 && !route->helped && route->adopts)
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
	sent->msg_controllen = pktinfo_write(control, &route->local.address,
					     ifindex_for(&route->peer, &route->local));
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

ssize_t send_to_any(int fd, const void *buffer, size_t size, int flags,
		    const struct sockaddr *address, socklen_t length)
{
	struct helped *helped;
	struct iovec vector;
	struct msghdr message;
	struct route route;

	/* sendmsg() shortens a longer address, sendto() refuses it (move_addr_to_kernel()). */
	if (unlikely(length > sizeof(struct sockaddr_storage)) ||
	    !send_concerns(fd, &helped, &route.salt) ||
	    !send_route(fd, &route, helped, address, length))
		return send_done(fd, libc.sendto(fd, buffer, size, flags, address, length));
	send_prepare(&message, &vector, buffer, size, address, length);
	return send_plainly(fd, &route, &message, flags & INT_MAX);
}

ssize_t send_message_any(int fd, const struct msghdr *message, int flags)
{
	struct helped *helped;
	struct route route;

	if (!send_concerns(fd, &helped, &route.salt) ||
	    !send_route(fd, &route, helped, message->msg_name, message->msg_namelen))
		return send_done(fd, libc.sendmsg(fd, message, flags));
	return send_from(fd, &route, message, flags);
}
