// SPDX-License-Identifier: MIT
// Hooks of bind(2), connect(2) and getsockname(2).

#include "calls/connect.h"
#include "calls/rebind.h"
#include "calls/source.h"
#include "hooks/after.h"
#include "libc/libc.h"
#include "sockets/classify.h"
#include "sockets/pktinfo_option.h"

int hook_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	if (rebind_is_near() && descriptor_is_unbound(fd) && rebind_wildcard(fd, address, length)) {
		socket_bound(fd);
		return 0;
	}
	return after_bind(fd, libc.bind(fd, address, length), address, length);
}

/* connect(2) of a tracked socket. */
static int connect_tracked(int fd, struct tracked *tracked, uint64_t salt,
			   const struct sockaddr *address, socklen_t length)
{
	bool listens = tracked_get(tracked, state) == TRACKED_WILDCARD;
	bool mapped = tracked_is(tracked, TRACKED_MAPPED);
	struct peer peer;
	struct local local;
	int e = errno, device = listens ? option_get(fd, SOL_SOCKET, SO_BINDTOIFINDEX) : 0, result;

	errno = e;
	result = connect_from(fd, tracked, salt, address, length);
	/*
	 * A server connects to the peer that asked last; other programs connect to learn an address
	 * of their own.
	 */
	if (!result && listens && peer_read(&peer, address, length) &&
	    last_recv_read(&thread_last_recv, &peer, salt, tracked_get(tracked, port), &local))
		rebind_connected(fd, device, mapped);
	return result;
}

int hook_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	uint64_t salt = 0;
	struct tracked *tracked = socket_find(fd, &salt);

	if (tracked)
		return connect_tracked(fd, tracked, salt, address, length);
	if (descriptor_is_unbound(fd) && source_concerns_fresh())
		return connect_from(fd, NULL, salt, address, length);
	return after_connect(fd, libc.connect(fd, address, length), address);
}

int hook_getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
	int result = libc.getsockname(fd, address, length);

	if (unlikely(rebind_last.step == REBIND_CONNECTED) && !result)
		rebind_shown(fd);
	return result;
}

int hook___connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return hook_connect(fd, address, length);
}
