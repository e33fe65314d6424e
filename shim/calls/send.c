// SPDX-License-Identifier: MIT
// Sending from a given local address.

#include <limits.h>
#include <netinet/in.h>

#include "base/log.h"
#include "base/scratch.h"
#include "calls/refused.h"
#include "calls/send.h"
#include "calls/source.h"
#include "libc/libc.h"
#include "wire/cmsg.h"

/*
 * Returns true if a fresh socket may still send to that peer from any address. Another number may
 * have connected it, or bound it to IPv4 alone; then the kernel takes the local address that it
 * has.
 */
static __attribute__((noinline)) bool socket_is_free_for(int fd, const struct peer *peer)
{
	struct sockaddr_in6 name;
	socklen_t length = sizeof(name);
	struct peer self;

	return !libc.getsockname(fd, (struct sockaddr *)&name, &length) &&
	       peer_read(&self, &name, length) && address_is_any(&self.host) &&
	       (name.sin6_family == AF_INET || !address_is_v4(&self.host) ||
		address_is_v4(&peer->host));
}

/* The ways to a source that are not those of a server's reply. */
bool send_route_slow(int fd, struct route *route, struct tracked *tracked, const void *address,
		     socklen_t length)
{
	if (!tracked)
		return address && peer_read(&route->peer, address, length) &&
		       source_find_fresh(fd, &route->peer, &route->local, &route->adopts) &&
		       socket_is_free_for(fd, &route->peer);
	/* udpv6_sendmsg() refuses to send to an IPv6 peer then, whatever the source. */
	if (address && tracked_is(tracked, TRACKED_MAPPED))
		return peer_read(&route->peer, address, length) &&
		       address_is_v4(&route->peer.host) &&
		       source_find(tracked, route->salt, &route->peer, &route->local);
	/* udp_sendmsg() takes AF_UNSPEC for AF_INET. */
	if (address && tracked_get(tracked, family) == AF_INET &&
	    length >= sizeof(struct sockaddr_in)) {
		struct sockaddr_in peer;

		memcpy(&peer, address, sizeof(peer));
		if (peer.sin_family != AF_UNSPEC)
			return false;
		peer.sin_family = AF_INET;
		return peer_read(&route->peer, &peer, sizeof(peer)) &&
		       source_find(tracked, route->salt, &route->peer, &route->local);
	}
	if (address || !tracked_is(tracked, TRACKED_BY_CONTROL))
		return false;
	*route = (struct route){ .tracked = tracked, .salt = route->salt };
	return tracked_source(tracked, &route->local);
}

bool send_can_append(const struct msghdr *message, size_t *end)
{
	*end = 0;
	if (likely(!message->msg_controllen))
		return true;
	return (!message->msg_control ||
		memory_readable(message->msg_control, message->msg_controllen)) &&
	       control_appendable(message->msg_control, message->msg_controllen, end);
}

__attribute__((noinline)) size_t send_append_source(void *room, const struct msghdr *message,
						    size_t end, const struct route *route)
{
	if (end)
		memcpy(room, message->msg_control,
		       end < message->msg_controllen ? end : message->msg_controllen);
	return end + pktinfo_write_local((unsigned char *)room + end, &route->local,
					 ifindex_for(&route->peer, &route->local));
}

void send_adopt(int fd, const struct route *route)
{
	uint64_t salt;
	struct tracked *tracked = socket_adopt(fd, &salt);

	if (tracked && !source_learn_noinline(tracked, salt, &route->peer, &route->local))
		source_learn_slow(fd, tracked, salt, &route->peer, route->local);
}

/* The peer that a socket is connected to, for a message that names none. */
static __attribute__((noinline)) void complete_peer(int fd, struct peer *peer)
{
	struct sockaddr_in6 name;
	socklen_t length = sizeof(name);

	if (!peer->port && !libc.getpeername(fd, (struct sockaddr *)&name, &length))
		peer_read(peer, &name, length);
}

