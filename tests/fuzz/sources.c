// SPDX-License-Identifier: MIT
// From where a reply has to leave: who asked where, and who spoke first.

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sources.h"

enum { NOBODY = -1, OTHER_PORT = PORTS };

/* Of an entry: shim/calls/source.h. */
enum { NONE, ASKED, OWN, OWN_ASKED };

enum { ANSWERED = 1, PUBLISHED = 2, WAS_PEEKED = 4, INHERITED = 8, PERHAPS_PEEKED = 16 };

enum { NO, YES, PERHAPS };

struct entry {
	int state, where;
	bool unsure;
	bool may_be_own; /* of one that is unsure: the program may have spoken first */
};

/* All there is to know; `late`: does this process remember the hosts of that port? */
static struct shared {
	struct entry peer[PORTS][KNOWN], host[PORTS][HOSTS];
	bool elsewhere; /* something may be known at other ports */
} * shared;
static int late[PORTS];
static _Thread_local struct last mine = { .peer = NOBODY, .port = OTHER_PORT };

struct view {
	struct shared shared;
	int late[PORTS];
	struct last mine;
};

/* The destination that the kernel would choose as the source for each peer; NOBODY: none of them.
 */
static int choice[KNOWN];

unsigned int sources_host(unsigned int peer)
{
	return peer >= PEERS ? peer - PEERS : peer ? peer - 1 : 0;
}

static int find_choice(unsigned int peer)
{
	struct sockaddr_storage address;
	char text[INET6_ADDRSTRLEN] = "";
	int family = askers[peer].family, fd = loopback_socket(family, SOCK_DGRAM), found = NOBODY;
	socklen_t length = network_address(&address, family, askers[peer].address, world.base);

	if (!syscall(SYS_connect, fd, &address, length) && raw_name(fd, false, &address))
		inet_ntop(family,
			  family == AF_INET ? (void *)&((struct sockaddr_in *)&address)->sin_addr
					    : (void *)&((struct sockaddr_in6 *)&address)->sin6_addr,
			  text, sizeof(text));
	for (int i = 0; i < DESTINATIONS; i++)
		if (!strcmp(text, destinations[i].address))
			found = i;
	syscall(SYS_close, fd);
	return found;
}

void sources_start(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		abort();
	for (unsigned int peer = 0; peer < PEERS; peer++)
		choice[peer] = choice[PEERS + sources_host(peer)] = find_choice(peer);
}

static struct view look_around(void)
{
	struct view view = { .shared = *shared, .mine = mine };

	memcpy(view.late, late, sizeof(late));
	return view;
}

static void make_true(const struct view *view)
{
	*shared = view->shared;
	memcpy(late, view->late, sizeof(late));
	mine = view->mine;
}

static void merge_entry(struct entry *entry, const struct entry *other)
{
	bool same = entry->state == other->state && entry->where == other->where;

	entry->may_be_own |= other->may_be_own || entry->state >= OWN || other->state >= OWN;
	entry->unsure |= other->unsure || !same;
}

/* One of the two is true. */
static struct view merge(const struct view *one, const struct view *other)
{
	struct view view = *one;

	for (int port = 0; port < PORTS; port++) {
		for (int peer = 0; peer < KNOWN; peer++)
			merge_entry(&view.shared.peer[port][peer], &other->shared.peer[port][peer]);
		for (int host = 0; host < HOSTS; host++)
			merge_entry(&view.shared.host[port][host], &other->shared.host[port][host]);
		if (view.late[port] != other->late[port])
			view.late[port] = PERHAPS;
	}
	view.shared.elsewhere |= other->shared.elsewhere;
	if (one->mine.peer != other->mine.peer || one->mine.port != other->mine.port ||
	    one->mine.where != other->mine.where || one->mine.state != other->mine.state ||
	    one->mine.flags != other->mine.flags || other->mine.unsure)
		view.mine.unsure = true;
	return view;
}

static void doubt(struct entry *entry)
{
	entry->may_be_own |= entry->state >= OWN;
	entry->unsure = true;
}

static void doubt_hosts(struct view *view, int port)
{
	for (int host = 0; port < PORTS && host < HOSTS; host++)
		doubt(&view->shared.host[port][host]);
	if (port < PORTS)
		view->late[port] = PERHAPS;
}

/* source_publish() */
static void publish(struct view *view)
{
	struct last *last = &view->mine;

	if (last->port < PORTS) {
		view->shared.host[last->port][sources_host((unsigned int)last->peer)] =
			(struct entry){ .state = last->state, .where = last->where };
		view->late[last->port] = YES;
	}
	last->flags |= PUBLISHED;
}

