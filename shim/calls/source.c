// SPDX-License-Identifier: MIT
// From which address to send: the order of knowledge.

#include <errno.h>

#include "base/log.h"
#include "calls/kernel_choice.h"
#include "calls/source.h"
#include "libc/libc.h"
#include "sockets/space.h"
#include "sockets/state.h"

static const struct local no_local = { .packed = 0 };

static bool is_same_address(struct local one, struct local other)
{
	return one.half[0] == other.half[0] && one.half[1] == other.half[1];
}

/* Rare ways have a stack frame of their own: the frequent ones take less stack for that. */
#define NOINLINE __attribute__((noinline))

/* An address of the same family as the peer's. */
static struct local local_of_setting(const struct peer *peer)
{
	struct local local = no_local;

	/*
	 * Loopback is reached from every source, and replies there are of use to this host alone.
	 */
	if (!address_is_loopback(&peer->host))
		local.address = library.settings.source[!address_is_v4(&peer->host)];
	return local;
}

/* Local ports whose requests get a reply late (or in another thread), and at once: a bit each. */
static uint8_t replies_late[65536 / 8], replies_here[65536 / 8];

static bool has_port(const uint8_t *ports, in_port_t port)
{
	return __atomic_load_n(&ports[port / 8], __ATOMIC_RELAXED) >> port % 8 & 1;
}

/* Two threads that add ports of one byte at once may lose one: it is added again. */
static void add_port(uint8_t *ports, in_port_t port)
{
	uint8_t now = __atomic_load_n(&ports[port / 8], __ATOMIC_RELAXED);

	if (!(now >> port % 8 & 1))
		__atomic_store_n(&ports[port / 8], (uint8_t)(now | 1 << port % 8),
				 __ATOMIC_RELAXED);
}

/* Returns true for the local address of the conversation before the present one. */
static NOINLINE bool is_past_address(const struct peer_hash *hash, const struct local *local)
{
	struct local before;

	return peers_find(&library.peers, key_of_past(hash, local->port), &before) &&
	       is_same_address(before, *local);
}

/*
 * The peer's local address is news in a conversation that the program began. Is it the kernel's
 * choice for the peer by now, then that is still so; if not, the peer asks.
 */
static NOINLINE bool is_kernel_choice(int fd, uint64_t salt, const struct peer *peer,
				      const struct local *local)
{
	struct in6_addr choice;

	return !kernel_choice(fd, salt, peer, &choice) ||
	       IN6_ARE_ADDR_EQUAL(&choice, &local->address);
}

static NOINLINE void put_past(const struct peer_hash *hash, const struct local *local)
{
	struct peer_key key = key_of_past(hash, local->port);

	peers_put_at(&library.peers, &key, local);
}

static NOINLINE void put_peer(const struct peer_hash *hash, const struct local *local)
{
	struct peer_key key = key_of_peer(hash, local->port);

	peers_put_at(&library.peers, &key, local);
}

/* An entry in use is kept young. */
static NOINLINE void keep_peer_young(const struct peer_hash *hash, const struct local *known)
{
	if (!peers_knows(&library.peers, key_of_peer(hash, known->port), *known))
		put_peer(hash, known);
}

/* This thread's last receive, in a conversation that the program began. */
static NOINLINE void write_own_last_recv(uint64_t salt, const struct peer *peer,
					 const struct local *received, bool own)
{
	struct local local = *received;

	local.state = own ? LOCAL_OWN : LOCAL_OWN_ASKED;
	/* The kernel's choice, for this thread too. */
	if (own)
		local.half[0] = local.half[1] = 0;
	last_recv_write(&thread_last_recv, peer, salt, local);
	if (own)
		thread_last_recv.flags = LAST_RECV_REPLIED;
}

/* Returns true if the program spoke first to the peer. Servers that never do need no search. */
static NOINLINE bool is_own_conversation(const struct peer_hash *hash, in_port_t port,
					 struct local *known)
{
	return __atomic_load_n(&library.peers.state->own, __ATOMIC_RELAXED) &&
	       peers_find(&library.peers, key_of_peer(hash, port), known) &&
	       known->state >= LOCAL_OWN;
}

