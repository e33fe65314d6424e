/* SPDX-License-Identifier: MIT */
/* Two sockets alike, one for each side, and the same traffic for both. */
#ifndef PAIR_H
#define PAIR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../lib/side.h"

enum { KERNEL, LIBRARY, SIDES };
extern struct side *const sides[SIDES];

/* What kind of socket, and which traffic comes to it. */
enum family { FAMILY_V4, FAMILY_V6, FAMILY_DUAL, FAMILY_MAPPED, FAMILIES };

/* How the program treats its own PKTINFO option. */
enum own { OWN_OFF, OWN_BEFORE_BIND, OWN_AFTER_BIND, OWN_TOGGLED, OWN_STATES };

struct pair {
	enum family family;
	enum own own_v4, own_v6; /* IP_PKTINFO, IPV6_RECVPKTINFO */
	uint32_t options;	 /* bits: places in option_table */
	int fd[SIDES];
};

/* An option that brings control data. */
struct option_row {
	const char *name;
	int level, number, value;
	unsigned int families; /* bits: 1 << enum family */
};
extern const struct option_row option_table[];
extern const unsigned int option_count;

/* The bit of an option in struct pair's options. */
uint32_t option_bit(int level, int number);

enum { PORT = 5000, SENDER_PORT = 6000 };

/* Makes and binds both sockets to the wildcard address; the library must have taken its one up. */
void pair_open(struct pair *pair);
void pair_close(struct pair *pair);

/* Sends both sockets `count` datagrams of `size` bytes; a batch for UDP_GRO where that is on. */
void pair_feed(const struct pair *pair, size_t size, unsigned int count);

/* Sends a datagram from both sockets to a port where nobody is: an error is queued on them. */
void pair_provoke_error(const struct pair *pair);

/* Waits until what was sent has arrived, errors too. Both functions above have done so when they return. */
void pair_settle(const struct pair *pair);

/* The address from which pair_feed() sends, as the pair's sockets see it. */
socklen_t pair_sender(const struct pair *pair, struct sockaddr_storage *address);

/* The socket from which it sends, and where answers arrive. */
int pair_sender_descriptor(const struct pair *pair, int side);

/* For messages to people. */
const char *pair_describe(const struct pair *pair);

/* One option on both sockets; the answers must be the same. */
void pair_set(const struct pair *pair, int level, int name, int value);

#endif
