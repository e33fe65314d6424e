/* SPDX-License-Identifier: MIT */
/* Ethernet frames as no honest host sends them: any source, any checksum. */
#ifndef FRAME_H
#define FRAME_H

#include <stddef.h>

#include "hostile.h"

enum { FRAME_MAX = 66 * 1024, DATAGRAM_MAX = 65000 };

struct frame {
	size_t length;
	unsigned char bytes[FRAME_MAX];
};

/* Ethernet addresses of the server and of the attacker: of all frames to come. */
void frame_between(const unsigned char *server, const unsigned char *own);

/* A right UDP datagram; IPv4 when the destination is. The payload: at most DATAGRAM_MAX bytes. */
void frame_udp(struct frame *frame, const struct end *from, const struct end *to,
	       const void *payload, size_t length);

/*
 * An ICMP or ICMPv6 error from a host about a datagram that it says it got: one from `from` to
 * `to`. `rest` is the word after the checksum.
 */
void frame_icmp(struct frame *frame, const struct in6_addr *host, const struct end *from,
		const struct end *to, uint8_t type, uint8_t code, uint32_t rest);

/* Makes the UDP checksum of frame_udp() a wrong one, but none that means "no checksum". */
void frame_spoil(struct frame *frame);

/*
 * Makes an IPv4 datagram of frame_udp() a fragment, from `offset` bytes on (a multiple of 8), with
 * more of it to come or not. Its payload stays.
 */
void frame_fragment(struct frame *frame, uint16_t id, uint16_t offset, int more);

#endif
