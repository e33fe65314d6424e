/* SPDX-License-Identifier: MIT */
/* The attacks: what the next frame of each is. */
#ifndef ATTACK_H
#define ATTACK_H

#include <stdbool.h>

#include "frame.h"

enum { DESTINATIONS_MAX = 64 };

/* What all attacks know. */
struct attack {
	struct in6_addr destinations[DESTINATIONS_MAX]; /* where the server can be asked */
	unsigned int count;
	uint64_t random;
	uint64_t sent;	/* frames so far */
	uint32_t peers; /* REPLYFROM_PEERS, for those who know the key */
	uint64_t netns; /* cookie of the server's network namespace, likewise */
};

/* A random one of the server's addresses, at its port. */
struct end any_destination(struct attack *attack);

/* A random source of the destination's family, with a random port. */
struct end any_source(struct attack *attack, const struct end *to);

/* Does an attack with IPv4, IPv6 have somewhere to go? */
bool has_family(const struct attack *attack, bool is_v4);

/* A question that nobody needs answered, but that the server cannot tell from others. */
void frame_flood(struct attack *attack, struct frame *frame, const struct end *from,
		 const struct end *to);

typedef void next_frame(struct attack *attack, struct frame *frame);
next_frame garbage, port_zero, forged_icmp, icmp_and_requests, aimed;

/* The attack of this name, or NULL. */
next_frame *attack_named(const char *name);

/* Looks for peers that are in the well-behaved ones' way, given the key. */
void aim(struct attack *attack);

#endif
