/* SPDX-License-Identifier: MIT */
/*
 * The two-step connect: connects a UDP socket that is bound to the wildcard address so that it
 * keeps a given local address. Knows nothing of hooks and tables: the library and the BPF engine
 * compile it both.
 */
#ifndef TWO_STEP_H
#define TWO_STEP_H

#include "wire/peer.h"

struct two_step;

/* The functions that the two-step connect calls, with the arguments and results of libc. */
struct two_step_calls {
	int (*bind)(int fd, const struct sockaddr *address, socklen_t length);
	int (*connect)(int fd, const struct sockaddr *address, socklen_t length);
	int (*getsockname)(int fd, struct sockaddr *address, socklen_t *length);
	int (*getsockopt)(int fd, int level, int name, void *value, socklen_t *length);
	int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t length);
	ssize_t (*sendmsg)(int fd, const struct msghdr *message, int flags);
	/* Returns true if a plain connect() to the peer, an IPv4 one, would take `local`. */
	bool (*is_kernel_choice)(const struct two_step *way);
};

struct two_step {
	const struct two_step_calls *calls;
	int fd;
	const struct sockaddr *address; /* the argument of connect(), and as peer_read() read it */
	socklen_t length;
	const struct peer *peer;
	const struct local *local; /* the address to keep, and the link of a link-local one */
	int multicast_index; /* the only ifindex that the program set IP_MULTICAST_IF to; 0: none,
				-1: several */
	uint64_t salt;	     /* for is_kernel_choice(): the space of the socket */
};

/*
 * Connects to the peer and returns true if the socket then has the local address. Else the socket
 * is disconnected and bound to its port as before, unless it is bound to a device: connect() to
 * AF_UNSPEC would end that too (__udp_disconnect()). If a plain connect() keeps the address it is
 * taken, since it refuses no datagram of the peer. The program's IP_MULTICAST_IF and routing header
 * stay as they are. Changes errno. A thread that is cancelled meanwhile leaves options set: the
 * caller disables cancellation.
 */
bool two_step_connect(const struct two_step *way);

/* Ends a connection. A port that the kernel chose is bound again: __udp_disconnect() takes it. */
void two_step_disconnect(const struct two_step_calls *calls, int fd);

/* Writes the socket's local address; returns false if it has none. */
bool two_step_local_address(const struct two_step_calls *calls, int fd, struct in6_addr *address);

/* Returns true if the socket is bound to a device. */
bool two_step_is_device_bound(const struct two_step_calls *calls, int fd);

#endif
