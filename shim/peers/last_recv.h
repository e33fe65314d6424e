/* SPDX-License-Identifier: MIT */
/* A thread's last receive, in thread-local storage: the peer and the local address. */
#ifndef LAST_RECV_H
#define LAST_RECV_H

#include "base/compiler.h"
#include "wire/peer.h"

/* The state of a thread's last receive. */
enum {
	LAST_RECV_REPLIED = 1,	 /* the program has replied to it */
	LAST_RECV_PUBLISHED = 2, /* its host is in the table */
	LAST_RECV_PEEKED = 4,	 /* MSG_PEEK: the program will receive it again */
	LAST_RECV_INHERITED = 8, /* by the thread that forked this process */
};

/*
 * This thread's last receive. A signal handler may receive in the middle of a write, and again in
 * the middle of a read, and so on; `version` is odd while one is being written, and everything that
 * was read under it counts only if it is even and still the same.
 */
struct last_recv {
	uint32_t version;
	uint32_t flags;
	uint32_t tag;	      /* of the socket; LAST_RECV_NO_TAG: the fast path may not reply */
	int32_t errno_offset; /* from here to this thread's errno; 0: not known yet */
	uint64_t name;	      /* of the peer (peer_name()), if there is a tag */
	struct local local;
	uint64_t salt;	      /* of the space */
	unsigned long *count; /* this thread's counters */
	struct peer peer;     /* if `name` is not of AF_INET; port 0 and no address: none */
};

/* The value of no descriptor. */
enum { LAST_RECV_NO_TAG = INT32_MAX };

/*
 * All that the fast path needs is in one cache line. If `flags` is not 0, `count` and
 * `errno_offset` are set.
 */
extern HIDDEN __thread struct last_recv thread_last_recv __attribute__((aligned(64)));

/* Returns where this thread's errno is; after its first receive only. */
static inline int *last_recv_errno(void)
{
	return (int *)(void *)((char *)&thread_last_recv + thread_last_recv.errno_offset);
}

/* Keeps the compiler from moving reads and writes of this thread's memory across. */
#define signal_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* Writes it while the version is `during`. Returns false if another write interrupted this one. */
static inline __attribute__((always_inline)) bool
last_recv_write_during(struct last_recv *last_recv, uint32_t during, uint32_t tag, uint64_t name,
		       const struct peer *peer, uint64_t salt, const struct local *local)
{
	last_recv->version = during;
	signal_fence();
	last_recv->flags = 0;
	/* Word by word: a wider load of what was just stored in parts is slow. */
	last_recv->tag = tag;
	last_recv->name = name;
	if (peer)
		peer_copy(&last_recv->peer, peer);
	last_recv->local.half[0] = local->half[0];
	last_recv->local.half[1] = local->half[1];
	last_recv->local.packed = local->packed;
	last_recv->salt = salt;
	signal_fence();
	return likely(last_recv->version == during);
}

/* Writes it, whatever it interrupted or was interrupted by; the version was `before`. */
static inline __attribute__((always_inline)) void
last_recv_write_always(struct last_recv *last_recv, uint32_t before, uint32_t tag, uint64_t name,
		       const struct peer *peer, uint64_t salt, const struct local *local)
{
	uint32_t during;

	/* Interrupted by another write, it is written again: no mixture of two is left. */
	do
		during = (last_recv->version | 1) + 2;
	while (!last_recv_write_during(last_recv, during, tag, name, peer, salt, local));
	/* A write in a signal handler leaves it odd: the interrupted one is to come to its end. */
	if (likely(!(before & 1)))
		last_recv->version = during + 1;
}

/* The slow path of last_recv_write_as(). */
COLD void last_recv_write_slow(struct last_recv *last_recv, uint64_t before_and_tag, uint64_t name,
			       const struct peer *peer, uint64_t salt, const struct local *local);

