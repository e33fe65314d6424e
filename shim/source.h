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
 * This thread's last receive, and the fork's copy of it. It counts as long as its turn is the one
 * that was written to the end: a signal handler that receives in the middle of a write, or of a
 * read, has taken another turn, and then nothing is believed.
 */
struct heard {
	uint32_t turn, whole;
	uint64_t peer; /* its name on the socket */
	uint64_t salt; /* of the socket */
	struct local local;
	unsigned long *count; /* this thread's counters */
};
extern __thread struct heard source_last;

/* The order in which a signal handler in this thread sees it. */
#define IN_ORDER __atomic_signal_fence(__ATOMIC_SEQ_CST)

static inline void heard_write(struct heard *heard, uint64_t peer, uint64_t salt,
			       struct local local)
{
	uint32_t turn = heard->turn + 1;

	heard->turn = turn;
	IN_ORDER;
	heard->peer = peer;
	heard->salt = salt;
	heard->local.half[0] = local.half[0];
	heard->local.half[1] = local.half[1];
	heard->local.ifindex = local.ifindex;
	IN_ORDER;
	heard->whole = turn;
}

/* Was it that peer? Copies the local address. */
static inline bool heard_read(const struct heard *heard, uint64_t peer, struct local *local)
{
	uint32_t turn = heard->turn;
	bool same;

	IN_ORDER;
	same = heard->peer == peer && heard->whole == turn;
	local->half[0] = heard->local.half[0];
	local->half[1] = heard->local.half[1];
	local->ifindex = heard->local.ifindex;
	IN_ORDER;
	return same && heard->turn == turn;
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
static inline bool source_find(const struct helped *helped, struct peer peer, struct local *local)
{
	struct names names = names_of_peer(&library.peers.key, peer, helped_get(helped, salt));

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
	return source_last.turn != 0;
}

/* Rule 5. */
bool source_find_fresh(struct peer peer, struct local *local);

/* The kernel refused the source: it is not used again until the peer asks again. */
void source_forget(const struct helped *helped, struct peer peer);

#endif
