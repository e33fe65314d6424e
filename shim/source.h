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
 * This thread's last receive, and the fork's copy of it. It proves itself like any entry: a signal
 * handler that receives in the middle of a write leaves nothing that could be believed.
 */
struct heard {
	struct entry entry;
	uint64_t check_anywhere; /* the entry's check for the peer on whatever socket */
};
extern __thread struct heard source_last;

/* Counts for this thread. */
static inline void source_count(enum counter counter)
{
	counters_add(&source_last, counter);
}

static inline bool source_usable(const struct local *local)
{
	return (local->half[0] | local->half[1]) != 0;
}

/* What is not needed for every datagram: scope ids, log lines. */
void source_learn_rest(int fd, struct helped *helped, uint64_t cookie, const struct peer *peer,
		       const struct value *value);

/*
 * A datagram was received on `helped`, whose cookie was `cookie` when the receive began (its place
 * can be another socket's by now): remembers its local address, all zero for one that came by
 * broadcast or multicast: then nothing is to be attached, whatever was known before.
 */
static inline void source_learn(int fd, struct helped *helped, uint64_t cookie,
				const struct peer *peer, const struct local *local)
{
	struct value value = value_of_local(local);
	struct names names;

	source_count(COUNTER_learnt);
	names_of_peer(&names, &library.key, peer, cookie);
	entry_put(&source_last.entry, names.peer, &value, 0);
	source_last.check_anywhere = names.anywhere ^ value.check;
	peers_confirm(&library.peers, names.peer, &value);
	peers_confirm(&library.peers, names.host, &value);
	if (unlikely(peer->scope || report_on(LOG_DEBUG) || helped_is(helped, HELPED_CLOSED)))
		source_learn_rest(fd, helped, cookie, peer, &value);
}

/* Rules 2 to 4. */
bool source_find_in_memory(const struct helped *helped, const struct names *names,
			   struct local *local);

/* Rules 1 to 4. Returns false when nothing is to be attached. */
static inline bool source_find(const struct helped *helped, const struct peer *peer,
			       struct local *local)
{
	struct names names;

	names_of_peer(&names, &library.key, peer, helped_get(helped, cookie));
	if (likely(entry_read(&source_last.entry, names.peer, local))
		    ? likely(source_usable(local))
		    : source_find_in_memory(helped, &names, local))
		return true;
	source_count(COUNTER_bare);
	return false;
}

/* Did this thread receive anything yet? If not, rule 5 has nothing to say. */
static inline bool source_heard(void)
{
	return source_last.entry.check != 0;
}

/* Rule 5. */
bool source_find_fresh(const struct peer *peer, struct local *local);

/* The kernel refused the source: it is not used again until the peer asks again. */
void source_forget(const struct helped *helped, const struct peer *peer);

#endif
