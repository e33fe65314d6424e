/* SPDX-License-Identifier: MIT */
/*
 * The records of tracked sockets: private memory, one record for each socket and as many references
 * as descriptors of the process have its tag. Allocated without a lock.
 */
#ifndef TRACKED_H
#define TRACKED_H

#include "base/compiler.h"
#include "base/limits.h"
#include "sockets/descriptor_table.h"
#include "wire/peer.h"

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
	uint8_t options; /* options_changes() when `wanted` was read */
	uint8_t unused[2];
	uint32_t next_free;	 /* of a free record: the next one's index + 1 */
	uint64_t cookie;	 /* SO_COOKIE, which tells whether it is still the same socket */
	uint64_t source_half[2]; /* for TRACKED_BY_CONTROL, in network byte order */
	uint32_t source_ifindex;
	uint32_t references; /* descriptors that have the tag */
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

/*
 * Attaches a source to all that a connected socket sends; NULL: none. A thread that sends meanwhile
 * attaches the old source, none, or the new one; if it reads while a second source replaces a
 * first, it can have half of each, which the kernel refuses unless it is an address of the host.
 */
static inline void tracked_set_source(struct tracked *tracked, const struct local *source)
{
	tracked_mark(tracked, TRACKED_BY_CONTROL, false);
	if (!source)
		return;
	tracked_set(tracked, source_half[0], source->half[0]);
	tracked_set(tracked, source_half[1], source->half[1]);
	tracked_set(tracked, source_ifindex, source->ifindex);
	__atomic_fetch_or(&tracked->flags, TRACKED_BY_CONTROL, __ATOMIC_RELEASE);
}

/* Copies the source that tracked_set_source() attached. Returns false if there is none. */
static inline bool tracked_source(const struct tracked *tracked, struct local *source)
{
	if (!(__atomic_load_n(&tracked->flags, __ATOMIC_ACQUIRE) & TRACKED_BY_CONTROL))
		return false;
	source->half[0] = tracked_get(tracked, source_half[0]);
	source->half[1] = tracked_get(tracked, source_half[1]);
	source->ifindex = tracked_get(tracked, source_ifindex);
	return true;
}

/* The records, in chunks; the first is there from the start. */
enum { TRACKED_CHUNK = 512, TRACKED_CHUNKS = SOCKETS / TRACKED_CHUNK };
extern HIDDEN struct tracked tracked_first[TRACKED_CHUNK], *tracked_chunks[TRACKED_CHUNKS];

/*
 * Returns true for a socket that receives from anybody, with replies at once, and with nothing to
 * do for a datagram but what each needs.
 */
static inline bool tracked_is_simple(const struct tracked *tracked)
{
	return (tracked_get(tracked, flags) &
		(TRACKED_REPLIES | TRACKED_MAPPED | TRACKED_LEARNS_MORE)) == TRACKED_REPLIES &&
	       tracked_get(tracked, state) == TRACKED_WILDCARD;
}

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
 * Makes a record for a socket, with one reference, for the caller to give to descriptor_set().
 * Returns NULL if there is no memory for it. *tag is its tag.
 */
struct tracked *tracked_make(uint32_t *tag);

/* Adds a reference to the record of that tag. Returns false if it is another socket's by now. */
bool tracked_hold(uint32_t tag);

/* Drops a reference; the last one frees the record. */
void tracked_drop(uint32_t tag);

#endif