/* Returns true if a datagram came from a peer to which the program spoke first. */
static NOINLINE bool learn_if_own(int fd, uint64_t salt, const struct peer_hash *hash,
				  const struct peer *peer, const struct local *local)
{
	struct local known;
	bool own;

	if (!is_own_conversation(hash, local->port, &known))
		return false;
	own = known.state == LOCAL_OWN;
	if (is_same_address(*local, known)) {
		keep_peer_young(hash, &known);
	} else {
		own = !local_is_usable(*local) || is_past_address(hash, local) ||
		      is_kernel_choice(fd, salt, peer, local);
		if (own && known.state == LOCAL_OWN && local_is_usable(known))
			put_past(hash, &known);
		known = *local;
		known.state = own ? LOCAL_OWN : LOCAL_OWN_ASKED;
		if (local_is_usable(*local))
			put_peer(hash, &known);
	}
	write_own_last_recv(salt, peer, local, own);
	return true;
}

static NOINLINE void learn_peer(int fd, uint64_t salt, const struct peer *stored,
				const struct peer *peer, const struct local *local)
{
	struct peer_hash hash = peer_hash_of(&library.peers.secret, *stored, salt);

	if (!learn_if_own(fd, salt, &hash, peer, local))
		put_peer(&hash, local);
}

/* Programs lose the scope id on the way to the reply. */
static NOINLINE void learn_scopeless(int fd, uint64_t salt, const struct peer *peer,
				     const struct local *local)
{
	struct peer scopeless = *peer;

	scopeless.scope = 0;
	learn_peer(fd, salt, &scopeless, peer, local);
}

bool source_learn_noinline(const struct tracked *tracked, uint64_t salt, const struct peer *peer,
			   const struct local *local)
{
	return source_learn_fast(tracked, salt, source_look_up(salt, *peer), peer, *local);
}

void source_learn_slow(int fd, struct tracked *tracked, uint64_t salt, const struct peer *peer,
		       struct local local)
{
	local.packed = local_pack(local.ifindex, tracked_get(tracked, port_and_mode));
	learn_peer(fd, salt, peer, peer, &local);
	if (peer->scope)
		learn_scopeless(fd, salt, peer, &local);
	if (tracked_is(tracked, TRACKED_MISSED)) {
		tracked_set(tracked, misses, (uint16_t)0);
		tracked_mark(tracked, TRACKED_MISSED, false);
	}
	log_peer(LOG_DEBUG, fd, "received", &peer->host, peer->port, &local.address);
}

void source_start_thread(void)
{
	if (thread_last_recv.count)
		return;
	thread_last_recv.count = counters_take();
	thread_last_recv.errno_offset = (int32_t)((char *)&errno - (char *)&thread_last_recv);
}

void source_publish(void)
{
	struct peer_hash hash;
	struct last_recv last;
	struct peer_key key;

	source_start_thread();
	if (!thread_last_recv.version) {
		thread_last_recv.flags = LAST_RECV_REPLIED;
		return;
	}
	if (!last_recv_copy(&thread_last_recv, &last))
		return;
	hash = peer_hash_of(&library.peers.secret, last.peer, last.salt);
	key = key_of_host(&hash, last.local.port);
	if (!peers_knows(&library.peers, key, last.local))
		peers_put(&library.peers, key, last.local);
	add_port(replies_late, last.local.port);
	thread_last_recv.flags |= LAST_RECV_PUBLISHED;
}

/* The host's entry says no more that a request waits for its reply. */
static NOINLINE void retract_host(const struct peer_hash *hash, in_port_t port,
				  const struct local *local)
{
	struct peer_key key = key_of_host(hash, port);
	struct local host;

	if (peers_find(&library.peers, key, &host) && is_same_address(host, *local))
		peers_forget(&library.peers, key);
}

void source_retract(uint64_t salt, const struct peer *peer, const struct local *local)
{
	struct peer_hash hash = peer_hash_of(&library.peers.secret, *peer, salt);

	retract_host(&hash, local->port, local);
}

bool source_is_still(uint64_t salt, const struct peer *peer, const struct local *local)
{
	struct peer_hash hash = peer_hash_of(&library.peers.secret, *peer, salt);

	return peers_knows(&library.peers, key_of_peer(&hash, local->port), *local);
}

/* Returns true if what is known of the peer gives a source. */
static bool use_known(const struct peer_hash *hash, bool is_last, const struct local *known)
{
	if (is_last && !(thread_last_recv.flags & LAST_RECV_REPLIED))
		thread_last_recv.flags = LAST_RECV_REPLIED;
	if (has_port(replies_late, known->port))
		retract_host(hash, known->port, known);
	return known->state != LOCAL_OWN && local_is_usable(*known);
}