static __attribute__((noinline)) void forget_source(int fd, const struct route *route)
{
	struct peer peer = route->peer;

	complete_peer(fd, &peer);
	source_forget(route->tracked, route->salt, &peer, &route->local);
	source_count(COUNTER_forgotten);
	if (route->tracked)
		tracked_mark(route->tracked, TRACKED_BY_CONTROL, false);
	log_peer(LOG_INFO, fd, "source refused", &route->peer.host, route->peer.port,
		 &route->local.address);
}

/* The slow path of finish(): the source was refused, or the socket was fresh; errno was `e`. */
static __attribute__((noinline)) void finish_send_slow(int fd, const struct route *route,
						       enum sent sent, int e)
{
	if (sent == SENT_BARE)
		forget_source(fd, route);
	if (sent && !route->tracked && route->adopts)
		send_adopt(fd, route);
	errno = e;
}

/* Counts a send and cleans up, when the message is off the stack. */
static inline void finish_send(int fd, const struct route *route, enum sent sent, int e)
{
	if (likely(sent == SENT_FROM))
		source_count(COUNTER_sourced);
	if (unlikely(sent > SENT_FROM || !route->tracked))
		if (sent)
			finish_send_slow(fd, route, sent, e);
}

/* A message without control data of its own. `error`: it was tried, and refused with that. */
static inline ssize_t send_plainly(int fd, const struct route *route, struct msghdr *message,
				   int flags, int error, enum sent *sent)
{
	_Alignas(struct cmsghdr) unsigned char control[CONTROL_SOURCE];
	ssize_t n = -1;

	*sent = SENT_FAILED;
	message->msg_control = control;
	message->msg_controllen = pktinfo_write_local(control, &route->local,
						      ifindex_for(&route->peer, &route->local));
	if (likely(!error))
		n = libc.sendmsg(fd, message, flags);
	else
		errno = error;
	if (likely(n >= 0))
		*sent = SENT_FROM;
	else if (send_is_source_error())
		n = send_refused(fd, route, NULL, message, 0, flags, sent);
	return n;
}

/* A message with the program's own control data up to `end`, and with the source behind it. */
static inline __attribute__((always_inline)) ssize_t
send_appended(int fd, const struct route *route, const struct msghdr *message, int flags,
	      enum sent *sent, size_t end, void *room)
{
	struct msghdr copy = *message;
	ssize_t n;

	copy.msg_control = room;
	copy.msg_controllen = send_append_source(room, message, end, route);
	n = libc.sendmsg(fd, &copy, flags);
	if (n >= 0)
		*sent = SENT_FROM;
	else if (send_is_source_error())
		n = send_refused(fd, route, message, &copy, end, flags, sent);
	return n;
}

static __attribute__((noinline)) ssize_t send_with_little(int fd, const struct route *route,
							  const struct msghdr *message, int flags,
							  enum sent *sent, size_t end)
{
	_Alignas(struct cmsghdr) unsigned char room[CONTROL_SENT];

	return send_appended(fd, route, message, flags, sent, end, room);
}

static __attribute__((noinline)) ssize_t send_with_much(int fd, const struct route *route,
							const struct msghdr *message, int flags,
							enum sent *sent, size_t end)
{
	struct scratch scratch;
	ssize_t n;

	if (!scratch_take(&scratch, end + CONTROL_SOURCE))
		return libc.sendmsg(fd, message, flags);
	if (unlikely(scratch.size < end + CONTROL_SOURCE))
		n = libc.sendmsg(fd, message, flags);
	else
		n = send_appended(fd, route, message, flags, sent, end, scratch.start);
	scratch_give(&scratch);
	return n;
}

/* A message with control data of the program's own. */
static __attribute__((noinline)) ssize_t send_with_control(int fd, const struct route *route,
							   const struct msghdr *message, int flags,
							   enum sent *sent)
{
	size_t end;
	bool can;

	{
		/* Dead when the call goes on: it finds this stack frame gone
		 * (tests/transparency/faults/stack).
		 */
		size_t found;

		can = send_can_append(message, &found);
		end = found;
	}
	*sent = SENT_FAILED;
	if (!can)
		return libc.sendmsg(fd, message, flags);
	return end <= CONTROL_SENT - CONTROL_SOURCE
		       ? send_with_little(fd, route, message, flags, sent, end)
		       : send_with_much(fd, route, message, flags, sent, end);
}

