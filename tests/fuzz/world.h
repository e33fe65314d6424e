/* SPDX-License-Identifier: MIT */
/* What one run of a sequence lives in: a network namespace, descriptors, peers, a trace. */
#ifndef WORLD_H
#define WORLD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "../lib/loopback.h"
#include "sequence.h"

enum {
	SLOTS = 8,	 /* descriptors that a sequence has to do with */
	PORTS = 3,	 /* ports that it binds, from the base port on */
	PEER_PORT = 4,	 /* offset of the first peer's port */
	CLOSED_PORT = 9, /* offset of a port where nobody is */
	BLOCK = 16,	 /* ports that belong to one run */
	HIGH = LOOPBACK_HIGH, /* descriptors from here on are not the sequence's */
};

enum { PEERS = 5, DESTINATIONS = 10, ASKED_WHERE_CHOSEN = 0xff };

/* Who asks: the first two are one host. */
struct asker {
	int family;
	const char *address;
};
extern const struct asker askers[PEERS];

/* Where is asked; only what came by unicast teaches an address. */
struct destination {
	int family;
	const char *address;
	enum { UNICAST, BROADCAST, MULTICAST } cast;
};
extern const struct destination destinations[DESTINATIONS];

struct world {
	uint16_t base;	 /* first port of the run */
	int slot[SLOTS]; /* descriptor numbers, -1 before the first */
	int peer[PEERS];
	unsigned int at; /* the call that is running */
	bool is_child;	 /* forked by the sequence */
};
extern struct world world;

/* The trace: text in memory that all processes of a run write one after the other. */
enum { TRACE_SIZE = 1 << 20 };
struct trace {
	uint32_t length;
	char text[TRACE_SIZE];
};
extern struct trace *trace;
void trace_add(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A short fingerprint of memory. */
uint32_t trace_hash(const void *memory, size_t size);

/* A network namespace of this process's own, with addresses on lo; skips without one. */
void network_make(void);

/* The peers' sockets, which the library does not see. */
void network_peers(void);

/* A sockaddr for one of the addresses above; returns its length. */
socklen_t network_address(struct sockaddr_storage *address, int family, const char *host,
			  uint16_t port);

/* CALL_ASK: a peer sends to the port that a descriptor is bound to. */
void peer_ask(const struct call *call, int fd);

/* What the sources of answers have to be (model.h), for each peer; set by the call that sends. */
extern int wanted_from[PEERS];

/* Writes down what came to the peers. */
void peers_collect(void);

/* Does the calls of a sequence that are kept (a bit each), and writes down what came of them. */
void perform_all(const struct sequence *sequence, uint64_t keep, unsigned int from,
		 unsigned int to);

/* The families of calls. */
void perform_socket(const struct call *call, int *slot);
void perform_bind(const struct call *call, int fd);
void perform_connect(const struct call *call, int fd);
void perform_names(const struct call *call, int fd);
void perform_open(const struct call *call, int *slot);
void perform_descriptor(const struct call *call, int *slot);
void perform_pass(const struct call *call, int *slot);
void perform_vfork(const struct call *call, int fd);
void perform_send(const struct call *call, int fd);
void perform_receive(const struct call *call, int fd);
void perform_option(const struct call *call, int fd);

/* Before a call: errno gets a value no call sets, so that one which touches it shows. */
enum { ERRNO_BEFORE = 777 };

/* Is the descriptor of a kind whose calls may be given bad pointers? None of the library's. */
bool may_fault(int fd);

/* Raw system calls that know nothing of the library. */
long raw_getsockopt(int fd, int level, int name);
bool raw_name(int fd, bool peer, struct sockaddr_storage *name);

#endif
