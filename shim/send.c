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

/* The ways to a source that are not those of a server's answer. */
bool send_route_rest(struct route *route, struct helped *helped, const void *address,
		     socklen_t length)
{
	if (!helped)
		return address && peer_read(&route->peer, address, length) &&
		       source_find_fresh(&route->peer, &route->local);
	if (!helped_is(helped, HELPED_BY_CONTROL))
		return false;
	memset(route, 0, sizeof(*route));
	route->helped = helped;
	memcpy(&route->local.address, &helped->source, sizeof(route->local.address));
	return true;
}

/* A link-local peer needs an interface, and a program may have lost its scope id. */
static inline uint32_t ifindex_for(const struct route *route)
{
	if (likely(!IN6_IS_ADDR_LINKLOCAL(&route->peer.host)) || route->peer.scope)
		return 0;
	return route->local.ifindex;
}

/* The program's control data with the source behind it, in `room` of at least the sum's size. */
static size_t append_source(void *room, const struct msghdr *message, size_t end,
			    const struct route *route, uint32_t ifindex)
{
	if (end)
		memcpy(room, message->msg_control,
		       end < message->msg_controllen ? end : message->msg_controllen);
	return end + pktinfo_write((unsigned char *)room + end, &route->local.address, ifindex);
}

static bool is_source_error(void)
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

/* The source was refused: other ways to use it, then none. `message` has it attached at `end`. */
static ssize_t refused(int fd, const struct route *route, const struct msghdr *original,
		       struct msghdr *message, size_t end, int flags)
{
	ssize_t n;
	int error;

	if (errno == EINVAL && make_free(fd, &route->local)) {
		n = libc.sendmsg(fd, message, flags);
		if (n >= 0)
			return n;
		error = errno;
		option_set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 0);
		errno = error;
		if (!is_source_error())
			return n;
	}
	if (needs_interface(route)) {
		pktinfo_write((unsigned char *)message->msg_control + end, &route->local.address,
			      route->local.ifindex);
		n = libc.sendmsg(fd, message, flags);
		if (n >= 0 || !is_source_error())
			return n;
	}
	n = libc.sendmsg(fd, original, flags);
	if (n >= 0 && route->helped) {
		source_forget(route->helped, &route->peer);
		helped_mark(route->helped, HELPED_BY_CONTROL, false);
		report_peer(LOG_INFO, fd, "source refused", &route->peer, &route->local.address);
	}
	return n;
}

/* A fresh socket answered: what follows on it is a conversation of a server. */
static void adopt(int fd, const struct route *route)
{
	struct helped *helped = socket_adopt(fd);

	if (helped)
		source_learn(fd, helped, helped_get(helped, cookie), &route->peer, &route->local);
}

/* MSG_MORE and UDP_CORK: until the last part is there, the first part's source stands. */
static void note_pending(struct helped *helped, int flags)
{
	helped_mark(helped, HELPED_PENDING, flags & MSG_MORE || helped_is(helped, HELPED_CORKED));
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
	if (n < 0 && is_source_error() &&
	    !(route->helped && helped_is(route->helped, HELPED_PENDING))) {
		n = refused(fd, route, message ? message : &bare, sent, end, flags);
		if (n >= 0)
			errno = e;
	}
	if (n >= 0 && !route->helped)
		adopt(fd, route);
	else if (n >= 0)
		note_pending(route->helped, flags);
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
	sent.msg_controllen = append_source(room, message, end, route, ifindex_for(route));
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
	if (likely(n >= 0 && route->helped && !(flags & MSG_MORE) &&
		   !helped_is(route->helped, HELPED_CORKED | HELPED_PENDING)))
		return n;
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
	/* sendto() takes any size and then finds it too long; sendmsg() refuses what is no ssize_t.
	 */
	struct iovec vector = { .iov_base = (void *)(uintptr_t)buffer,
				.iov_len = size < SSIZE_MAX ? size : SSIZE_MAX };
	struct msghdr message = { .msg_name = (void *)(uintptr_t)address,
				  .msg_namelen = length,
				  .msg_iov = &vector,
				  .msg_iovlen = 1 };
	struct helped *helped;
	struct route route;

	/* sendmsg() shortens a longer address, sendto() refuses it (move_addr_to_kernel()). */
	if (unlikely(length > sizeof(struct sockaddr_storage)) || !send_concerns(fd, &helped) ||
	    !send_route(&route, helped, address, length))
		return libc.sendto(fd, buffer, size, flags, address, length);
	return send_plainly(fd, &route, &message, flags);
}

