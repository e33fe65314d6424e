/* SPDX-License-Identifier: MIT */
/*
 * From which address to send: the one place that knows the order of knowledge (docs/design.md, "The
 * order of knowledge").
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "counters.h"
#include "pktinfo.h"
#include "report.h"
#include "socket.h"
#include "start.h"

/* The state of a peer's entry in the table: whose conversation it is. */
enum {
	LOCAL_ASKED = 0,     /* the peer asked at that local address: replies leave from there */
	LOCAL_ADOPTED = 1,   /* the same, on a fresh socket that answered the peer */
	LOCAL_OWN = 2,	     /* the program spoke first: the kernel chooses the source. The local
				address, if any, is the one at which the peer's answers arrive */
	LOCAL_OWN_ASKED = 3, /* the program spoke first, and then the peer asked at this address */
};

/* What became of a thread's last receive. */
enum {
	HEARD_ANSWERED = 1,  /* the program has answered it */
	HEARD_PUBLISHED = 2, /* its host is in the table */
	HEARD_PEEKED = 4,    /* MSG_PEEK: the program will receive it again */
	HEARD_INHERITED = 8, /* by the thread that forked this process */
};

/*
 * This thread's last receive. It proves itself: a signal handler that receives in the middle of a
 * write or of a read, or sends in the middle of one, finds and leaves nothing that matches.
 */
struct heard {
	uint64_t check; /* the peer's hash, mixed with the rest; 0: nobody */
	uint64_t host;	/* the host's hash */
	uint64_t salt;	/* of the space; without the right one nothing comes to that hash */
	struct local local;
	uint32_t flags;
	unsigned long *count; /* this thread's counters */
};
extern __thread struct heard source_last;

/* Parts of two that are mixed do not come to the check of either. */
static inline uint64_t heard_check(const struct names *names, struct local local)
{
	return names->peer + local.half[0] * UINT64_C(0x9e3779b97f4a7c15) +
	       local.half[1] * UINT64_C(0xc2b2ae3d27d4eb4f) +
	       local.rest * UINT64_C(0x165667b19e3779f9);
}

static inline void heard_write(struct heard *heard, const struct names *names, uint64_t salt,
			       struct local local)
{
	heard->flags = 0;
	heard->check = heard_check(names, local);
	heard->host = names->host;
	heard->salt = salt;
	heard->local.half[0] = local.half[0];
	heard->local.half[1] = local.half[1];
	heard->local.rest = local.rest;
}

/* Returns true if it was that peer, on a socket of that port (0: any), and copies the local
 * address. */
static inline bool heard_read(const struct heard *heard, const struct names *names, in_port_t port,
			      struct local *local)
{
	uint64_t check = __atomic_load_n(&heard->check, __ATOMIC_RELAXED);
	struct local copy;

	copy.half[0] = __atomic_load_n(&heard->local.half[0], __ATOMIC_RELAXED);
	copy.half[1] = __atomic_load_n(&heard->local.half[1], __ATOMIC_RELAXED);
	copy.rest = __atomic_load_n(&heard->local.rest, __ATOMIC_RELAXED);
	local->half[0] = copy.half[0];
	local->half[1] = copy.half[1];
	local->rest = copy.rest;
	return check == heard_check(names, copy) && (!port || copy.port == port);
}

/* Returns true if the thread's last receive waits for its answer. */
static inline bool heard_is_open(const struct heard *heard)
{
	return !(heard->flags & (HEARD_ANSWERED | HEARD_INHERITED));
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

/* What is not needed for every datagram: scope ids, log lines, misses. */
void source_learn_rest(int fd, struct helped *helped, uint64_t salt, struct peer peer,
		       struct local local);

/* The slow path of source_learn(): the table does not say so, or not at the usual place. */
void source_learn_slow(int fd, struct helped *helped, uint64_t salt, const struct names *names,
		       const struct peer *peer, struct local local);

/* Returns the hashes of a datagram's peer; its entry is on its way to the cache. */
static inline struct names source_names(uint64_t salt, struct peer peer)
{
	struct names names = names_of_peer(&library.peers.key, peer, salt);

	peers_prefetch(&library.peers, &names);
	return names;
}

/*
 * A datagram was received on `helped`, whose salt was `salt` when the receive began (its record can
 * be another socket's by now): remembers its local address, all zero for one that came by broadcast
 * or multicast: then nothing is to be attached.
 */
static inline __attribute__((always_inline)) void source_learn(int fd, struct helped *helped,
							       uint64_t salt, struct names names,
							       struct peer peer, struct local local)
{
	local.port = helped_get(helped, port);
	local.state = helped_get(helped, mode);
	heard_write(&source_last, &names, salt, local);
	source_count(COUNTER_learnt);
	if (unlikely(!peers_knows(&library.peers, name_of_peer(&names, local.port), local)))
		source_learn_slow(fd, helped, salt, &names, &peer, local);
	if (unlikely(peer.scope || helped_is(helped, HELPED_LEARNS_MORE)))
		source_learn_rest(fd, helped, salt, peer, local);
}

/* The slow path of source_begin_receive(). */
void source_publish(void);

/*
 * A thread is about to receive. If its last receive still waits for its answer, then this program
 * answers later, or in another thread, or to another port: the peer's host is remembered too.
 */
static inline void source_begin_receive(void)
{
	if (unlikely(!source_last.flags && source_last.check))
		source_publish();
}

/* The slow path of source_answer(): the host was in the table. */
void source_retract(const struct names *names, struct local local);

/* The thread's last receive is being answered. */
static inline void source_answered(const struct names *names, struct local local)
{
	if (unlikely(source_last.flags & HEARD_PUBLISHED))
		source_retract(names, local);
	source_last.flags = HEARD_ANSWERED;
}

/*
 * The fast path of source_find(): the thread answers its last receive, for the first time or as the
 * table still says.
 */
static inline bool source_is_heard(in_port_t port, uint64_t salt, struct peer peer,
				   struct local *local)
{
	struct names names = names_of_peer(&library.peers.key, peer, salt);

	if (!heard_read(&source_last, &names, port, local) || !source_usable(*local))
		return false;
	if (likely(heard_is_open(&source_last))) {
		source_answered(&names, *local);
		return true;
	}
	return peers_knows(&library.peers, name_of_peer(&names, port), *local);
}

/*
 * Returns true if a source is to be attached to what is sent to that peer on that socket, and
 * which: *local. Returns false when the kernel is to choose.
 */
bool source_find(struct helped *helped, uint64_t salt, struct peer peer, struct local *local);

/*
 * Returns true if something can be known of the peers of a socket that is bound to no port: the
 * process tree has received something, or there is a source by setting.
 */
static inline bool source_concerns_fresh(void)
{
	return source_last.check || !peers_is_empty(&library.peers) || library.settings.some_source;
}

/*
 * Returns what source_find() does, for a socket that is bound to no port. *answers: it answers a
 * peer's question, so it is to be tracked from now on.
 */
bool source_find_fresh(int fd, struct peer peer, struct local *local, bool *answers);

/* The kernel refused the source: it is not used again until the peer asks again. */
void source_forget(const struct helped *helped, uint64_t salt, struct peer peer);

/* A space in which sockets are tracked: fresh sockets look there. */
void source_add_space(uint64_t salt, uint64_t netns);

/* A TCP connection was accepted (REPLYFROM_FOLLOW_TCP=1). errno stays. */
void source_accepted(int fd);

/* This process was forked: its thread's last receive is its parent's. */
void source_forked(void);

#endif