/* Returns true if the thread's last receive came from that host, whatever the port. */
static NOINLINE bool is_last_host(const struct peer *peer, uint64_t salt, in_port_t port,
				  struct local *local)
{
	struct last_recv last;

	if (!last_recv_copy(&thread_last_recv, &last) || last.salt != salt ||
	    last.local.port != port || last.peer.scope != peer->scope ||
	    !IN6_ARE_ADDR_EQUAL(&last.peer.host, &peer->host))
		return false;
	*local = last.local;
	return last_recv_outranks(&last);
}

/* Finds where the peer's host asked, from another port, and still waits for a reply. */
static bool find_host(const struct peer_hash *hash, const struct peer *peer, in_port_t port,
		      uint64_t salt, struct local *local)
{
	if (is_last_host(peer, salt, port, local))
		thread_last_recv.flags = LAST_RECV_REPLIED;
	else if (!has_port(replies_late, port) ||
		 !peers_find(&library.peers, key_of_host(hash, port), local))
		return false;
	/* From now on this port of the host is known too. */
	put_peer(hash, local);
	return local_is_usable(*local);
}

/* Finds the source that the settings give for a peer to which the program speaks first. */
static NOINLINE bool find_by_setting(const struct peer_hash *hash, const struct peer *peer,
				     struct local *local)
{
	if (!library.settings.follow_tcp || !peers_find(&library.peers, key_of_tcp(hash), local))
		*local = local_of_setting(peer);
	local->state = LOCAL_SET;
	return local_is_usable(*local);
}

/* The program speaks first to a peer, on a socket of that port. */
static NOINLINE void speak_first(const struct peer_hash *hash, in_port_t port)
{
	const struct local own = { .port = port, .state = LOCAL_OWN };

	__atomic_store_n(&library.peers.state->own, 1, __ATOMIC_RELAXED);
	peers_put(&library.peers, key_of_peer(hash, port), own);
}

/* Of the peer itself nothing is known. */
static NOINLINE bool find_unknown(in_port_t port, uint64_t salt, const struct peer *peer,
				  struct local *local)
{
	struct peer_hash hash = peer_hash_of(&library.peers.secret, *peer, salt);
	bool found =
		find_host(&hash, peer, port, salt, local) || find_by_setting(&hash, peer, local);

	if (found)
		return true;
	/* The program speaks first. Before it does: the answer can be quick. */
	if (peer->port)
		speak_first(&hash, port);
	source_count(COUNTER_bare);
	return false;
}

bool source_find(struct tracked *tracked, uint64_t salt, const struct peer *peer,
		 struct local *local)
{
	in_port_t port = tracked_get(tracked, port);
	bool is_last = last_recv_read(&thread_last_recv, peer, salt, port, local), is_known,
	     found = false;

	{
		struct peer_hash hash = peer_hash_of(&library.peers.secret, *peer, salt);

		is_known = is_last && last_recv_outranks(&thread_last_recv);
		if (is_known) {
			if (!tracked_is(tracked, TRACKED_REPLIES)) {
				tracked_mark(tracked, TRACKED_REPLIES, true);
				add_port(replies_here, port);
			}
			found = use_known(&hash, true, local);
		} else if (peers_find(&library.peers, key_of_peer(&hash, port), local)) {
			is_known = true;
			found = use_known(&hash, is_last, local);
			if (!found && local->state == LOCAL_OWN)
				found = find_by_setting(&hash, peer, local);
		} else if (is_last && last_recv_read(&thread_last_recv, peer, salt, port, local)) {
			is_known = true;
			found = use_known(&hash, true, local);
		}
	}
	if (!is_known)
		return find_unknown(port, salt, peer, local);
	if (!found)
		source_count(COUNTER_bare);
	return found;
}

/* Returns true if this process answers the requests of that port on other sockets. */
static bool is_replied_elsewhere(in_port_t port)
{
	return has_port(replies_late, port) || !has_port(replies_here, port);
}

/* Looks for the request of a peer on any tracked socket of the process tree. */
static NOINLINE bool find_request(int fd, const struct peer *peer, struct local *local)
{
	struct space space;

	for (uint32_t i = 0; space_nth(i, &space); i++) {
		struct peer_hash hash = peer_hash_of(&library.peers.secret, *peer, space.salt);

		if (!peers_find(&library.peers, key_of_peer(&hash, 0), local))
			continue;
		if (space_netns(fd) == space.netns)
			return is_replied_elsewhere(local->port);
	}
	return false;
}