static __attribute__((noinline)) ssize_t send_copy(int fd, const struct route *route,
						   const struct msghdr *message, int flags,
						   int error, enum sent *sent)
{
	struct msghdr copy = *message;

	return send_plainly(fd, route, &copy, flags, error, sent);
}

bool send_alone(int fd, struct mmsghdr *message, struct tracked *tracked, struct route *route,
		int flags)
{
	struct msghdr *header = &message->msg_hdr;
	int e = errno;
	enum sent sent;
	ssize_t n;

	if (!send_can_read(header->msg_name, header->msg_namelen) ||
	    !send_route(fd, route, tracked, header->msg_name, header->msg_namelen))
		return libc.sendmmsg(fd, message, 1, flags) == 1;
	n = header->msg_controllen ? send_with_control(fd, route, header, flags, &sent)
				   : send_copy(fd, route, header, flags, 0, &sent);
	finish_send(fd, route, sent, e);
	if (n >= 0)
		message->msg_len = (unsigned int)n;
	return n >= 0;
}

static __attribute__((noinline)) ssize_t send_bytes(int fd, const struct route *route,
						    const struct iovec *part, int flags,
						    const struct sockaddr *address,
						    socklen_t length, int error, enum sent *sent)
{
	struct iovec vector;
	struct msghdr message;

	send_prepare(&message, &vector, part->iov_base, part->iov_len, address, length);
	return send_plainly(fd, route, &message, flags & INT_MAX, error, sent);
}

static inline ssize_t send_to_after(int fd, const void *buffer, size_t size, int flags,
				    const struct sockaddr *address, socklen_t length, int error)
{
	const struct iovec part = { (void *)(uintptr_t)buffer, size };
	struct tracked *tracked;
	struct route route;
	int e = errno;
	enum sent sent;
	ssize_t n;

	/* sendmsg() shortens a longer address, sendto() refuses it (move_addr_to_kernel()). */
	if (unlikely(length > sizeof(struct sockaddr_storage)) ||
	    !send_concerns(fd, &tracked, &route.salt) || !send_can_read(address, length) ||
	    !send_route(fd, &route, tracked, address, length))
		return send_done(fd, libc.sendto(fd, buffer, size, flags, address, length));
	n = send_bytes(fd, &route, &part, flags, address, length, error, &sent);
	finish_send(fd, &route, sent, e);
	return n;
}

ssize_t send_to_any(int fd, const void *buffer, size_t size, int flags,
		    const struct sockaddr *address, socklen_t length)
{
	return send_to_after(fd, buffer, size, flags, address, length, 0);
}

ssize_t send_to_refused(int fd, const void *buffer, size_t size, int flags,
			const struct sockaddr *address, socklen_t length, int error)
{
	return send_to_after(fd, buffer, size, flags, address, length, error);
}

static inline ssize_t send_message_after(int fd, const struct msghdr *message, int flags, int error)
{
	struct tracked *tracked;
	struct route route;
	int e = errno;
	enum sent sent;
	ssize_t n;

	if (!send_concerns(fd, &tracked, &route.salt) ||
	    !memory_readable(message, sizeof(*message)) ||
	    !send_can_read(message->msg_name, message->msg_namelen) ||
	    !send_route(fd, &route, tracked, message->msg_name, message->msg_namelen))
		return send_done(fd, libc.sendmsg(fd, message, flags));
	n = unlikely(message->msg_controllen) ? send_with_control(fd, &route, message, flags, &sent)
					      : send_copy(fd, &route, message, flags, error, &sent);
	finish_send(fd, &route, sent, e);
	return n;
}

ssize_t send_message_any(int fd, const struct msghdr *message, int flags)
{
	return send_message_after(fd, message, flags, 0);
}

ssize_t send_message_refused(int fd, const struct msghdr *message, int flags, int error)
{
	return send_message_after(fd, message, flags, error);
}