void sources_receiving(enum certainty certainty)
{
	struct view before = look_around(), view = before;

	if (view.mine.unsure)
		doubt_hosts(&view, view.mine.port);
	else if (view.mine.peer != NOBODY && !(view.mine.flags & ~(unsigned int)PERHAPS_PEEKED))
		publish(&view);
	if (certainty != IT_DOES || view.mine.flags & PERHAPS_PEEKED)
		view = merge(&before, &view);
	make_true(&view);
}

/* source_learn_slow(), learn_own() */
static void learn(struct view *view, unsigned int port, unsigned int peer, int where)
{
	struct entry *entry = &view->shared.peer[port][peer];
	struct last *last = &view->mine;
	bool is_own;

	*last = (struct last){
		.peer = (int)peer, .port = (int)port, .where = where, .state = ASKED
	};
	if (where == WANT_ANY)
		doubt(entry);
	if (where == WANT_ANY || (entry->unsure && entry->may_be_own)) {
		last->unsure = true;
		return;
	}
	if (entry->unsure || entry->state < OWN) {
		*entry = (struct entry){ .state = ASKED, .where = where };
		return;
	}
	is_own = entry->state == OWN;
	if (where != entry->where) {
		is_own = where == WANT_PLAIN || where == choice[peer];
		if (where != WANT_PLAIN)
			*entry =
				(struct entry){ .state = is_own ? OWN : OWN_ASKED, .where = where };
	}
	last->state = is_own ? OWN : OWN_ASKED;
	if (is_own) {
		last->where = WANT_PLAIN;
		last->flags = ANSWERED;
	}
}

void sources_received(unsigned int port, int peer, int where, enum look look,
		      enum certainty certainty)
{
	struct view before = look_around(), view = before;

	if (peer == STRANGER) {
		for (unsigned int other = 0; other < PEERS; other++)
			doubt(&view.shared.peer[port][other]);
		view.mine = (struct last){ .peer = 0, .port = (int)port, .unsure = true };
	} else {
		learn(&view, port, (unsigned int)peer, where);
	}
	view.mine.flags |= look == PEEKED ? WAS_PEEKED : look == TAKEN ? 0 : PERHAPS_PEEKED;
	if (certainty != IT_DOES)
		view = merge(&view, &before);
	make_true(&view);
}

void sources_received_elsewhere(void)
{
	sources_receiving(PERHAPS_IT_DOES);
	mine.unsure = true;
	shared->elsewhere = true;
}

/* source_retract() */
static void retract(struct view *view, int port, unsigned int peer, int where)
{
	struct entry *entry;

	if (port >= PORTS)
		return;
	entry = &view->shared.host[port][sources_host(peer)];
	if (!entry->unsure && entry->state != NONE && entry->where == where)
		*entry = (struct entry){ .state = NONE };
}

/* source_answered() */
static void answer(struct view *view, int port, unsigned int peer, int where)
{
	if (view->mine.flags & PUBLISHED)
		retract(view, port, peer, where);
	view->mine.flags = ANSWERED;
}

/* use_known() */
static int use(struct view *view, bool is_last, int port, unsigned int peer, int state, int where)
{
	struct view other = *view;

	if (is_last) {
		answer(view, port, peer, where);
	} else if (view->late[port] != NO) {
		retract(view, port, peer, where);
		if (view->late[port] == PERHAPS)
			*view = merge(&other, view);
	}
	return state == OWN ? WANT_PLAIN : where;
}

/* What find_host() finds, or NULL; an entry that is unsure if that is. */
static const struct entry *find_host(struct view *view, unsigned int port, unsigned int peer,
				     bool outranks)
{
	static struct entry known;
	struct last *last = &view->mine;
	bool is_host = last->peer != NOBODY &&
		       sources_host((unsigned int)last->peer) == sources_host(peer);

	if (is_host && last->port == (int)port && outranks) {
		known = (struct entry){ .state = last->state, .where = last->where };
		answer(view, (int)port, peer, last->where);
		return &known;
	}
	known = view->shared.host[port][sources_host(peer)];
	if (view->late[port] == NO || (!known.unsure && known.state == NONE))
		return NULL;
	known.unsure |= view->late[port] == PERHAPS;
	return &known;
}

