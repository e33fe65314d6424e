/* SPDX-License-Identifier: MIT */
/* What the server, its well-behaved client and the attacker say to each other. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	SERVER_PORT = 5000,
	CLIENT_PORT = 4000,
	CLIENTS = 64,	     /* well-behaved hosts of each family; client_host() says which */
	DELAY_MAX = 1 << 18, /* datagrams */
};

enum kind {
	QUESTION = 0x51554553,
	ANSWER = 0x414e5357,
	FLOOD = 0x464c4f4f, /* answered like a question */
	FLOOD_ANSWER = 0x464c414e,
	MARK = 0x4d41524b, /* answered at once, whatever the server does else */
	MARK_ANSWER = 0x4d41414e,
};

/* The payload of every datagram, but of the attackers' garbage. */
struct message {
	uint32_t kind;
	uint32_t number; /* repeated in the answer */
	uint32_t delay;	 /* answer after so many further datagrams were read */
	int32_t pid;	 /* from here on: in a MARK_ANSWER, about the server */
	uint64_t read;	 /* datagrams so far */
	uint64_t netns;	 /* SO_NETNS_COOKIE of its socket, 0 before Linux 5.14 */
};

/* An address and port; IPv4 as v4-mapped. */
struct end {
	struct in6_addr host;
	uint16_t port; /* host byte order */
};

static inline struct in6_addr mapped(uint32_t v4)
{
	return (struct in6_addr){ .s6_addr32 = { 0, 0, htonl(0xffff), htonl(v4) } };
}

/* The address of a well-behaved host: 198.51.100.128 and on, 2001:db8:c::1 and on. */
static inline struct in6_addr client_host(unsigned int i, int is_v4)
{
	if (is_v4)
		return mapped(0xc6336480u + i);
	return (struct in6_addr){ .s6_addr32 = { htonl(0x20010db8), htonl(0xc0000), 0,
						 htonl(i + 1) } };
}

/* An address from the command line; ends the program when it is none. */
struct in6_addr read_address(const char *text);

/* Ends the program with errno's text when a call failed; else what the call returned. */
static inline int must(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

/* A cheap random number below a bound. */
static inline uint32_t chance(uint64_t *random, uint32_t below)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((*random >> 32) * below >> 32);
}

#endif
