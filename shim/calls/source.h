/* SPDX-License-Identifier: MIT */
/*
 * From which address to send: the one place that knows the order of knowledge (docs/design.md, "The
 * order of knowledge").
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "base/counters.h"
#include "base/log.h"
#include "peers/last_recv.h"
#include "sockets/classify.h"
#include "sockets/pktinfo_option.h"
#include "sockets/state.h"
#include "wire/pktinfo.h"

/* Finds what a thread needs for its counters and its errno, once. */
COLD void source_start_thread(void);

/* Counts for this thread. */
static inline void source_count(enum counter counter)
{
	if (unlikely(!thread_last_recv.count))
		source_start_thread();
	counters_add(thread_last_recv.count, counter);
}

/* The hash of a datagram's peer, and the bucket for it. */
struct looked_up {
	const struct peer_bucket *bucket;
	uint64_t hash;
};

/* Its entry is on its way to the cache. */
static inline __attribute__((always_inline)) struct looked_up source_look_up(uint64_t salt,
									     struct peer peer)
{
	struct peer_hash hash = peer_hash_of(&library.peers.secret, peer, salt);

	return (struct looked_up){ peers_prefetch(&library.peers, &hash), hash.peer };
}

/*
 * A datagram was received on `tracked`, whose salt was `salt` when the receive began (its record
 * can be another socket's by now): remembers its local address, all zero for one that came by
 * broadcast or multicast: then nothing is to be attached. Returns true if the table knows that
 * already; else source_learn_slow() has to follow.
 */
static inline __attribute__((always_inline)) bool
source_learn_fast(const struct tracked *tracked, uint64_t salt, struct looked_up looked_up,
		  const struct peer *peer, struct local local)
{
	local.packed = local_pack(local.ifindex, tracked_get(tracked, port_and_mode));
	last_recv_write(&thread_last_recv, peer, salt, local);
	source_count(COUNTER_learnt);
	return likely(peers_know_at(&library.peers, looked_up.bucket, looked_up.hash, local)) &&
	       likely(!peer->scope && !tracked_is(tracked, TRACKED_LEARNS_MORE));
}

/*
 * source_learn_fast() on a socket of that tag for which tracked_is_simple() holds: nothing more is
 * to be asked when the program replies to the peer of that name. `peer` is NULL if the name is of
 * AF_INET.
 */
static inline __attribute__((always_inline)) bool
source_learn_simple(const struct tracked *tracked, uint32_t tag, uint64_t salt, uint64_t name,
		    const struct peer *peer, struct local local)
{
	struct peer v4;

	local.packed = local_pack(local.ifindex, tracked_get(tracked, port_and_mode));
	/* Link-local ones need an interface too. */
	if (peer &&
	    unlikely(half_is_link_local(peer->half[0]) || half_is_link_local(local.half[0])))
		tag = LAST_RECV_NO_TAG;
	last_recv_write_as(&thread_last_recv, tag, name, peer, salt, local);
	counters_add(thread_last_recv.count, COUNTER_learnt);
	if (peer)
		return likely(peers_know_peer(&library.peers, peer, salt, local)) &&
		       likely(!peer->scope);
	v4 = peer_of_name(name);
	return likely(peers_know_peer(&library.peers, &v4, salt, local));
}

/* source_learn_fast() as a function of its own, for rare cases. */
bool source_learn_noinline(const struct tracked *tracked, uint64_t salt, const struct peer *peer,
			   const struct local *local);

/* Stores what source_learn_fast() did not find in the table. */
void source_learn_slow(int fd, struct tracked *tracked, uint64_t salt, const struct peer *peer,
		       struct local local);

/* The slow path of source_begin_receive(), and the start of a thread that never received. */
void source_publish(void);

/*
 * A thread is about to receive. If its last receive still waits for its reply, then this program
 * replies later, or in another thread, or to another port: the peer's host is remembered too.
 */
static inline void source_begin_receive(int fd, struct tracked *tracked)
{
	if (unlikely(!thread_last_recv.flags))
		source_publish();
	if (unlikely(options_changes() != tracked_get(tracked, options)))
		options_refresh(fd, tracked);
}

/* Returns true if there is nothing to do in source_begin_receive(). */
static inline bool source_has_begun(const struct tracked *tracked)
{
	return likely(thread_last_recv.flags) &&
	       likely(options_changes() == tracked_get(tracked, options));
}

/* The slow path of source_replied(): the host was in the table. */
void source_retract(uint64_t salt, const struct peer *peer, const struct local *local);

