/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor is. The process remembers it for each number, as a cache: the kernel is asked
 * when a number is used of which nothing is known, and when what comes back does not fit.
 */
#ifndef SOCKET_H
#define SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "wire/address.h"
#include "base/limits.h"
#include "sockets/descriptor_table.h"

/* A tracked UDP socket, in private memory. All access is atomic. */
struct helped {
	uint32_t tag; /* index, generation and DESCRIPTOR_HELPED */
	union {
		struct {
			in_port_t port;
			uint16_t mode; /* the state of what is learnt: LOCAL_ASKED or LOCAL_ADOPTED
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
	struct in6_addr source; /* for HELPED_BY_CONTROL */
	uint32_t source_ifindex;
	uint32_t references; /* descriptors that have the tag; of a free record the next + 1 */
};
_Static_assert(sizeof(struct helped) == 64, "a cache line a socket");

enum { HELPED_FRESH, HELPED_WILDCARD, HELPED_CONNECTED };

enum {
	HELPED_MAPPED = 1,	 /* an AF_INET6 socket for IPv4 peers alone */
	HELPED_LOGGED = 2,	 /* all that is received on it is written to the log */
	HELPED_BY_CONTROL = 4,	 /* connected, but sends need a control message for their source */
	HELPED_MORE_CONTROL = 8, /* the program gets other control data too */
	HELPED_MISSED = 16,	 /* misses is not 0 */
	HELPED_ANSWERS = 32,	 /* the program has answered at once, on this socket */
	HELPED_ADOPTED = 128,	 /* a fresh socket that answered: helped whatever its port */

	HELPED_LEARNS_MORE = HELPED_LOGGED | HELPED_MISSED,
};

#define helped_get(helped, field)	 __atomic_load_n(&(helped)->field, __ATOMIC_RELAXED)
#define helped_set(helped, field, value) __atomic_store_n(&(helped)->field, value, __ATOMIC_RELAXED)

static inline bool helped_is(const struct helped *helped, unsigned int flag)
{
	return (helped_get(helped, flags) & flag) != 0;
}

static inline void helped_mark(struct helped *helped, unsigned int flag, bool on)
{
	uint32_t flags = helped_get(helped, flags);

	if (on ? (flags & flag) == flag : !(flags & flag))
		return;
	if (on)
		__atomic_fetch_or(&helped->flags, flag, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&helped->flags, ~flag, __ATOMIC_RELAXED);
}

/* The records, in chunks; the first is there from the start. */
enum { HELPED_CHUNK = 512, HELPED_CHUNKS = SOCKETS / HELPED_CHUNK };
extern struct helped helped_first[HELPED_CHUNK], *helped_chunks[HELPED_CHUNKS];

/* Returns the record of that tag or index. */
static inline struct helped *helped_at(uint32_t tag)
{
	uint32_t index = tag & (SOCKETS - 1);

	if (likely(index < HELPED_CHUNK))
		return &helped_first[index];
	return &__atomic_load_n(&helped_chunks[index / HELPED_CHUNK],
				__ATOMIC_ACQUIRE)[index % HELPED_CHUNK];
}

/*
 * Asks the kernel what a descriptor is, and remembers it. Returns the record of a tracked socket
 * and the salt of its space, or NULL. errno stays.
 */
struct helped *socket_classify(int fd, uint64_t *salt);

/* The program bound it. errno stays. */
void socket_bound(int fd);

/* A fresh socket that answered a peer is tracked from now on, whatever its port. errno stays. */
struct helped *socket_adopt(int fd, uint64_t *salt);

/*
 * Returns the record of a tracked socket, or NULL: then socket_find() is to be asked. *salt is read
 * before the tag is checked, so it is that socket's, whoever gets its record next.
 */
static inline struct helped *socket_find_quickly(int fd, uint64_t *salt)
{
	uint32_t value = descriptor_get(fd);
	struct helped *helped;

	if (unlikely(!(value & DESCRIPTOR_HELPED)))
		return NULL;
	helped = helped_at(value);
	*salt = __atomic_load_n(&helped->salt, __ATOMIC_ACQUIRE);
	return likely(helped_get(helped, tag) == value) ? helped : NULL;
}

/* The slow path of socket_find(): another value is remembered, or nothing. */
struct helped *socket_find_rest(int fd, uint32_t value, uint64_t *salt);

/* Returns the record of a tracked socket and the salt of its space, or NULL. */
static inline struct helped *socket_find(int fd, uint64_t *salt)
{
	struct helped *helped = socket_find_quickly(fd, salt);
	uint32_t value;

	if (likely(helped != NULL))
		return helped;
	value = descriptor_get(fd);
	return descriptor_is_plain(value) ? NULL : socket_find_rest(fd, value, salt);
}

/*
 * Returns true if a call without an address goes on as it is: the socket is not tracked, or it is
 * connected and has the right local address.
 */
static inline bool socket_is_settled(int fd)
{
	uint32_t value = descriptor_get(fd);
	const struct helped *helped;

	if (!(value & DESCRIPTOR_HELPED))
		return descriptor_is_plain(value);
	helped = helped_at(value);
	return helped_get(helped, state) == HELPED_CONNECTED && helped_get(helped, tag) == value &&
	       !helped_is(helped, HELPED_BY_CONTROL);
}

/* The slow path of socket_find_wildcard(). */
struct helped *socket_find_wildcard_rest(int fd, uint64_t *salt);

/* The fast path: NULL means only "look closer". */
static inline struct helped *socket_find_wildcard_quickly(int fd, uint64_t *salt)
{
	struct helped *helped = socket_find_quickly(fd, salt);

	return likely(helped && helped_get(helped, state) == HELPED_WILDCARD) ? helped : NULL;
}

/*
 * Returns what socket_find() does, for a receive: only a socket that can receive from anybody, not
 * a connected one. A socket that receives before it sent anything is a server's, even if the kernel
 * chose its port.
 */
static inline struct helped *socket_find_wildcard(int fd, uint64_t *salt)
{
	struct helped *helped = socket_find_wildcard_quickly(fd, salt);

	if (likely(helped != NULL))
		return helped;
	return descriptor_is_plain(descriptor_get(fd)) ? NULL : socket_find_wildcard_rest(fd, salt);
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
struct helped *socket_check(int fd);

/*
 * A datagram came with PKTINFO on a descriptor that is not taken for a tracked wildcard socket: it
 * can be one, by another number or process. Returns the INFO_ bits that the program is not to see;
 * 0: it is the program's own. errno stays.
 */
unsigned int socket_check_unexpected(int fd);

/*
 * The socket was connected: its options go back to what the program set. A source in `by_control`
 * has to be attached to what is sent. helped is NULL for a fresh socket, which is a client now.
 */
void socket_connected(int fd, struct helped *helped, uint32_t tag, const struct local *by_control);

/* The program bound the socket to a device: it is in another space. errno stays. */
void socket_moved(int fd);

/*
 * Returns the cookie of the socket's network namespace (SO_NETNS_COOKIE); 0 where the kernel has
 * none (before Linux 5.14), with its errno.
 */
uint64_t socket_netns(int fd);

#endif
