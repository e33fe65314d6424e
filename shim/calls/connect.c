// SPDX-License-Identifier: MIT
// connect() of the program: to a peer that asked, it keeps the local address.

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>

#include "base/log.h"
#include "calls/connect.h"
#include "calls/kernel_choice.h"
#include "calls/multicast_if.h"
#include "calls/send.h"
#include "calls/source.h"
#include "calls/two_step.h"
#include "libc/libc.h"
#include "sockets/tracked.h"

/*
 * Returns true if a plain connect would take the address to keep. Another socket is connected to
 * find out: to undo the kernel's choice on this one would refuse datagrams meanwhile.
 */
static bool way_is_kernel_choice(const struct two_step *way)
{
	struct in6_addr choice;

	return kernel_choice(way->fd, way->salt, way->peer, &choice) &&
	       IN6_ARE_ADDR_EQUAL(&choice, &way->local->address);
}

/* Past the hooks of the library, whose pointers are resolved at the start. */
static int next_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	return libc.bind(fd, address, length);
}

static int next_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return libc.connect(fd, address, length);
}

static int next_getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
	return libc.getsockname(fd, address, length);
}

static int next_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	return libc.getsockopt(fd, level, name, value, length);
}

static int next_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	return libc.setsockopt(fd, level, name, value, length);
}

static ssize_t next_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return libc.sendmsg(fd, message, flags);
}

static const struct two_step_calls next_calls = {
	.bind = next_bind,
	.connect = next_connect,
	.getsockname = next_getsockname,
	.getsockopt = next_getsockopt,
	.setsockopt = next_setsockopt,
	.sendmsg = next_sendmsg,
	.is_kernel_choice = way_is_kernel_choice,
};

/* Connects without cancellation, which would leave an option set or a descriptor open. Returns true
 * if the socket has the route's local address and its peer. */
static bool connect_keeping_address(int fd, const struct route *route,
				    const struct sockaddr *address, socklen_t length)
{
	const struct two_step way = { .calls = &next_calls,
				      .fd = fd,
				      .address = address,
				      .length = length,
				      .peer = &route->peer,
				      .local = &route->local,
				      .multicast_index = multicast_index(),
				      .salt = route->salt };
	bool done;
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	done = two_step_connect(&way);
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
 * Disconnects a connected socket if the new peer has another local address, since a second connect
 * keeps the address of the first. Returns true if so, with the old peer and local address, for the
 * case that the new connect fails.
 */
static bool leave_old_peer(int fd, const struct tracked *tracked, const struct local *wanted,
			   struct sockaddr_in6 *peer, socklen_t *length, struct route *old)
{
	struct peer self;

	*length = sizeof(*peer);
	if (!tracked || tracked_get(tracked, state) != TRACKED_CONNECTED ||
	    two_step_is_device_bound(&next_calls, fd) || !socket_name(fd, &self) ||
	    IN6_ARE_ADDR_EQUAL(&self.host, &wanted->address) ||
	    libc.getpeername(fd, (struct sockaddr *)peer, length) ||
	    !peer_read(&old->peer, peer, *length))
		return false;
	old->local.address = self.host;
	two_step_disconnect(&next_calls, fd);
	return true;
}

/* Returns true if there is no peer: connect(AF_UNSPEC), or an address that the kernel refuses. */
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
	struct route route = { .salt = salt }, old = { .salt = salt };
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
