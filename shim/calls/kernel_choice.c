// SPDX-License-Identifier: MIT
// Asks the kernel which local address it would choose for a peer.

#include <errno.h>
#include <pthread.h>
#include <unistd.h>
#include <netinet/in.h>

#include "base/memory.h"
#include "calls/kernel_choice.h"
#include "libc/libc.h"
#include "sockets/classify.h"
#include "sockets/pktinfo_option.h"
#include "sockets/space.h"

#ifndef IP_UNICAST_IF
#define IP_UNICAST_IF 50
#endif
#ifndef IPV6_UNICAST_IF
#define IPV6_UNICAST_IF 76
#endif

/*
 * Copies an option to a new socket, unless it is 0. An index in network byte order may look
 * negative.
 */
static __attribute__((noinline)) bool copy_option(int from, int to, int level, int name)
{
	int value = option_get(from, level, name);

	return value == 0 || value == -1 || option_set(to, level, name, value);
}

/*
 * Makes a socket like `fd`, in the space of that salt (0: in any). Returns -1 if the thread is in
 * another network namespace.
 */
static __attribute__((noinline)) int make_asking_socket(int fd, uint64_t salt, sa_family_t family)
{
	int made = libc.socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int device = option_get(fd, SOL_SOCKET, SO_BINDTOIFINDEX);

	if (made < 0)
		return -1;
	if ((!salt || space_of(made, device) == salt) &&
	    copy_option(fd, made, SOL_SOCKET, SO_BINDTOIFINDEX) &&
	    copy_option(fd, made, SOL_SOCKET, SO_MARK) &&
	    (family == AF_INET6 || copy_option(fd, made, IPPROTO_IP, IP_TOS)) &&
	    (family == AF_INET6 || copy_option(fd, made, IPPROTO_IP, IP_UNICAST_IF)) &&
	    (family == AF_INET || copy_option(fd, made, IPPROTO_IPV6, IPV6_UNICAST_IF)) &&
	    (family == AF_INET || copy_option(fd, made, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES)))
		return made;
	libc.close(made);
	return -1;
}

/*
 * Connects the new socket to the peer, and reads its local address; all zero if there is no route.
 */
static __attribute__((noinline)) void ask_choice(int made, const struct peer *peer,
						 struct in6_addr *choice)
{
	struct sockaddr_in6 name = { .sin6_family = AF_INET6,
				     .sin6_port = (in_port_t)peer->port,
				     .sin6_addr = peer->host,
				     .sin6_scope_id = peer->scope };
	socklen_t length = sizeof(name);
	struct peer self = { .port = 0 };

	if (address_is_v4(&peer->host)) {
		struct sockaddr_in v4 = { .sin_family = AF_INET,
					  .sin_port = (in_port_t)peer->port,
					  .sin_addr.s_addr = peer->host.s6_addr32[3] };

		memcpy(&name, &v4, sizeof(v4));
		length = sizeof(v4);
	}
	if (!libc.connect(made, (struct sockaddr *)&name, length))
		socket_name(made, &self);
	*choice = self.host;
}

bool kernel_choice(int fd, uint64_t salt, const struct peer *peer, struct in6_addr *choice)
{
	int state, made, e = errno;

	if (memory_is_confined())
		return false;
	/* A thread cancelled in there would leave a descriptor. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	made = make_asking_socket(fd, salt, address_is_v4(&peer->host) ? AF_INET : AF_INET6);
	if (made >= 0) {
		ask_choice(made, peer, choice);
		libc.close(made);
	}
	pthread_setcancelstate(state, NULL);
	errno = e;
	return made >= 0;
}
