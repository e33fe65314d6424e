// SPDX-License-Identifier: MIT
// Recognises a listening socket that is bound to where its predecessor was connected from.

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "calls/rebind.h"
#include "calls/source.h"
#include "libc/libc.h"
#include "sockets/classify.h"
#include "sockets/pktinfo_option.h"

__thread struct rebind rebind_last;

static bool is_last_name(const struct rebind *last, const struct peer *name)
{
	return name->port == last->name.port && IN6_ARE_ADDR_EQUAL(&name->host, &last->name.host);
}

void rebind_connected(int fd, int device, bool mapped)
{
	struct rebind *last = &rebind_last;
	int e = errno;

	last->step = REBIND_NONE;
	if (socket_name(fd, &last->name) && !address_is_any(&last->name.host) &&
	    !address_is_multicast(&last->name.host)) {
		last->device = device;
		last->receives = thread_last_recv.version;
		last->mapped = mapped;
		last->step = REBIND_CONNECTED;
	}
	errno = e;
}

/* The program's buffer can be shorter than the name. */
void rebind_shown(int fd)
{
	struct peer name;
	int e = errno;

	if (socket_name(fd, &name) && is_last_name(&rebind_last, &name))
		rebind_last.step = REBIND_SHOWN;
	errno = e;
}

static bool is_rebind(int fd, const struct sockaddr *address, socklen_t length)
{
	struct rebind *last = &rebind_last;
	struct peer name;

	if (length < sizeof(struct sockaddr_in) || length > sizeof(struct sockaddr_storage) ||
	    !memory_kernel_reads(address) ||
	    !memory_kernel_reads((const char *)address + length - sizeof(uint64_t)))
		return false;
	last->step = REBIND_NONE;
	/* If the thread has received on another socket since, it had one to listen on. */
	return last->receives == thread_last_recv.version && peer_read(&name, address, length) &&
	       is_last_name(last, &name) && last->device >= 0 &&
	       option_get(fd, SOL_SOCKET, SO_BINDTOIFINDEX) == last->device;
}

bool rebind_wildcard(int fd, const struct sockaddr *address, socklen_t length)
{
	struct sockaddr_in6 any = { .sin6_port = (in_port_t)rebind_last.name.port };
	int e = errno;
	bool done = false;

	if (is_rebind(fd, address, length)) {
		any.sin6_family = address->sa_family; /* the port is at the same place in both */
		if (any.sin6_family == AF_INET6 && rebind_last.mapped)
			any.sin6_addr = address_map((struct in_addr){ .s_addr = INADDR_ANY });
		done = !libc.bind(fd, (struct sockaddr *)&any,
				  any.sin6_family == AF_INET ? sizeof(struct sockaddr_in)
							     : sizeof(any));
	}
	errno = e;
	return done;
}
