// SPDX-License-Identifier: MIT
// What should not be on the wire.

#include <string.h>

#include "attack.h"

/* A well-behaved host, of the destination's family. */
static struct end victim(struct attack *attack, const struct end *to)
{
	return (struct end){ client_host(chance(&attack->random, CLIENTS),
					 IN6_IS_ADDR_V4MAPPED(&to->host)),
			     CLIENT_PORT };
}

/* Must not be learnt: it is in a well-behaved host's name, who asked elsewhere. */
static void bad_checksum(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack), from = victim(attack, &to);

	frame_flood(attack, frame, &from, &to);
	frame_spoil(frame);
}

/* The same: a first fragment that nothing follows, and a last one with nothing before it. */
static void fragment(struct attack *attack, struct frame *frame)
{
	bool is_first = chance(&attack->random, 2);
	struct end to = any_destination(attack), from;

	if (!IN6_IS_ADDR_V4MAPPED(&to.host)) {
		bad_checksum(attack, frame);
		return;
	}
	from = victim(attack, &to);
	frame_flood(attack, frame, &from, &to);
	frame_fragment(frame, (uint16_t)(attack->sent * 2 + is_first), is_first ? 0 : 40, is_first);
}

/* Longer, or shorter, than its headers say; and too short for any. */
static void cut(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack), from = victim(attack, &to);

	frame_flood(attack, frame, &from, &to);
	frame->length = 14 + chance(&attack->random, (uint32_t)frame->length - 14);
}

static void empty(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack), from = any_source(attack, &to);

	frame_udp(frame, &from, &to, NULL, 0);
}

static void jumbo(struct attack *attack, struct frame *frame)
{
	static unsigned char payload[DATAGRAM_MAX];
	struct end to = any_destination(attack), from = any_source(attack, &to);

	frame_udp(frame, &from, &to, payload, chance(&attack->random, sizeof(payload)));
}

/* The server asks itself: at its own port, another address. */
static void self(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack), from;

	do
		from = any_destination(attack);
	while (!IN6_IS_ADDR_V4MAPPED(&from.host) != !IN6_IS_ADDR_V4MAPPED(&to.host));
	frame_flood(attack, frame, &from, &to);
}

/* Sources that are nobody's: the kernel lets some of them through. */
static void nobody(struct attack *attack, struct frame *frame)
{
	static const uint32_t v4[] = { 0xffffffff, 0xe0000001, 0xc00002ff, 0x00000000,
				       0x7f000001, 0xc0000200, 0xf0000001 };
	/* All nodes, the wildcard, the loopback address, a mapped address of the server's own. */
	static const struct in6_addr v6[] = {
		{ .s6_addr = { 0xff, 2, [15] = 1 } },
		{ .s6_addr = { 0 } },
		{ .s6_addr = { [15] = 1 } },
		{ .s6_addr = { [10] = 0xff, 0xff, 192, 0, 2, 2 } },
	};
	struct end to = any_destination(attack);
	struct end from = { .port = CLIENT_PORT };

	if (IN6_IS_ADDR_V4MAPPED(&to.host))
		from.host = mapped(v4[chance(&attack->random, sizeof(v4) / sizeof(*v4))]);
	else
		from.host = v6[chance(&attack->random, sizeof(v6) / sizeof(*v6))];
	frame_flood(attack, frame, &from, &to);
}

/* To everybody on the link: teaches nothing about its sender. */
static void broadcast(struct attack *attack, struct frame *frame)
{
	struct end to = { mapped(chance(&attack->random, 2) ? 0xffffffff : 0xc00002ff),
			  SERVER_PORT };
	struct end from = any_source(attack, &to);

	frame_flood(attack, frame, &from, &to);
}

void port_zero(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack), from = any_source(attack, &to);

	from.port = 0;
	frame_flood(attack, frame, &from, &to);
}

/* Errors of all kinds about what the server never sent, to whom it never sent it. */
void forged_icmp(struct attack *attack, struct frame *frame)
{
	struct end from = any_destination(attack), to, host;
	uint8_t type = 3, code = (uint8_t)chance(&attack->random, 16);

	to = chance(&attack->random, 2) ? victim(attack, &from) : any_source(attack, &from);
	host = any_source(attack, &from);
	if (IN6_IS_ADDR_V4MAPPED(&from.host)) {
		/* Unreachable in all ways, time exceeded, parameter problem, source quench. Half of
		 * them: net unreachable, an error that a wrong source can have too. */
		if (chance(&attack->random, 2))
			code = 0;
		else if (chance(&attack->random, 3) == 0)
			type = (uint8_t[]){ 11, 12, 4 }[chance(&attack->random, 3)];
	} else if (chance(&attack->random, 2)) {
		type = 1;
		code = 0;
	} else {
		type = (uint8_t)(1 + chance(&attack->random, 4));
		code = (uint8_t)chance(&attack->random, type == 1 ? 8 : 2);
	}
	frame_icmp(frame, &host.host, &from, &to, type, code, 1400);
}

/* The same among requests, so that they come while the server sends. */
void icmp_and_requests(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack), from = any_source(attack, &to);

	if (attack->sent % 2)
		forged_icmp(attack, frame);
	else
		frame_flood(attack, frame, &from, &to);
}

void garbage(struct attack *attack, struct frame *frame)
{
	static next_frame *const kinds[] = {
		bad_checksum, fragment, cut, empty, self, nobody, broadcast, port_zero, forged_icmp,
	};

	if (attack->sent % 256 == 0)
		jumbo(attack, frame);
	else
		kinds[chance(&attack->random, sizeof(kinds) / sizeof(*kinds))](attack, frame);
}
