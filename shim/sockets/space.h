/* SPDX-License-Identifier: MIT */
/*
 * Spaces: the sockets of one network namespace that are bound to one device, or to none. Knowledge
 * never leaves its space.
 */
#ifndef SPACE_H
#define SPACE_H

#include <stdbool.h>
#include <stdint.h>

/* A space with a tracked socket of this process. */
struct space {
	uint64_t salt; /* of the hashes of its peers (peer_hash.h) */
	uint64_t netns;
};

/*
 * Returns the cookie of the socket's network namespace (SO_NETNS_COOKIE); 0 where the kernel has
 * none (before Linux 5.14), with its errno.
 */
uint64_t space_netns(int fd);

/* Returns the salt of the space of a socket that is bound to that device; 0 or less: to none. */
uint64_t space_of(int fd, int device);

/* Returns the salt of a tracked socket's space, and remembers the space. */
uint64_t space_of_tracked(int fd);

/* Copies the n-th of the spaces that are remembered. Returns false if there are fewer. */
bool space_nth(uint32_t n, struct space *space);

#endif
