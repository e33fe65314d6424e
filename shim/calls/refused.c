// SPDX-License-Identifier: MIT
// Other ways to send when the kernel refuses a source.

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

#include "base/memory.h"
#include "base/rtnetlink.h"
#include "calls/refused.h"
#include "calls/source.h"
#include "libc/libc.h"
#include "sockets/pktinfo_option.h"

/* MSG_PROBE of <linux/socket.h>, which no libc has. */
enum { PROBE = 0x10 };

/* Threads share a socket's options: so often it is tried again. */
enum { TRIES = 8 };

enum { BELIEVED = 256 };

bool send_is_source_error(void)
{
	return errno == EINVAL || errno == ENETUNREACH || errno == EADDRNOTAVAIL ||
	       errno == ENODEV || errno == EHOSTUNREACH;
}

/*
 * Some local IPv6 addresses are on no interface (AnyIP: a route of type local). Those are sources
 * for a socket with IPV6_FREEBIND only; an address that went away is none, so the table is asked.
 */
static bool needs_freebind(const struct local *local)
{
	return !address_is_v4(&local->address) && rtnetlink_is_local(&local->address);
}

/*
 * The kernel is asked once for each interface, and again after BELIEVED refusals. Any peer can
 * cause refusals, by a request from an address that no reply reaches.
 */
static bool interface_is_in_vrf(uint32_t ifindex)
{
	static uint64_t known; /* one that is in none, and for how many more that is believed */
	uint64_t now = __atomic_load_n(&known, __ATOMIC_RELAXED);
	bool is;

	if (now >> 32 == ifindex && (uint32_t)now) {
		__atomic_store_n(&known, now - 1, __ATOMIC_RELAXED);
		return false;
	}
	is = rtnetlink_is_in_vrf(ifindex);
	if (!is)
		__atomic_store_n(&known, (uint64_t)ifindex << 32 | BELIEVED, __ATOMIC_RELAXED);
	return is;
}

/*
 * In a VRF a source is only known with the interface it was received on. For IPv4 that is tried for
 * interfaces of a VRF only: given an interface, the kernel sends to a peer
 * without a route as if it were on the link (ip_route_output_key_hash_rcu()).
 */
static bool needs_interface(const struct route *route)
{
	return route->local.ifindex && !ifindex_for(&route->peer, &route->local) &&
	       (!address_is_v4(&route->local.address) || interface_is_in_vrf(route->local.ifindex));
}

bool send_is_refused(int fd, const struct msghdr *message, int flags)
{
	int error = errno;
	struct peer peer;
	bool refused;

	/* No ICMPv6 message becomes EINVAL (icmpv6_err_convert()), and threads share IPV6_FREEBIND.
	 */
	if (error == EINVAL && message->msg_name &&
	    peer_read(&peer, message->msg_name, message->msg_namelen) && !address_is_v4(&peer.host))
		return true;
	refused = libc.sendmsg(fd, message, (flags & ~MSG_MORE) | PROBE) < 0 && errno == error;

	errno = error;
	return refused;
}

bool send_would_be_refused(int fd, const struct msghdr *message, int flags)
{
	int error = errno;
	bool refused = libc.sendmsg(fd, message, (flags & ~MSG_MORE) | PROBE) < 0 &&
		       send_is_source_error();

	errno = error;
	return refused;
}

/*
 * Sends with IPV6_FREEBIND on, and switches it off again: with it the socket could send from
 * addresses that the host has lost. Another thread may switch it off in between. A thread that
 * finds it on leaves it on, for another thread or the program. Returns false if the source is
 * refused nevertheless; else *n is the result.
 */
static bool send_with_freebind(int fd, const struct msghdr *message, int flags, ssize_t *n)
{
	for (int tries = 0; tries < TRIES; tries++) {
		bool is_on = option_get(fd, IPPROTO_IPV6, IPV6_FREEBIND) == 1, refused;
		int error;

		if (!is_on && !option_set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1))
			return false;
		*n = libc.sendmsg(fd, message, flags);
		refused = *n < 0 && send_is_source_error() && send_is_refused(fd, message, flags);
		error = errno;
		if (!is_on)
			option_set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 0);
		errno = error;
		if (!refused)
			return true;
		if (error != EINVAL)
			break;
	}
	return false;
}

/*
 * A link-local peer that sent to a socket outside its VRF (udp_l3mdev_accept) has the VRF as its
 * scope (inet6_iif()), and over a VRF there is no way to link-local addresses
 * (vrf_link_scope_lookup()). IPV6_PKTINFO names the interface behind it.
 */
static bool has_scope_of_vrf(const struct route *route)
{
	return half_is_link_local(route->peer.half[0]) && route->peer.scope &&
	       route->peer.scope != route->local.ifindex &&
	       interface_is_in_vrf(route->local.ifindex);
}

/*
 * Sends to the address of the message on that interface. The address itself is the program's, and
 * stays. Only this function needs stack for another.
 */
static __attribute__((noinline)) ssize_t send_to_link(int fd, struct msghdr *message, int flags,
						      uint32_t ifindex)
{
	void *name = message->msg_name;
	struct sockaddr_in6 on_link;
	ssize_t n;

	memcpy(&on_link, name, sizeof(on_link));
	on_link.sin6_scope_id = ifindex;
	message->msg_name = &on_link;
	n = libc.sendmsg(fd, message, flags);
	message->msg_name = name;
	return n;
}

/* The other ways to use the source. Returns false if there is none; else *n is the result. */
static bool send_otherwise(int fd, const struct route *route, struct msghdr *message, size_t end,
			   int flags, ssize_t *n)
{
	if (memory_is_confined())
		return false;
	if (errno == EINVAL && needs_freebind(&route->local) &&
	    send_with_freebind(fd, message, flags, n))
		return true;
	if (!needs_interface(route))
		return false;
	pktinfo_write_local((unsigned char *)message->msg_control + end, &route->local,
			    route->local.ifindex);
	if (message->msg_name && has_scope_of_vrf(route))
		*n = send_to_link(fd, message, flags, route->local.ifindex);
	else
		*n = libc.sendmsg(fd, message, flags);
	return *n >= 0 || !send_is_source_error();
}

ssize_t send_refused(int fd, const struct route *route, const struct msghdr *original,
		     struct msghdr *message, size_t end, int flags, enum sent *sent)
{
	bool done;
	int state;
	ssize_t n;

	/* A datagram can come from port 0, but none can be sent to it. */
	if ((message->msg_name && !route->peer.port) || !send_is_refused(fd, message, flags))
		return -1;
	source_count(COUNTER_refused);
	/* A thread cancelled in there would leave an option set, or a descriptor. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	done = send_otherwise(fd, route, message, end, flags, &n);
	pthread_setcancelstate(state, NULL);
	if (!done) {
		if (!original) {
			message->msg_control = NULL;
			message->msg_controllen = 0;
			original = message;
		}
		n = libc.sendmsg(fd, original, flags);
	}
	if (n >= 0)
		*sent = done ? SENT_OTHERWISE : SENT_BARE;
	return n;
}
