// SPDX-License-Identifier: MIT
// From which address to answer: the order of knowledge.

#include "report.h"
#include "source.h"
#include "start.h"

__thread struct heard source_last;

/* What the sockets on a port heard from the peer since they share it, whichever did last. */
static struct name name_on_port(const struct helped *helped, struct peer peer)
{
	const struct hash_key *key = &library.peers.key;
	uint64_t salt = names_salt_of_port(key, helped_get(helped, port));
	struct names names = names_of_peer(key, peer, salt);

	return name_of_peer(&names);
}

void source_learn_rest(int fd, struct helped *helped, uint64_t salt, struct peer peer,
		       struct local local)
{
	struct peers *peers = &library.peers;
	struct names names;

	if (peer.scope) {
		/* Programs lose the scope id on the way to the reply. */
		struct peer scopeless = peer;

		scopeless.scope = 0;
		names = names_of_peer(&peers->key, scopeless, salt);
		peers_put(peers, name_of_peer(&names), local);
	}
	if (helped_is(helped, HELPED_PORT_SHARED))
		peers_put(peers, name_on_port(helped, peer), local);
	if (helped_is(helped, HELPED_CLOSED))
		helped_mark(helped, HELPED_CLOSED, false);
	report_peer(LOG_DEBUG, fd, "heard", &peer, &local.address);
}

/* That, or else the youngest memory of it among the other sockets from before. */
static bool find_on_port(const struct helped *helped, struct peer peer, struct local *local)
{
	const struct peers *peers = &library.peers;
	uint32_t used = __atomic_load_n(helped_used, __ATOMIC_ACQUIRE), best = UINT32_MAX;

	if (peers_find(peers, name_on_port(helped, peer), local))
		return true;
	for (uint32_t i = 0; i < used && i < SOCKETS; i++) {
		const struct helped *other = &helped_sockets[i];
		struct names names;
		uint32_t age;

		if (other == helped || helped_get(other, port) != helped_get(helped, port) ||
		    !(helped_get(other, tag) & DESCRIPTOR_HELPED))
			continue;
		names = names_of_peer(&peers->key, peer, helped_get(other, salt));
		age = peers_age(peers, name_of_peer(&names));
		if (age < best && peers_find(peers, name_of_peer(&names), local))
			best = age;
	}
	return best != UINT32_MAX;
}

bool source_find_in_memory(const struct helped *helped, const struct names *names, struct peer peer,
			   struct local *local)
{
	const struct peers *peers = &library.peers;

	return (peers_find(peers, name_of_peer(names), local) ||
		(helped_is(helped, HELPED_PORT_SHARED) && find_on_port(helped, peer, local)) ||
		peers_find(peers, name_of_host(names), local)) &&
	       source_usable(*local);
}

bool source_find_fresh(struct peer peer, struct local *local)
{
	struct names names = names_of_peer(&library.peers.key, peer, source_last.salt);

	return heard_read(&source_last, names.peer, local) && source_usable(*local);
}

void source_forget(const struct helped *helped, uint64_t salt, struct peer peer)
{
	struct peers *peers = &library.peers;
	struct names names = names_of_peer(&peers->key, peer, salt);
	const struct local none = { .ifindex = 0 };
	struct local wrong, host;

	if (peers_find(peers, name_of_host(&names), &host) &&
	    (!peers_find(peers, name_of_peer(&names), &wrong) ||
	     IN6_ARE_ADDR_EQUAL(&wrong.address, &host.address)))
		peers_forget(peers, name_of_host(&names));
	/* From no other address either, as without us. */
	peers_put(peers, name_of_peer(&names), none);
	if (helped_is(helped, HELPED_PORT_SHARED))
		peers_forget(peers, name_on_port(helped, peer));
	source_last.check = 0;
}
