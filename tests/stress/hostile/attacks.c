// SPDX-License-Identifier: MIT
// The attacks by requests that look like anybody's.

#include <string.h>

#include "attack.h"

enum { CALM = 64 /* peers */, VICTIMS = 8 };

struct end any_destination(struct attack *attack)
{
	return (struct end){ attack->destinations[chance(&attack->random, attack->count)],
			     SERVER_PORT };
}

bool has_family(const struct attack *attack, bool is_v4)
{
	for (unsigned int i = 0; i < attack->count; i++)
		if (!!IN6_IS_ADDR_V4MAPPED(&attack->destinations[i]) == is_v4)
			return true;
	return false;
}

static struct in6_addr numbered_host(uint32_t number, bool is_v4)
{
	/* 203.0.113.0/24; 2001:db8:8000::/34, which no link is in. */
	if (is_v4)
		return mapped(0xcb007100u | (number & 0xff));
	return (struct in6_addr){ .s6_addr32 = { htonl(0x20010db8), htonl(0x80000000), 0,
						 htonl(number) } };
}

struct end any_source(struct attack *attack, const struct end *to)
{
	bool is_v4 = IN6_IS_ADDR_V4MAPPED(&to->host);
	struct end from = { numbered_host(chance(&attack->random, 1u << 31), is_v4),
			    (uint16_t)(1 + chance(&attack->random, 65535)) };

	if (!is_v4)
		for (int i = 1; i < 4; i++)
			from.host.s6_addr32[i] |= htonl(chance(&attack->random, 1u << 30));
	return from;
}

void frame_flood(struct attack *attack, struct frame *frame, const struct end *from,
		 const struct end *to)
{
	struct message message = { .kind = FLOOD, .delay = chance(&attack->random, 1024) };

	frame_udp(frame, from, to, &message, sizeof(message));
}

/* No attack: as much traffic, but from peers that stay, and stay with an address. */
static void calm(struct attack *attack, struct frame *frame)
{
	uint32_t who = (uint32_t)(attack->sent % CALM);
	struct end to = { attack->destinations[who % attack->count], SERVER_PORT };
	struct end from = { numbered_host(who, IN6_IS_ADDR_V4MAPPED(&to.host)), 1000 };

	frame_flood(attack, frame, &from, &to);
}

static void random_sources(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack), from = any_source(attack, &to);

	frame_flood(attack, frame, &from, &to);
}

static void all_ports(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack);
	struct end from = { numbered_host(1, IN6_IS_ADDR_V4MAPPED(&to.host)),
			    (uint16_t)(1 + attack->sent % 65535) };

	frame_flood(attack, frame, &from, &to);
}

static void many_hosts(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack);
	struct end from = { numbered_host((uint32_t)attack->sent, IN6_IS_ADDR_V4MAPPED(&to.host)),
			    CLIENT_PORT };

	frame_flood(attack, frame, &from, &to);
}

/* 65,536 local addresses one after the other: 2001:db8:a::/112, 198.51.100.64/26. */
static void many_addresses(struct attack *attack, struct frame *frame)
{
	uint32_t number = (uint32_t)(attack->sent & 0xffff);
	bool is_v4 = !has_family(attack, false) || (has_family(attack, true) && number % 8 == 0);
	struct end from = { numbered_host((uint32_t)(attack->sent % CALM), is_v4), 1000 };
	struct end to = { mapped(0xc6336440u + number / 8 % 64), SERVER_PORT };

	if (!is_v4)
		to.host = (struct in6_addr){ .s6_addr32 = { htonl(0x20010db8), htonl(0xa0000), 0,
							    htonl(number) } };
	frame_flood(attack, frame, &from, &to);
}

/* Any address of a whole prefix that is local: 2001:db8:a::/96, or with IPv4 198.51.100.64/26. */
static void whole_prefix(struct attack *attack, struct frame *frame)
{
	bool is_v4 = !has_family(attack, false);
	struct end from = { numbered_host((uint32_t)(attack->sent % CALM), is_v4), 1000 };
	struct end to = { mapped(0xc6336440u + chance(&attack->random, 64)), SERVER_PORT };

	if (!is_v4)
		to.host = (struct in6_addr){ .s6_addr32 = {
						     htonl(0x20010db8), htonl(0xa0000), 0,
						     htonl(chance(&attack->random, 1u << 31)) } };
	frame_flood(attack, frame, &from, &to);
}

static void turncoats(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack);
	struct end from = {
		numbered_host(chance(&attack->random, CALM), IN6_IS_ADDR_V4MAPPED(&to.host)), 1000
	};

	frame_flood(attack, frame, &from, &to);
}

/* Sources that the server has no route to, as battle.py made it: 192.0.2.128/25,
 * 2001:db8:7000::/36. */
static void unreachable(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack), from = any_source(attack, &to);

	if (IN6_IS_ADDR_V4MAPPED(&to.host))
		from.host = mapped(0xc0000280u + chance(&attack->random, 128));
	else
		from.host.s6_addr32[1] = htonl(0x70000000 + chance(&attack->random, 1u << 28));
	frame_flood(attack, frame, &from, &to);
}

/* In the name of some well-behaved hosts, at any of the server's addresses. */
static void impostors(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack);
	struct end from = { client_host(chance(&attack->random, VICTIMS),
					IN6_IS_ADDR_V4MAPPED(&to.host)),
			    CLIENT_PORT };

	frame_flood(attack, frame, &from, &to);
}

/* Other ports of the same hosts. */
static void neighbours(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack);
	struct end from = { client_host(chance(&attack->random, CLIENTS),
					IN6_IS_ADDR_V4MAPPED(&to.host)),
			    (uint16_t)(CLIENT_PORT + 1 + chance(&attack->random, 60000)) };

	frame_flood(attack, frame, &from, &to);
}

static const struct {
	const char *name;
	next_frame *next;
} table[] = {
	{ "calm", calm },
	{ "sources", random_sources },
	{ "ports", all_ports },
	{ "hosts", many_hosts },
	{ "addresses", many_addresses },
	{ "prefix", whole_prefix },
	{ "turncoats", turncoats },
	{ "garbage", garbage },
	{ "port-zero", port_zero },
	{ "unreachable", unreachable },
	{ "icmp", icmp_and_requests },
	{ "impostors", impostors },
	{ "neighbours", neighbours },
	{ "aimed", aimed },
};

next_frame *attack_named(const char *name)
{
	for (unsigned int i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (!strcmp(name, table[i].name))
			return table[i].next;
	return NULL;
}
