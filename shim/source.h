/* SPDX-License-Identifier: MIT */
/*
 * From which address to answer: the one place that knows the order of knowledge (docs/design.md,
 * "The order of knowledge"):
 *
 *  1. this thread's last receive, when it was from that peer on that socket;
 *  2. what the socket remembers of the peer;
 *  3. what other sockets on the same port remember of it;
 *  4. where the peer's host last asked this socket, from whatever port;
 *  5. for a fresh socket: this thread's last receive, when it was from that very peer.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "counters.h"
#include "pktinfo.h"
#include "report.h"
#include "socket.h"
#include "start.h"

/*
 * This thread's last receive, and the fork's copy of it. It proves itself: a signal handler that
 * receives in the middle of a write or of a read, or answers in the middle of one, finds and leaves
 * nothing that could be believed.
 */
struct heard {
	uint64_t check; /* its name on the socket, mixed with the local address; 0: nobody */
	uint64_t salt;	/* of the socket; without the right one nobody comes to that name */
	struct local local;
	unsigned long *count; /* this thread's counters */
};
extern __thread struct heard source_last;

/* Names are hashes: parts of two that are mixed don't come to the check of either. */
static inline uint64_t heard_check(uint64_t peer, struct local local)
{
	return peer + local.half[0] * UINT64_C(0x9e3779b97f4a7c15) +
	       local.half[1] * UINT64_C(0xc2b2ae3d27d4eb4f) +
	       local.ifindex * UINT64_C(0x165667b19e3779f9);
}

static inline void heard_write(struct heard *heard, uint64_t peer, uint64_t salt,
			       struct local local)
{
	heard->check = heard_check(peer, local);
	heard->salt = salt;
	heard->local.half[0] = local.half[0];
	heard->local.half[1] = local.half[1];
	heard->local.ifindex = local.ifindex;
}

/* Was it that peer? Copies the local address. */
static inline bool heard_read(const struct heard *heard, uint64_t peer, struct local *local)
{
	uint64_t check = __atomic_load_n(&heard->check, __ATOMIC_RELAXED);
	struct local copy;

	copy.half[0] = __atomic_load_n(&heard->local.half[0], __ATOMIC_RELAXED);
	copy.half[1] = __atomic_load_n(&heard->local.half[1], __ATOMIC_RELAXED);
	copy.ifindex = __atomic_load_n(&heard->local.ifindex, __ATOMIC_RELAXED);
	local->half[0] = copy.half[0];
	local->half[1] = copy.half[1];
	local->ifindex = copy.ifindex;
	return check == heard_check(peer, copy);
}

/* Counts for this thread. */
static inline void source_count(enum counter counter)
{
	if (unlikely(!source_last.count))
		source_last.count = counters_take();
	counters_add(source_last.count, counter);
}

static inline bool source_usable(struct local local)
{
	return (local.half[0] | local.half[1]) != 0;
}

/* What is not needed for every datagram: scope ids, shared ports, log lines. */
void source_learn_rest(int fd, struct helped *helped, uint64_t salt, struct peer peer,
		       struct local local);

/* The names of a datagram's peer; the entries that go by them are on their way to the cache. */
static inline struct names source_names(uint64_t salt, struct peer peer)
{
	struct names names = names_of_peer(&library.peers.key, peer, salt);

	peers_prefetch(&library.peers, &names);
	return names;
}

/*
 * A datagram was received on `helped`, whose salt was `salt` when the receive began (its place can
 * be another socket's by now): remembers its local address, all zero for one that came by
 * broadcast or multicast: then nothing is to be attached, whatever was known before.
 */
static inline __attribute__((always_inline)) void source_learn(int fd, struct helped *helped,
							       uint64_t salt, struct names names,
							       struct peer peer, struct local local)
{
	heard_write(&source_last, names.peer, salt, local);
	source_count(COUNTER_learnt);
	peers_confirm(&library.peers, &names, local);
	if (unlikely(peer.scope || helped_is(helped, HELPED_LEARNS_MORE)))
		source_learn_rest(fd, helped, salt, peer, local);
}

/* Rule 1, when it gives a source. */
static inline bool source_is_heard(uint64_t salt, struct peer peer, struct local *local)
{
	struct names names = names_of_peer(&library.peers.key, peer, salt);

	return heard_read(&source_last, names.peer, local) && source_usable(*local);
}

/* Rules 2 to 4. */
bool source_find_in_memory(const struct helped *helped, const struct names *names, struct peer peer,
			   struct local *local);

/* Rules 1 to 4. Returns false when nothing is to be attached. */
static inline bool source_find(const struct helped *helped, uint64_t salt, struct peer peer,
			       struct local *local)
{
	struct names names = names_of_peer(&library.peers.key, peer, salt);

	if (likely(heard_read(&source_last, names.peer, local))
		    ? likely(source_usable(*local))
		    : source_find_in_memory(helped, &names, peer, local))
		return true;
	source_count(COUNTER_bare);
	return false;
}

/* Did this thread receive anything yet? If not, rule 5 has nothing to say. */
static inline bool source_heard(void)
{
	return source_last.check != 0;
}

/* Rule 5. */
bool source_find_fresh(struct peer peer, struct local *local);

/* The kernel refused the source: it is not used again until the peer asks again. */
void source_forget(const struct helped *helped, uint64_t salt, struct peer peer);

#endif
