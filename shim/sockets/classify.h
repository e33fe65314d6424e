/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor is. The process remembers it for each number, as a cache: the kernel is asked
 * when a number is used of which nothing is known, and when what comes back does not fit.
 */
#ifndef CLASSIFY_H
#define CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "wire/address.h"
#include "base/limits.h"
#include "sockets/descriptor_table.h"

/* A tracked UDP socket, in private memory. All access is atomic. */
struct tracked {
	uint32_t tag; /* index, generation and DESCRIPTOR_TRACKED */
	union {
		struct {
			in_port_t port;
			uint16_t mode; /* the state of what is learned: LOCAL_ASKED or LOCAL_ADOPTED
					*/
		};
		uint32_t port_and_mode;
	};
	uint64_t salt; /* of the space: network namespace and device (peer_hash.h) */
	uint32_t flags;
	uint8_t family;
	uint8_t state;
	uint16_t misses; /* datagrams in a row that carried no PKTINFO */
	uint8_t wanted;	 /* INFO_ bits: what the program switched on itself */
	uint8_t options; /* source_options() when `wanted` was read */
	uint8_t unused[6];
	uint64_t cookie;	/* SO_COOKIE: is it still the same socket? */
	struct in6_addr source; /* for TRACKED_BY_CONTROL */
	uint32_t source_ifindex;
	uint32_t references; /* descriptors that have the tag; of a free record the next + 1 */
};
_Static_assert(sizeof(struct tracked) == 64, "a cache line a socket");

enum { TRACKED_FRESH, TRACKED_WILDCARD, TRACKED_CONNECTED };

enum {
	TRACKED_MAPPED = 1,	  /* an AF_INET6 socket for IPv4 peers alone */
	TRACKED_LOGGED = 2,	  /* all that is received on it is written to the log */
	TRACKED_BY_CONTROL = 4,	  /* connected, but sends need a control message for their source */
	TRACKED_MORE_CONTROL = 8, /* the program gets other control data too */
	TRACKED_MISSED = 16,	  /* misses is not 0 */
	TRACKED_REPLIES = 32,	  /* the program has replied at once, on this socket */
	TRACKED_ADOPTED = 128,	  /* a fresh socket that replied: tracked whatever its port */

	TRACKED_LEARNS_MORE = TRACKED_LOGGED | TRACKED_MISSED,
};

#define tracked_get(tracked, field) __atomic_load_n(&(tracked)->field, __ATOMIC_RELAXED)
#define tracked_set(tracked, field, value) \
	__atomic_store_n(&(tracked)->field, value, __ATOMIC_RELAXED)

static inline bool tracked_is(const struct tracked *tracked, unsigned int flag)
{
	return (tracked_get(tracked, flags) & flag) != 0;
}

static inline void tracked_mark(struct tracked *tracked, unsigned int flag, bool on)
{
	uint32_t flags = tracked_get(tracked, flags);

	if (on ? (flags & flag) == flag : !(flags & flag))
		return;
	if (on)
		__atomic_fetch_or(&tracked->flags, flag, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&tracked->flags, ~flag, __ATOMIC_RELAXED);
}

/* The records, in chunks; the first is there from the start. */
enum { TRACKED_CHUNK = 512, TRACKED_CHUNKS = SOCKETS / TRACKED_CHUNK };
extern struct tracked tracked_first[TRACKED_CHUNK], *tracked_chunks[TRACKED_CHUNKS];

/* Returns the record of that tag or index. */
static inline struct tracked *tracked_at(uint32_t tag)
{
	uint32_t index = tag & (SOCKETS - 1);

	if (likely(index < TRACKED_CHUNK))
		return &tracked_first[index];
	return &__atomic_load_n(&tracked_chunks[index / TRACKED_CHUNK],
				__ATOMIC_ACQUIRE)[index % TRACKED_CHUNK];
}

/*
 * Asks the kernel what a descriptor is, and remembers it. Returns the record of a tracked socket
 * and the salt of its space, or NULL. errno stays.
 */
struct tracked *socket_classify(int fd, uint64_t *salt);

/* The program bound it. errno stays. */
void socket_bound(int fd);

/* A fresh socket that replied to a peer is tracked from now on, whatever its port. errno stays. */
struct tracked *socket_adopt(int fd, uint64_t *salt);

/*
 * Returns the record of a tracked socket, or NULL: then socket_find() is to be asked. *salt is read
 * before the tag is checked, so it is that socket's, whoever gets its record next.
 */
static inline struct tracked *socket_find_fast(int fd, uint64_t *salt)
{
	uint32_t value = descriptor_get(fd);
	struct tracked *tracked;

	if (unlikely(!(value & DESCRIPTOR_TRACKED)))
		return NULL;
	tracked = tracked_at(value);
	*salt = __atomic_load_n(&tracked->salt, __ATOMIC_ACQUIRE);
	return likely(tracked_get(tracked, tag) == value) ? tracked : NULL;
}

/* The slow path of socket_find(): another value is remembered, or nothing. */
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
	return tracked_get(tracked, state) == TRACKED_CONNECTED &&
	       tracked_get(tracked, tag) == value && !tracked_is(tracked, TRACKED_BY_CONTROL);
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
 * Returns what socket_find() does, for a receive: only a socket that can receive from anybody, not
 * a connected one. A socket that receives before it sent anything is a server's, even if the kernel
 * chose its port.
 */
static inline struct tracked *socket_find_wildcard(int fd, uint64_t *salt)
{
	struct tracked *tracked = socket_find_wildcard_fast(fd, salt);

	if (likely(tracked != NULL))
		return tracked;
	return descriptor_is_plain(descriptor_get(fd)) ? NULL : socket_find_wildcard_slow(fd, salt);
}

/* A descriptor that socket(2) just made. */
void socket_made(int fd, int domain, int type, int protocol);

/* `made` is a new duplicate of `fd`, or was one before. */
void socket_duplicated(int fd, int made);

/* A descriptor that came to be in another way, or is something else now: found out at next use. */
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
 * Returns the cookie of the socket's network namespace (SO_NETNS_COOKIE); 0 where the kernel has
 * none (before Linux 5.14), with its errno.
 */
uint64_t socket_netns(int fd);

#endif
