// SPDX-License-Identifier: MIT
// From which address to answer: the order of knowledge.

#include "report.h"
#include "source.h"
#include "start.h"

__thread struct heard source_last;

void source_learn_rest(int fd, struct helped *helped, uint64_t cookie, const struct peer *peer,
		       const struct value *value)
{
	struct peer scopeless = *peer;
	struct names names;
	struct local local;

	if (peer->scope) {
		/* Programs lose the scope id on the way to the reply. */
		scopeless.scope = 0;
		names_of_peer(&names, &library.key, &scopeless, cookie);
		peers_put_value(&library.peers, names.peer, value);
	}
	if (helped_is(helped, HELPED_CLOSED))
		helped_mark(helped, HELPED_CLOSED, false);
	local.half[0] = value->high;
	local.half[1] = value->low;
	report_peer(LOG_DEBUG, fd, "heard", peer, &local.address);
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

bool source_find_in_memory(const struct helped *helped, const struct names *names,
			   struct local *local)
{
	return (peers_find(&library.peers, names->peer, local) ||
		(helped_is(helped, HELPED_PORT_SHARED) &&
		 find_on_port(helped, names->anywhere, local)) ||
		peers_find(&library.peers, names->host, local)) &&
	       source_usable(local);
}

bool source_find_fresh(const struct peer *peer, struct local *local)
{
	struct entry entry = source_last.entry;
	struct names names;

	if (!entry.check)
		return false;
	names_of_peer(&names, &library.key, peer, 0);
	entry.check = source_last.check_anywhere;
	return entry_read(&entry, names.anywhere, local) && source_usable(local);
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
	source_last.entry.check = 0;
}