/* source_find(): the thread's last receive outranks the table, or does not. */
static int find(struct view *view, unsigned int port, unsigned int peer, bool outranks)
{
	struct entry *entry = &view->shared.peer[port][peer];
	struct last last = view->mine;
	bool is_last = last.peer == (int)peer && last.port == (int)port;
	const struct entry *host;

	if (is_last && outranks)
		return use(view, true, (int)port, peer, last.state, last.where);
	if (entry->unsure) {
		entry->may_be_own = true;
		doubt(&view->shared.host[port][sources_host(peer)]);
		if (is_last)
			view->mine.flags = ANSWERED;
		else if (outranks && last.peer != NOBODY &&
			 sources_host((unsigned int)last.peer) == sources_host(peer))
			view->mine.unsure = true;
		return WANT_ANY;
	}
	if (entry->state != NONE)
		return use(view, is_last, (int)port, peer, entry->state, entry->where);
	if (is_last)
		return use(view, true, (int)port, peer, last.state, last.where);
	host = find_host(view, port, peer, outranks);
	if (host && host->unsure) {
		*entry = *host;
		entry->may_be_own = true;
		return WANT_ANY;
	}
	if (host && host->where != WANT_PLAIN) {
		*entry = *host;
		return host->where;
	}
	*entry = (struct entry){ .state = OWN, .where = WANT_PLAIN };
	return WANT_PLAIN;
}

/* Whose last receive it was does not show. */
static int find_unsure(struct view *view, unsigned int port, unsigned int peer)
{
	struct view other = *view;

	other.mine = (struct last){ .peer = NOBODY, .port = OTHER_PORT };
	find(&other, port, peer, false);
	*view = merge(view, &other);
	doubt(&view->shared.host[port][sources_host(peer)]);
	view->mine.unsure = true;
	return WANT_ANY;
}

int sources_sending(unsigned int port, unsigned int peer, enum certainty certainty)
{
	struct view before = look_around(), view = before, other = before;
	int want, otherwise;

	if (view.mine.unsure) {
		want = find_unsure(&view, port, peer);
	} else {
		want = find(&view, port, peer, !(before.mine.flags & ANSWERED));
		/* What a fork copied outranks the table for a second. */
		otherwise = before.mine.flags & INHERITED ? find(&other, port, peer, false) : want;
		if (before.mine.flags & INHERITED)
			view = merge(&view, &other);
		if (want != otherwise)
			want = WANT_ANY;
	}
	if (certainty != IT_DOES) {
		view = merge(&before, &view);
		want = WANT_ANY;
	}
	make_true(&view);
	return want;
}

/* Can a question of that peer be found at any port? */
static bool may_have_asked(int peer)
{
	bool may = shared->elsewhere;

	for (int port = 0; peer != STRANGER && port < PORTS; port++)
		may |= shared->peer[port][peer].unsure || (shared->peer[port][peer].state != NONE &&
							   shared->peer[port][peer].where >= 0);
	return may && peer != STRANGER;
}

int sources_sending_fresh(int peer)
{
	bool is_last = mine.peer == peer && peer != STRANGER;
	int want = WANT_ANY;

	/* It answers the thread's last receive, or that is answered already. */
	if (!mine.unsure && is_last && !(mine.flags & INHERITED))
		want = mine.flags & ANSWERED || mine.state == OWN ? WANT_PLAIN : mine.where;
	if (!mine.unsure && is_last && mine.port < PORTS) {
		if (!(mine.flags & ANSWERED) && late[mine.port] == NO)
			late[mine.port] = PERHAPS;
		if (mine.flags & PUBLISHED)
			doubt(&shared->host[mine.port][sources_host((unsigned int)peer)]);
	}
	/* If it answers it has a port and a question of its own from now on. */
	if (is_last ? !(mine.flags & ANSWERED) : may_have_asked(peer)) {
		mine.unsure = true;
		shared->elsewhere = true;
	}
	return want;
}

void sources_failed(int peer)
{
	for (int port = 0; peer != STRANGER && port < PORTS; port++) {
		doubt(&shared->peer[port][peer]);
		doubt(&shared->host[port][sources_host((unsigned int)peer)]);
	}
	mine.unsure = true;
}

void sources_vforked(void)
{
	sources_failed(0);
	for (int port = 0; port < PORTS; port++)
		shared->peer[port][0].may_be_own = true;
}

struct last sources_thread_start(void)
{
	struct last last = mine;

	mine = (struct last){ .peer = NOBODY, .port = OTHER_PORT };
	return last;
}

void sources_thread_end(struct last last)
{
	mine = last;
}

void sources_forked(void)
{
	if (mine.peer != NOBODY)
		mine.flags |= INHERITED;
}
