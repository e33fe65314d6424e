/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor is. A socket is known by its SO_COOKIE, the same for duplicates, forked
 * children and passed descriptors; what descriptors refer to is a cache, checked where being wrong
 * could do harm, and found again from the kernel at any time.
 */
#ifndef SOCKET_H
#define SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "address.h"
#include "bounds.h"
#include "descriptor.h"

/* A UDP socket that we help, in memory shared by forked processes. All access is atomic. */
struct helped {
	uint32_t tag; /* index, generation and DESCRIPTOR_HELPED; 0: free */
	in_port_t port;
	uint8_t family;
	uint8_t state;
	uint64_t salt;	/* made of the cookie: what stands for the socket in names of peers */
	uint8_t wanted; /* INFO_ bits: what the program switched on itself */
	uint8_t flags;
	uint16_t misses;	    /* datagrams that carried no PKTINFO */
	uint32_t multicast_ifindex; /* of the program's IP_MULTICAST_IF, which can't be read back */
	uint64_t cookie;
	struct in6_addr source; /* for HELPED_BY_CONTROL */
	uint32_t source_ifindex;
	uint8_t reserved[12];
};
_Static_assert(sizeof(struct helped) == 64, "a cache line a socket");

enum { HELPED_FRESH, HELPED_WILDCARD, HELPED_CONNECTED };

enum {
	HELPED_CLOSED = 1, /* its descriptor was reused: the first choice when room is needed */
	HELPED_PORT_SHARED = 2,	  /* another socket was bound to the same port */
	HELPED_MAPPED = 4,	  /* an AF_INET6 socket for IPv4 peers alone */
	HELPED_LOGGED = 8,	  /* all that is heard on it is to be written to the log */
	HELPED_BY_CONTROL = 16,	  /* connected, but sends need a control message for their source */
	HELPED_MORE_CONTROL = 32, /* the program gets other control data too */

	HELPED_LEARNS_MORE = HELPED_CLOSED | HELPED_PORT_SHARED | HELPED_LOGGED,
};

#define helped_get(helped, field)	 __atomic_load_n(&(helped)->field, __ATOMIC_RELAXED)
#define helped_set(helped, field, value) __atomic_store_n(&(helped)->field, value, __ATOMIC_RELAXED)

static inline bool helped_is(const struct helped *helped, unsigned int flag)
{
	return (helped_get(helped, flags) & flag) != 0;
}

static inline void helped_mark(struct helped *helped, unsigned int flag, bool on)
{
	if (helped_is(helped, flag) == on)
		return;
	if (on)
		__atomic_fetch_or(&helped->flags, (uint8_t)flag, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&helped->flags, (uint8_t)~flag, __ATOMIC_RELAXED);
}

extern struct helped *helped_sockets; /* SOCKETS of them */
extern uint32_t *helped_used;	      /* how many of them were ever in use */
extern uint32_t *helped_turn;	      /* counts those that were taken when all were in use */
/*
 * Counts sockets that began to be helped while they could have another number somewhere under which
 * they were taken for a client's; in `twins` is whether anybody duplicated one or forked.
 */
extern uint32_t *helped_epoch, *helped_twins;

/*
 * The slow half of socket_find(): asks the kernel. *salt is the socket's, as the kernel names it:
 * its place can become another's at any time. errno stays.
 */
struct helped *socket_classify(int fd, uint64_t *salt);

/* The program bound it. errno stays. */
void socket_bound(int fd);

/* A fresh socket that answered a peer is helped from now on, whatever port it got. errno stays. */
struct helped *socket_adopt(int fd, uint64_t *salt);

/*
 * Sockets taken for clients may have been helped under another number or in another process since
 * the epoch was looked at: finds out which. errno stays.
 */
struct helped *socket_reconsider(int fd, uint64_t *salt);
extern uint32_t helped_epoch_known;

/*
 * The helped socket behind a descriptor, or NULL: then socket_find() is to be asked. *salt is read
 * before the tag, so it is that socket's, whoever takes its place.
 */
static inline struct helped *socket_find_quickly(int fd, uint64_t *salt)
{
	uint32_t value = descriptor_get(fd);
	struct helped *helped = &helped_sockets[value % SOCKETS];

	if (unlikely(!(value & DESCRIPTOR_HELPED)))
		return NULL;
	*salt = __atomic_load_n(&helped->salt, __ATOMIC_ACQUIRE);
	return likely(helped_get(helped, tag) == value) ? helped : NULL;
}

/* The rest of socket_find(): a descriptor of which something else is remembered, or nothing. */
struct helped *socket_find_rest(int fd, uint32_t value, uint64_t *salt);

/* The helped socket behind a descriptor and its salt, or NULL. */
static inline struct helped *socket_find(int fd, uint64_t *salt)
{
	struct helped *helped = socket_find_quickly(fd, salt);
	uint32_t value;

	if (likely(helped != NULL))
		return helped;
	value = descriptor_get(fd);
	return value == DESCRIPTOR_PLAIN ? NULL : socket_find_rest(fd, value, salt);
}

/*
 * Quickly: does a call without an address go on as it is? Not helped, or connected with the right
 * local address.
 */
static inline bool socket_is_settled(int fd)
{
	uint32_t value = descriptor_get(fd);
	const struct helped *helped;

	if (!(value & DESCRIPTOR_HELPED))
		return value == DESCRIPTOR_PLAIN;
	helped = &helped_sockets[value % SOCKETS];
	return helped_get(helped, state) == HELPED_CONNECTED && helped_get(helped, tag) == value &&
	       !helped_is(helped, HELPED_BY_CONTROL);
}

/* The rest of socket_find_wildcard(). */
struct helped *socket_find_wildcard_rest(int fd, uint64_t *salt);

/*
 * The same for a receive: a socket that can receive from anybody, not a connected one. One that
 * receives before it sent anything is a server, whoever bound it, if to a port of the kernel's
 * choice.
 */
static inline struct helped *socket_find_wildcard(int fd, uint64_t *salt)
{
	struct helped *helped = socket_find_quickly(fd, salt);

	if (likely(helped && helped_get(helped, state) == HELPED_WILDCARD))
		return helped;
	return descriptor_get(fd) == DESCRIPTOR_PLAIN ? NULL : socket_find_wildcard_rest(fd, salt);
}

/* There may be another descriptor of a socket that was taken for a client's. */
static inline void socket_has_twin(void)
{
	__atomic_store_n(helped_twins, 1u, __ATOMIC_RELAXED);
}

/* A descriptor that socket(2) just made. */
void socket_made(int fd, int domain, int type, int protocol);

/* A descriptor that came to be in another way, or is something else now: found out at next use. */
void socket_forget(int fd);

/*
 * A datagram came without PKTINFO: the descriptor may be another socket now, or somebody switched
 * the option off. Returns it if it is still helped; a socket that never has any is not. errno
 * stays.
 */
struct helped *socket_check(int fd);

/*
 * Memory for a socket that is not helped yet, known by *tag; NULL without SO_COOKIE or room. For
 * helped_release() when it is of no more use.
 */
struct helped *socket_remember(int fd, uint32_t *tag);

/*
 * The socket was connected: its options go back to what the program set. A source in `by_control`
 * has to be attached to what is sent. helped is NULL for a fresh socket, which is a client now.
 */
void socket_connected(int fd, struct helped *helped, uint32_t tag, const struct local *by_control);

#endif
