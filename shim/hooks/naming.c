// SPDX-License-Identifier: MIT
// Hooks of bind(2) and connect(2).

#include "connect.h"
#include "hooks/after.h"
#include "libc.h"
#include "socket.h"
#include "source.h"

/* No port and no address of the program's choice: still a client, as it was. */
static bool is_nothing(const struct sockaddr *address, socklen_t length)
{
	struct peer self;

	return peer_read(&self, address, length) && !self.port && address_is_any(&self.host);
}

int after_bind(int fd, int result, const struct sockaddr *address, socklen_t length)
{
	/* The kernel has read the address, so it can be read. */
	if (result || (address->sa_family != AF_INET && address->sa_family != AF_INET6 &&
		       address->sa_family != AF_UNSPEC))
		return result;
	if (descriptor_is_unbound(fd) && is_nothing(address, length))
		return result;
	socket_bound(fd);
	return result;
}

int hook_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	return after_bind(fd, libc.bind(fd, address, length), address, length);
}

int after_connect(int fd, int result, const struct sockaddr *address)
{
	if (result)
		return result;
	/* A socket that was connected before we knew it is a wildcard one again. */
	if (address->sa_family == AF_UNSPEC)
		socket_forget(fd);
	else if (descriptor_is_unbound(fd))
		socket_connected(fd, NULL, 0, NULL);
	return 0;
}

int hook_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	uint64_t salt = 0;
	struct helped *helped = socket_find(fd, &salt);

	if (helped || (descriptor_is_unbound(fd) && source_concerns_fresh()))
		return connect_from(fd, helped, salt, address, length);
	return after_connect(fd, libc.connect(fd, address, length), address);
}

int hook___connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return hook_connect(fd, address, length);
}
