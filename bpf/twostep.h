/* SPDX-License-Identifier: MIT */
/*
 * The two-step connect: connects a UDP socket that is bound to the wildcard address so that it
 * keeps a given local address. Knows nothing of hooks or peers; the library and the BPF engine
 * share it.
 */
#ifndef TWOSTEP_H
#define TWOSTEP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* The calls to make: the library's must not lead to its own hooks. */
struct twostep_calls {
	int (*connect)(int, const struct sockaddr *, socklen_t);
	int (*bind)(int, const struct sockaddr *, socklen_t);
	int (*getsockname)(int, struct sockaddr *, socklen_t *);
	int (*getsockopt)(int, int, int, void *, socklen_t *);
	int (*setsockopt)(int, int, int, const void *, socklen_t);
	int (*socket)(int, int, int);
	int (*close)(int);
};

struct twostep {
	int fd;
	struct in6_addr local; /* the address to keep; IPv4: mapped */
	uint32_t ifindex;      /* of a link-local address: its link */
	uint32_t
		multicast_ifindex; /* what the program set with IP_MULTICAST_IF, if that is known */
	bool elsewhere;		   /* the socket is in another network namespace than the caller */
	const struct sockaddr *peer; /* with room for what its family needs */
	socklen_t length;
};

/*
 * Connects to the peer and returns true if the socket now has the local address that was asked for.
 * Else the socket is disconnected and bound to its port as before, unless it was bound to a device:
 * connect(AF_UNSPEC) would end that too. Changes errno. A cancellation in the middle would leave an
 * option set: the caller disables it.
 */
bool twostep_connect(const struct twostep_calls *calls, const struct twostep *way);

/* Ends a connection; a port that the kernel chose is bound again (__udp_disconnect() takes it). */
void twostep_disconnect(const struct twostep_calls *calls, int fd);

/* Is the socket's local address this one? */
bool twostep_has_address(const struct twostep_calls *calls, int fd, const struct in6_addr *local);

#endif
