/* SPDX-License-Identifier: MIT */
/*
 * Classifies descriptors. The process keeps the result for each number, as a cache: the kernel is
 * asked when an unknown number is used, and when a result does not fit.
 */
#ifndef CLASSIFY_H
#define CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "sockets/descriptor_table.h"
#include "sockets/tracked.h"

/*
 * Asks the kernel what a descriptor is, and remembers it. Returns the record of a tracked socket
 * and the salt of its space, or NULL. errno stays.
 */
struct tracked *socket_classify(int fd, uint64_t *salt);

/* Classifies a socket that the program bound. errno stays. */
void socket_bound(int fd);

/* A fresh socket that replied to a peer is tracked from now on, whatever its port. errno stays. */
struct tracked *socket_adopt(int fd, uint64_t *salt);

/*
 * The fast path of socket_find() for a descriptor with that value: NULL means only "look closer".
 * *salt is read before the tag is checked, so it is that socket's, whichever socket gets the record
 * next.
 */
static inline struct tracked *socket_find_value(uint32_t value, uint64_t *salt)
{
	struct tracked *tracked;

	if (unlikely(!(value & DESCRIPTOR_TRACKED)))
		return NULL;
	tracked = tracked_at(value);
	*salt = __atomic_load_n(&tracked->salt, __ATOMIC_ACQUIRE);
	return likely(tracked_get(tracked, tag) == value) ? tracked : NULL;
}

/* The fast path of socket_find(). */
static inline struct tracked *socket_find_fast(int fd, uint64_t *salt)
{
	return socket_find_value(descriptor_get(fd), salt);
}

/* The slow path of socket_find(), for a number with that value. */
struct tracked *socket_find_slow(int fd, uint32_t value, uint64_t *salt);

/* Returns the record of a tracked socket and the salt of its space, or NULL. */
static inline struct tracked *socket_find(int fd, uint64_t *salt)
{
	struct tracked *tracked = socket_find_fast(fd, salt);
	uint32_t value;

	if (likely(tracked != NULL))
		return tracked;
	value = descriptor_get(fd);
	return descriptor_is_plain(value) ? NULL : socket_find_slow(fd, value, salt);
}

/*
 * Returns true if a call without an address goes on as it is: the socket is not tracked, or it is
 * connected and has the right local address.
 */
static inline bool socket_is_settled(int fd)
{
	uint32_t value = descriptor_get(fd);
	const struct tracked *tracked;

	if (!(value & DESCRIPTOR_TRACKED))
		return descriptor_is_plain(value);
	tracked = tracked_at(value);
	/* The tag last: all that was read before is that socket's. */
	return __atomic_load_n(&tracked->state, __ATOMIC_ACQUIRE) == TRACKED_CONNECTED &&
	       !(__atomic_load_n(&tracked->flags, __ATOMIC_ACQUIRE) & TRACKED_BY_CONTROL) &&
	       tracked_get(tracked, tag) == value;
}

/* The slow path of socket_find_wildcard(). */
struct tracked *socket_find_wildcard_slow(int fd, uint64_t *salt);

/* The fast path: NULL means only "look closer". */
static inline struct tracked *socket_find_wildcard_fast(int fd, uint64_t *salt)
{
	struct tracked *tracked = socket_find_fast(fd, salt);

	return likely(tracked && tracked_get(tracked, state) == TRACKED_WILDCARD) ? tracked : NULL;
}

/*
 * Returns what socket_find() does, for a receive: NULL for a connected socket too. A socket that
 * receives before it sent anything is a server's, even if the kernel chose its port.
 */
static inline struct tracked *socket_find_wildcard(int fd, uint64_t *salt)
{
	struct tracked *tracked = socket_find_wildcard_fast(fd, salt);

	if (likely(tracked != NULL))
		return tracked;
	return descriptor_is_plain(descriptor_get(fd)) ? NULL : socket_find_wildcard_slow(fd, salt);
}

/* Records a descriptor that socket(2) just made. */
void socket_made(int fd, int domain, int type, int protocol);

/* Records that `made` is a duplicate of `fd`. */
void socket_duplicated(int fd, int made);

/* Forgets a descriptor, which may be another file now; its next use classifies it. */
void socket_forget(int fd);

/*
 * A datagram came without PKTINFO: the descriptor may be another socket now, or the option was
 * switched off. Returns the record if it is still tracked; a socket that never has any is not.
 * errno stays.
 */
struct tracked *socket_check(int fd);

/*
 * A datagram came with PKTINFO on a descriptor that is not taken for a tracked wildcard socket: it
 * can be one, by another number or process. Returns the INFO_ bits that the program is not to see;
 * 0: it is the program's own. errno stays.
 */
unsigned int socket_check_unexpected(int fd);

/*
 * The socket was connected: its options go back to what the program set. A source in `by_control`
 * has to be attached to what is sent. `tracked` is NULL for a fresh socket, which is a client now.
 */
void socket_connected(int fd, struct tracked *tracked, uint32_t tag,
		      const struct local *by_control);

/* The program bound the socket to a device: it is in another space. errno stays. */
void socket_moved(int fd);

/*
 * Reads the address and port to which a socket is bound (getsockname(2)). Returns its address
 * family; 0 for sockets of others and where the kernel refuses. Changes errno.
 */
sa_family_t socket_name(int fd, struct peer *name);

#endif
