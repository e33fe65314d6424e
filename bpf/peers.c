// SPDX-License-Identifier: MIT
// Reads the peer table for a socket that connects.

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <bpf/bpf.h>

#include "engine.h"

static bool find(uint64_t hash, uint64_t key, uint64_t mask, uint64_t *entry)
{
	uint32_t buckets;
	const struct bucket *table = load_table(&buckets);

	for (int i = 0; i < BUCKET_SLOTS; i++) {
		*entry = __atomic_load_n(&table[bucket_of(hash, buckets)].entry[i],
					 __ATOMIC_RELAXED);
		if (!((*entry ^ key) & mask))
			return true;
	}
	return false;
}

/* Finds a request of the host from another port that waits for its reply. */
static bool find_host(uint64_t host, uint32_t local_port, uint64_t *entry)
{
	struct timespec now;
	uint64_t units;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	units = ((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec) >> 31;
	*entry = load_asked()[asked_index(host, local_port)];
	return asked_is_open(*entry, asked_name(host, local_port), (uint32_t)units);
}

/* Looks up the peer on this port, then on any, then its host, as the BPF programs do. */
static bool find_peer(const struct socket_state *state, uint64_t host, uint64_t hash,
		      uint32_t local_port, uint64_t *entry, bool *has_generation)
{
	uint64_t key = entry_key(hash, local_port);

	*has_generation = true;
	if (state->role != ROLE_FRESH &&
	    (find(host, key, KEY_MASK, entry) || find(hash, key, KEY_MASK, entry)))
		return entry_kind(*entry) == ENTRY_ASKED;
	if (state->role == ROLE_SERVER) {
		*has_generation = false;
		return find_host(host, local_port, entry);
	}
	return (find(host, key, ANY_PORT_MASK, entry) || find(hash, key, ANY_PORT_MASK, entry)) &&
	       entry_kind(*entry) == ENTRY_ASKED;
}

/* Reads the address in an entry's local slot. Returns false if the slot has another one now. */
static bool read_slot(uint64_t entry, bool has_generation, struct in6_addr *local, uint32_t *domain)
{
	const struct local_slot *slots = load_slots(), *slot;
	uint64_t part[4], of_domain;

	if (!slots || entry_slot(entry) < SLOT_FIRST)
		return false;
	slot = &slots[entry_slot(entry)];
	of_domain = __atomic_load_n(&slot->domain, __ATOMIC_RELAXED);
	for (int i = 0; i < 4; i++) {
		part[i] = __atomic_load_n(&slot->part[i], __ATOMIC_RELAXED);
		if ((part[i] ^ of_domain) >> 32)
			return false;
	}
	if (has_generation &&
	    (of_domain >> 32 & ((1 << GENERATION_BITS) - 1)) != entry_generation(entry))
		return false;
	*domain = (uint32_t)of_domain & ~SLOT_V4;
	if ((uint32_t)of_domain & SLOT_V4) {
		*local = (struct in6_addr){ 0 };
		local->s6_addr32[2] = htonl(0xffff);
		local->s6_addr32[3] = (uint32_t)part[0];
	} else {
		for (int i = 0; i < 4; i++)
			local->s6_addr32[i] = (uint32_t)part[i];
	}
	return true;
}

/* Computes the hash of the peer's host, and reads its port. */
static bool read_peer(const struct sockaddr *peer, socklen_t length, uint32_t network,
		      uint32_t link, uint64_t *host, in_port_t *port)
{
	struct sockaddr_in6 six;
	struct sockaddr_in four;

	if (peer->sa_family == AF_INET && length >= sizeof(four)) {
		memcpy(&four, peer, sizeof(four));
		*port = four.sin_port;
		*host = hash_host4(load_secrets(), four.sin_addr.s_addr, network, link);
		return true;
	}
	if (peer->sa_family != AF_INET6 || length < sizeof(six) - sizeof(six.sin6_scope_id))
		return false;
	memcpy(&six, peer, length < sizeof(six) ? length : sizeof(six));
	*port = six.sin6_port;
	*host = IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)
			? hash_host4(load_secrets(), six.sin6_addr.s6_addr32[3], network, link)
			: hash_host6(load_secrets(), six.sin6_addr.s6_addr32, network, link);
	return true;
}

bool peer_source(int fd, const struct sockaddr *peer, socklen_t length, struct in6_addr *local,
		 uint32_t *ifindex)
{
	struct sockaddr_in6 name = { 0 };
	socklen_t size = sizeof(name), link_size;
	struct socket_state state;
	uint64_t host, entry;
	uint32_t buckets, domain;
	in_port_t port;
	bool has_generation;
	int link = 0;

	link_size = sizeof(link);
	if (!load_table(&buckets) || bpf_map_lookup_elem(maps.sockets, &fd, &state) ||
	    state.role == ROLE_CLIENT || state.role == ROLE_EXCLUDED ||
	    getsockname(fd, (struct sockaddr *)&name, &size) ||
	    getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &link, &link_size) ||
	    !read_peer(peer, length, state.network, (uint32_t)link, &host, &port) ||
	    !find_peer(&state, host, hash_peer(load_secrets(), host, port), ntohs(name.sin6_port),
		       &entry, &has_generation) ||
	    !read_slot(entry, has_generation, local, &domain))
		return false;
	*ifindex = domain;
	return locals_have(state.network, domain, local);
}