/* The thread's last receive is being replied to. */
static inline __attribute__((always_inline)) void
source_replied(uint64_t salt, const struct peer *peer, const struct local *local)
{
	if (unlikely(thread_last_recv.flags & LAST_RECV_PUBLISHED)) {
		/* A copy: what a pointer leads to would be in memory on the fast path too. */
		struct peer copy;
		struct local copied;

		peer_copy(&copy, peer);
		local_copy(&copied, local);
		source_retract(salt, &copy, &copied);
	}
	thread_last_recv.flags = LAST_RECV_REPLIED;
}

/* The reply was not sent after all: it is tried again, from the same local address. */
static inline void source_reopen(void)
{
	thread_last_recv.flags &= ~(uint32_t)LAST_RECV_REPLIED;
}

/* Returns true if the table has exactly that for a peer. */
bool source_is_still(uint64_t salt, const struct peer *peer, const struct local *local);

/*
 * The fast path of source_find(): the thread replies to its last receive, for the first time or as
 * the table still says. Nothing is hashed for that.
 */
static inline __attribute__((always_inline)) bool
source_find_fast(in_port_t port, uint64_t salt, const struct peer *peer, struct local *local)
{
	struct peer copy;
	struct local copied;

	if (unlikely(!last_recv_read(&thread_last_recv, peer, salt, port, local) ||
		     !local_is_usable(*local)))
		return false;
	if (likely(last_recv_is_open(&thread_last_recv))) {
		source_replied(salt, peer, local);
		return true;
	}
	peer_copy(&copy, peer);
	local_copy(&copied, local);
	return source_is_still(salt, &copy, &copied);
}

/*
 * The fast path of source_find_fast(), in two steps, for a first reply. First: returns true if the
 * thread's last receive was on the socket of the descriptor with that value. *version is for the
 * second step.
 */
static inline __attribute__((always_inline)) bool source_is_on(uint32_t value, uint32_t *version)
{
	*version = thread_last_recv.version;
	signal_fence();
	return likely(thread_last_recv.tag == value);
}

/*
 * Second: if it came from that address, of at least the size of a sockaddr_in, writes where it was
 * received as the source of the reply (pktinfo_write_v6()). Returns the length; 0: it did not.
 */
static inline __attribute__((always_inline)) size_t
source_write(uint32_t version, const void *address, socklen_t length, void *control)
{
	uint64_t name = peer_name(address);
	struct local local;
	struct peer peer;
	size_t size;

	if (unlikely(thread_last_recv.name != name || thread_last_recv.flags))
		return 0;
	if (likely(name_is_v4(name))) {
		size = pktinfo_write_v4(control, thread_last_recv.local.address.s6_addr32[3], 0);
	} else {
		if (length < sizeof(struct sockaddr_in6))
			return 0;
		peer_read_v6(&peer, address);
		if (unlikely(thread_last_recv.peer.half[0] != peer.half[0] ||
			     thread_last_recv.peer.half[1] != peer.half[1]))
			return 0;
		local_copy(&local, &thread_last_recv.local);
		size = pktinfo_write_local(control, &local, 0);
	}
	signal_fence();
	if (unlikely(version & 1 || thread_last_recv.version != version))
		return 0;
	thread_last_recv.flags = LAST_RECV_REPLIED;
	return size;
}

/*
 * Returns true if a source is to be attached to what is sent to that peer on that socket, and
 * which: *local. Returns false when the kernel is to choose.
 */
bool source_find(struct tracked *tracked, uint64_t salt, const struct peer *peer,
		 struct local *local);

/*
 * Returns true if something can be known of the peers of a socket that is bound to no port: the
 * process tree has received something, or there is a source by setting.
 */
static inline bool source_concerns_fresh(void)
{
	return thread_last_recv.version || !peers_is_empty(&library.peers) ||
	       settings_has_source(&library.settings);
}

/*
 * Returns what source_find() does, for a socket that is bound to no port. *replies: it replies to a
 * peer's request, so it is to be tracked from now on.
 */
bool source_find_fresh(int fd, const struct peer *peer, struct local *local, bool *replies);

/*
 * The kernel refused the source `local` on the socket of `tracked`, or on a fresh one (NULL): it is
 * not used again until the peer asks again.
 */
void source_forget(const struct tracked *tracked, uint64_t salt, const struct peer *peer,
		   const struct local *local);

/* A TCP connection was accepted (REPLYFROM_FOLLOW_TCP=1). errno stays. */
void source_accepted(int fd);

#endif