/* A vector: those with a source as copies, the others as they are. Returns how many fit. */
static unsigned int prepare(struct helped *helped, struct mmsghdr *copies, unsigned char *room,
			    const struct mmsghdr *messages, unsigned int count, bool *attached)
{
	struct route route;
	unsigned int i;
	size_t end;

	for (i = 0; i < count; i++) {
		const struct msghdr *message = &messages[i].msg_hdr;

		if ((size_t)(room - (unsigned char *)&copies[i]) < sizeof(*copies))
			break;
		copies[i] = messages[i];
		if (!send_route(&route, helped, message->msg_name, message->msg_namelen) ||
		    !control_appendable(message->msg_control, message->msg_controllen, &end))
			continue;
		if ((size_t)(room - (unsigned char *)&copies[i + 1]) < end + CONTROL_SOURCE)
			break;
		room -= end + CONTROL_SOURCE;
		copies[i].msg_hdr.msg_control = room;
		copies[i].msg_hdr.msg_controllen =
			append_source(room, message, end, &route, ifindex_for(&route));
		*attached = true;
	}
	return i;
}

/* One message of a vector that stopped there, alone: the kernel does not tell why it did. */
static ssize_t send_alone(int fd, struct helped *helped, struct mmsghdr *message, int flags)
{
	struct route route;
	ssize_t n;

	if (!send_route(&route, helped, message->msg_hdr.msg_name, message->msg_hdr.msg_namelen))
		return -1;
	n = send_from(fd, &route, &message->msg_hdr, flags);
	if (n >= 0)
		message->msg_len = (unsigned int)n;
	return n;
}

int send_messages(int fd, struct helped *helped, struct mmsghdr *messages, unsigned int count,
		  int flags)
{
	_Alignas(struct cmsghdr) unsigned char stack[CONTROL_STACK];
	unsigned char *scratch = scratch_take(), *start = scratch ? scratch : stack;
	unsigned char *end = start + (scratch ? SCRATCH_SIZE : sizeof(stack));
	struct mmsghdr *copies = (struct mmsghdr *)(void *)start;
	unsigned int done = 0;
	int e = errno, n = 0;

	if (count > IOV_MAX)
		count = IOV_MAX; /* __sys_sendmmsg() */
	while (done < count) {
		bool attached = false;
		unsigned int fitting =
			prepare(helped, copies, end, messages + done, count - done, &attached);

		if (!fitting)
			fitting = 1; /* its control data is beyond all bounds: as it is */
		n = libc.sendmmsg(fd, attached ? copies : messages + done, fitting, flags);
		for (int i = 0; attached && i < n; i++)
			messages[done + (unsigned int)i].msg_len = copies[i].msg_len;
		if (n > 0)
			done += (unsigned int)n;
		if (n == (int)fitting)
			continue;
		/* Stopped at a message; if that had a source of ours, it may be the reason. */
		if (done == count || (n < 0 && !is_source_error()) ||
		    send_alone(fd, helped, &messages[done], flags) < 0)
			break;
		done++;
	}
	if (scratch)
		scratch_give();
	if (!done)
		return count ? -1 : libc.sendmmsg(fd, messages, count, flags);
	errno = e;
	return (int)done;
}