/* The fast path of last_recv_write(), for a simple socket. `peer`: NULL if `name` is of AF_INET. */
static inline __attribute__((always_inline)) void
last_recv_write_as(struct last_recv *last_recv, uint32_t tag, uint64_t name,
		   const struct peer *peer, uint64_t salt, struct local local)
{
	uint32_t before = last_recv->version;

	if (likely(!(before & 1)) &&
	    last_recv_write_during(last_recv, before + 1, tag, name, peer, salt, &local)) {
		last_recv->version = before + 2;
	} else {
		/* Copies: what a pointer leads to would be in memory on the fast path too. */
		struct local copied;
		struct peer copy;

		local_copy(&copied, &local);
		if (peer)
			peer_copy(&copy, peer);
		last_recv_write_slow(last_recv, (uint64_t)before << 32 | tag, name,
				     peer ? &copy : NULL, salt, &copied);
	}
}

static inline __attribute__((always_inline)) void last_recv_write(struct last_recv *last_recv,
								  const struct peer *peer,
								  uint64_t salt, struct local local)
{
	last_recv_write_always(last_recv, last_recv->version, LAST_RECV_NO_TAG, 0, peer, salt,
			       &local);
}

/* Returns whose it was. */
static inline struct peer last_recv_peer(const struct last_recv *last_recv)
{
	return name_is_v4(last_recv->name) ? peer_of_name(last_recv->name) : last_recv->peer;
}

/* Copies a thread's last receive. Returns false if there is none, or it is being written. */
static inline bool last_recv_copy(const struct last_recv *last_recv, struct last_recv *copy)
{
	uint32_t version = last_recv->version;

	signal_fence();
	*copy = *last_recv;
	copy->peer = last_recv_peer(last_recv);
	signal_fence();
	return !(version & 1) && last_recv->version == version && (version || copy->peer.port);
}

/*
 * Returns true if it was that peer, on a socket of that port in that space, and copies the local
 * address.
 */
static inline __attribute__((always_inline)) bool last_recv_read(const struct last_recv *last_recv,
								 const struct peer *peer,
								 uint64_t salt, in_port_t port,
								 struct local *local)
{
	uint32_t version = last_recv->version;
	struct peer last;
	bool is;

	signal_fence();
	last = last_recv_peer(last_recv);
	is = last.half[1] == peer->half[1] && last.half[0] == peer->half[0] &&
	     last.port == peer->port && last.scope == peer->scope && last_recv->salt == salt &&
	     last_recv->local.port == port;
	local_copy(local, &last_recv->local);
	signal_fence();
	return likely(is) && !(version & 1) && last_recv->version == version;
}

/*
 * The fast path, which compares nothing but the socket's tag and the peer, may not reply to this
 * thread's last receive: the socket is connected or in another space by now.
 */
static inline void last_recv_clear_tag(struct last_recv *last_recv)
{
	last_recv->tag = LAST_RECV_NO_TAG;
}

/* The thread has received nothing, as far as replies go. */
static inline void last_recv_clear(struct last_recv *last_recv)
{
	static const struct peer nobody = { .port = 0 };
	static const struct local none = { .packed = 0 };

	last_recv_write(last_recv, &nobody, 0, none);
	last_recv->flags = LAST_RECV_REPLIED;
}

/* Returns true if the thread's last receive waits for its reply. */
static inline bool last_recv_is_open(const struct last_recv *last_recv)
{
	return !(last_recv->flags & (LAST_RECV_REPLIED | LAST_RECV_INHERITED));
}

/* Returns true for the moment after a fork in which the parent's last receive counts. errno stays.
 */
bool last_recv_is_fresh(void);

/* Returns true if a thread's last receive outranks the peer table: until it is replied to. */
static inline bool last_recv_outranks(const struct last_recv *last_recv)
{
	return !(last_recv->flags & LAST_RECV_REPLIED) &&
	       (likely(!(last_recv->flags & LAST_RECV_INHERITED)) || last_recv_is_fresh());
}

/* This process was forked: its thread's last receive is its parent's. */
void last_recv_forked(void);

#endif
