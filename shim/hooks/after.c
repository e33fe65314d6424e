// SPDX-License-Identifier: MIT
// The part of a hook that follows the kernel's answer.

#include <fcntl.h>

#include "calls/multicast_if.h"
#include "calls/source.h"
#include "hooks/after.h"
#include "sockets/pktinfo_option.h"

int after_accept(int made)
{
	socket_made(made, AF_UNSPEC, SOCK_STREAM, 0);
	if (unlikely(library.settings.follow_tcp) && made >= 0 && library_ready())
		source_accepted(made);
	return made;
}

int after_dup(int fd, int made)
{
	socket_duplicated(fd, made);
	return made;
}

int after_fcntl(int fd, int command, int result)
{
	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
		return after_dup(fd, result);
	return result;
}

/* Returns true for a bind() to no port and no address, after which a client is still one. */
static bool names_nothing(const struct sockaddr *address, socklen_t length)
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
	if (descriptor_is_unbound(fd) && names_nothing(address, length))
		return result;
	socket_bound(fd);
	return result;
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

int after_setsockopt(int fd, int result, int level, int name, const void *value, socklen_t length)
{
	if (!result && level == IPPROTO_IP && name == IP_MULTICAST_IF)
		multicast_follow(value, length);
	else if (!result && option_is_followed(level, name))
		options_follow(fd, level, name, value, length);
	return result;
}

int after_getsockopt(int fd, int result, int level, int name, void *value, const socklen_t *length)
{
	unsigned int kind = option_kind(level, name);

	if (!result && unlikely(kind))
		options_show_wanted(fd, kind, value, *length);
	return result;
}