/* Returns true if the thread's last receive came from that very peer, on whatever socket. */
static NOINLINE bool is_last_peer(const struct peer *peer, struct last_recv *last)
{
	return last_recv_copy(&thread_last_recv, last) && last->peer.port == peer->port &&
	       last->peer.scope == peer->scope && IN6_ARE_ADDR_EQUAL(&last->peer.host, &peer->host);
}

/* The fresh socket replies to what its thread received last, on another socket. */
static NOINLINE bool find_last_receive(const struct peer *peer, struct local *local)
{
	struct last_recv last;

	if (!is_last_peer(peer, &last) || !last_recv_outranks(&last) ||
	    !local_is_usable(last.local))
		return false;
	source_replied(last.salt, peer, &last.local);
	add_port(replies_late, last.local.port);
	*local = last.local;
	return true;
}

static NOINLINE bool find_without_request(int fd, const struct peer *peer, struct local *local)
{
	struct peer_hash hash = { 0 };

	if (library.settings.follow_tcp)
		hash = peer_hash_of(&library.peers.secret, *peer, space_of(fd, 0));
	return find_by_setting(&hash, peer, local);
}

bool source_find_fresh(int fd, const struct peer *peer, struct local *local, bool *replies)
{
	int e = errno;
	bool found;

	*replies = descriptor_get(fd) == DESCRIPTOR_FRESH &&
		   (find_last_receive(peer, local) || find_request(fd, peer, local));
	found = *replies || find_without_request(fd, peer, local);
	errno = e;
	return found;
}

/* On sockets of one local port. */
static NOINLINE void forget_on_port(uint64_t salt, const struct peer *peer, in_port_t port,
				    const struct local *wrong)
{
	struct peer_hash hash = peer_hash_of(&library.peers.secret, *peer, salt);
	struct local refused;

	refused =
		(struct local){ .port = port,
				.state = is_own_conversation(&hash, port, &refused) ? LOCAL_OWN
										    : LOCAL_ASKED };
	retract_host(&hash, port, wrong);
	/* From no other address either, as without us. */
	peers_put(&library.peers, key_of_peer(&hash, port), refused);
}

/* Returns the port at which the peer asked for that local address; 0: it did not. */
static NOINLINE in_port_t port_asked(uint64_t salt, const struct peer *peer,
				     const struct local *local)
{
	struct peer_hash hash = peer_hash_of(&library.peers.secret, *peer, salt);
	struct local known;

	return peers_find(&library.peers, key_of_peer(&hash, 0), &known) &&
			       is_same_address(known, *local)
		       ? known.port
		       : 0;
}

/* A fresh socket replied to what came to another port. */
static NOINLINE void forget_asked(const struct peer *peer, const struct local *local)
{
	struct space space;

	for (uint32_t i = 0; space_nth(i, &space); i++) {
		in_port_t port = port_asked(space.salt, peer, local);

		if (port)
			forget_on_port(space.salt, peer, port, local);
	}
}

void source_forget(const struct tracked *tracked, uint64_t salt, const struct peer *peer,
		   const struct local *local)
{
	in_port_t port = tracked ? tracked_get(tracked, port) : 0;

	/* An address of the settings can come to this host at any time: it is tried again. */
	if (local->state == LOCAL_SET)
		return;
	if (port)
		forget_on_port(salt, peer, port, local);
	if (!port || tracked_is(tracked, TRACKED_ADOPTED))
		forget_asked(peer, local);
	source_start_thread();
	last_recv_clear(&thread_last_recv);
}

void source_accepted(int fd)
{
	struct sockaddr_in6 name;
	socklen_t length = sizeof(name);
	struct peer self, peer;
	struct peer_hash hash;
	struct local local = no_local;
	int e = errno;

	if (!libc.getsockname(fd, (struct sockaddr *)&name, &length) &&
	    peer_read(&self, &name, length) && (length = sizeof(name)) &&
	    !libc.getpeername(fd, (struct sockaddr *)&name, &length) &&
	    peer_read(&peer, &name, length)) {
		hash = peer_hash_of(&library.peers.secret, peer, space_of(fd, 0));
		local.address = self.host;
		peers_put(&library.peers, key_of_tcp(&hash), local);
	}
	errno = e;
}
