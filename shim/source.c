// SPDX-License-Identifier: MIT
// From which address to answer: the order of knowledge.

#include "report.h"
#include "source.h"
#include "start.h"

/*
 * This thread's last receive, and the fork's copy of it. It proves itself like any entry: a signal
 * handler that receives in the middle of a write leaves nothing that could be believed.
 */
static __thread struct {
	struct entry entry;
	uint64_t check_anywhere; /* the entry's check for the peer on whatever socket */
} last;

static bool usable(const struct local *local)
{
	return !IN6_IS_ADDR_UNSPECIFIED(&local->address);
}

void source_learn(int fd, struct helped *helped, const struct peer *peer, const struct local *local)
{
	struct peers *peers = &library.peers;
	struct names names;

	names_of_peer(&names, &library.key, peer, helped_get(helped, cookie));
	entry_write(&last.entry, names.peer, local, 0);
	last.check_anywhere = last.entry.check ^ names.peer ^ names.anywhere;
	peers_put(peers, names.peer, local);
	peers_put(peers, names.host, local);
	if (unlikely(peer->scope)) {
		struct peer scopeless = *peer;

		/* Programs lose the scope id on the way to the reply. */
		scopeless.scope = 0;
		names_of_peer(&names, &library.key, &scopeless, helped_get(helped, cookie));
		peers_put(peers, names.peer, local);
	}
	if (unlikely(helped_is(helped, HELPED_CLOSED)))
		helped_mark(helped, HELPED_CLOSED, false);
	report_peer(LOG_DEBUG, fd, "heard", peer, &local->address);
}

/* The youngest memory of the peer among the sockets on the same port. */
static bool find_on_port(const struct helped *helped, uint64_t anywhere, struct local *local)
{
	uint32_t used = __atomic_load_n(helped_used, __ATOMIC_ACQUIRE), best = UINT32_MAX;
	bool found = false;

	for (uint32_t i = 0; i < used && i < SOCKETS; i++) {
		const struct helped *other = &helped_sockets[i];
		uint64_t name;
		uint32_t age;

		if (other == helped || helped_get(other, port) != helped_get(helped, port) ||
		    !(helped_get(other, tag) & DESCRIPTOR_HELPED))
			continue;
		name = name_on_socket(&library.key, anywhere, helped_get(other, cookie));
		age = peers_age(&library.peers, name);
		if (age < best && peers_find(&library.peers, name, local)) {
			best = age;
			found = true;
		}
	}
	return found;
}

bool source_find(const struct helped *helped, const struct peer *peer, struct local *local)
{
	struct names names;

	names_of_peer(&names, &library.key, peer, helped_get(helped, cookie));
	if (entry_read(&last.entry, names.peer, local) ||
	    peers_find(&library.peers, names.peer, local) ||
	    (helped_is(helped, HELPED_PORT_SHARED) &&
	     find_on_port(helped, names.anywhere, local)) ||
	    peers_find(&library.peers, names.host, local))
		return usable(local);
	return false;
}

bool source_heard(void)
{
	return last.entry.check != 0;
}

bool source_find_fresh(const struct peer *peer, struct local *local)
{
	struct entry entry = last.entry;
	struct names names;

	if (!entry.check)
		return false;
	names_of_peer(&names, &library.key, peer, 0);
	entry.check = last.check_anywhere;
	return entry_read(&entry, names.anywhere, local) && usable(local);
}

void source_forget(const struct helped *helped, const struct peer *peer)
{
	struct local wrong, host;
	struct names names;

	names_of_peer(&names, &library.key, peer, helped_get(helped, cookie));
	if (peers_find(&library.peers, names.host, &host) &&
	    (!peers_find(&library.peers, names.peer, &wrong) ||
	     IN6_ARE_ADDR_EQUAL(&wrong.address, &host.address)))
		peers_forget(&library.peers, names.host);
	peers_forget(&library.peers, names.peer);
	last.entry.check = 0;
}
