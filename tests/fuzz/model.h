/* SPDX-License-Identifier: MIT */
/*
 * What is expected of the sources: the sequence's own account of its sockets, and of who asked
 * where (sources.h). It knows less than the library (nothing of sockets on a port of the kernel's
 * choice) and then says that any address which was asked will do.
 */
#ifndef MODEL_H
#define MODEL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "sources.h"

void model_start(void);

/* The program bound a socket to that address. */
void model_bound(int fd, const struct sockaddr_storage *name);

/* Sends on the socket are no longer told apart (corked), or it was changed behind its back. */
void model_blur(int fd);

/* The program connected or disconnected a socket. */
void model_connected(int fd);

/* A call is about to receive. */
void model_receiving(int fd);

/* A datagram was received; its first bytes say who asked where, if there was room for them. */
void model_heard(int fd, const unsigned char *payload, size_t length, enum look look);

/* Returns the asker whose address that is, a closed port of its host (sources.h), or STRANGER. */
int model_peer_at(int fd, const struct sockaddr_storage *address, socklen_t length);

/*
 * Something is about to be sent to that peer, or the socket to be connected to it. From where will
 * it leave? `own` says that the program itself names a source.
 */
int model_sending(int fd, int peer, bool own);

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

/* This process was forked by the sequence. */
void model_forked(void);

/* A line about a source: what must be equal, and the source with what it may be. */
void model_trace(const char *what, const struct sockaddr_storage *source, int want);
#endif
