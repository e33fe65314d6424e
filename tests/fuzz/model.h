/* SPDX-License-Identifier: MIT */
/*
 * What is expected of the sources: the sequence's own account of who asked where. It knows less
 * than the library (nothing of several sockets on a port, of other ports of a host) and then says
 * that any address which was asked will do.
 */
#ifndef MODEL_H
#define MODEL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "world.h"

enum {
	WANT_ANY = -1,	 /* the kernel's choice, or an address that somebody asked */
	WANT_PLAIN = -2, /* the kernel's choice */
	WANT_UNSET = -4, /* nothing was sent yet */
			 /* 0 and more: this destination */
};

void model_start(void);

/* The program bound a socket to that address. */
void model_bound(int fd, const struct sockaddr_storage *name);

/* Sends on the socket are no longer told apart (corked), or it was changed behind its back. */
void model_blur(int fd);

/* A datagram was received; its first bytes say who asked where, if there was room for them. */
void model_heard(int fd, const unsigned char *payload, size_t length);

/* From where will an answer leave? `own` says that the program itself names a source. */
int model_want(int fd, unsigned int peer, bool own);
int model_want_connected(int fd, unsigned int peer);

/*
 * The program switched PKTINFO on. What was queued before carries less in it without the library,
 * which had it on already: there interface and local address are not compared. Nor are they where a
 * datagram came to a local address that connect() chose.
 */
void model_asked_for_pktinfo(int fd);
bool model_is_late(int fd, const unsigned char *payload, size_t length);

/* Is the socket a server's, which the library helps and remembers? */
bool model_is_served(int fd);

/* Has the socket another number too? */
bool model_has_twin(int fd);

/*
 * Does connect(AF_UNSPEC) lead to something else on each side? The kernel keeps the address that
 * connect() chose where ::ffff:0.0.0.0 was bound. That a client, known to others by another number
 * or in another process, becomes a server, they would learn too late. And a port of the kernel's
 * choice is the program's after the library kept it when the socket turned to another peer.
 */
bool model_is_elsewhere(int fd);
void model_turned(int fd);

/* Is the local address of the socket one that connect() chose? Then it may differ. */
bool model_is_chosen(int fd);

/* A thread has its own last receive, and a forked child its parent's. */
struct last {
	int socket, peer, destination;
};
struct last model_thread_start(void);
void model_thread_end(struct last last);

/* Is it that peer's address, as IPv4 or mapped? */
bool model_is_peer(const struct sockaddr_storage *address, unsigned int peer);

/* A line about a source: what must be equal, and the source with what it may be. */
void model_trace(const char *what, const struct sockaddr_storage *source, int want);
#endif
