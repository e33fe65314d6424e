/* SPDX-License-Identifier: MIT */
/*
 * From where a reply has to leave: the rules of shim/calls/source.h once more, as simple as can be. What
 * several processes know of a peer is kept for each local port; what a thread received last, for
 * the thread. Where the sequence itself cannot know it, it says so.
 */
#ifndef SOURCES_H
#define SOURCES_H

#include <stdbool.h>

#include "world.h"

enum {
	WANT_ANY = -1,	 /* the kernel's choice, or an address that somebody asked */
	WANT_PLAIN = -2, /* the kernel's choice */
	WANT_UNSET = -4, /* nothing was sent yet */
			 /* 0 and more: this destination */
};

/* Peers that the sequence can send to: behind the askers the closed port of each of their hosts. */
enum { HOSTS = 4, KNOWN = PEERS + HOSTS, STRANGER = -1 };
unsigned int sources_host(unsigned int peer);

/* Is it certain that the library does that? */
enum certainty { PERHAPS_IT_DOES, IT_DOES };

void sources_start(void);

/* A receive begins. */
void sources_receiving(enum certainty certainty);

/* How a receive looked at the datagram. */
enum look { TAKEN, PEEKED, PEEKED_IN_VECTOR };

/*
 * A datagram was received on a socket of that port: a peer's that asked at `where`, WANT_PLAIN for
 * broadcast and multicast, WANT_ANY if it does not show; STRANGER if the peer does not show.
 */
void sources_received(unsigned int port, int peer, int where, enum look look,
		      enum certainty certainty);

/* Something may have been received on a socket of another port. */
void sources_received_elsewhere(void);

/* From where leaves what is sent from a socket of that port, or from a fresh one? */
int sources_sending(unsigned int port, unsigned int peer, enum certainty certainty);
int sources_sending_fresh(int peer);

/* A call failed for a reason that the source can be: what is known of the peer may be forgotten. */
void sources_failed(int peer);

/* A child that shares all memory sent to the first peer. */
void sources_vforked(void);

/* A thread has its own last receive, and a forked child its parent's. */
struct last {
	int peer, port, where, state;
	unsigned int flags;
	bool unsure; /* of all but the port */
};
struct last sources_thread_start(void);
void sources_thread_end(struct last last);
void sources_forked(void);

#endif
