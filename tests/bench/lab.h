/* SPDX-License-Identifier: MIT */
/* Servers' sockets and the crowd of clients, on the loopback interface of a private namespace. */
#ifndef LAB_H
#define LAB_H

#include "bench.h"

/* What travels; the server sends it back as it came. */
struct question {
	uint32_t peer;	/* who asks */
	uint32_t asked; /* which of the server's addresses */
	uint32_t port;	/* and ports */
	unsigned char padding[PAYLOAD - 12];
};

enum family { V4, V6, DUAL, ANYIP, FAMILIES }; /* ANYIP: IPv6, addresses of a local route */
extern const char *const family_names[FAMILIES];
enum family family_of(const char *name);

enum { SERVER_ADDRESSES = 8, CLIENT_SOCKETS = 4 };

/* Many peers on few sockets: each datagram chooses its own source address. */
struct clients {
	enum family family;
	unsigned int peers, next;
	unsigned int addresses; /* of the server, asked in turn */
	bool moving;		/* a peer's next request goes to another address */
	int sockets[CLIENT_SOCKETS];
};

/* A server's socket on a port of the wildcard address; native ones get PKTINFO. */
int lab_server(enum family family, enum side side, uint16_t port, bool share_port);
void lab_clients(struct clients *clients, enum family family, unsigned int peers);

/* The n-th address of the server, as a client of that family reaches it. */
socklen_t lab_server_address(struct sockaddr_in6 *name, enum family family, unsigned int n,
			     uint16_t port);

/* `count` requests, of one peer after the other, to one server address after the other. */
void lab_ask(struct clients *clients, uint16_t port, unsigned int count);

/* Takes `count` replies; returns how many did not come from the address that was asked. */
unsigned int lab_collect(struct clients *clients, unsigned int count);

#endif
