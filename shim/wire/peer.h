/* SPDX-License-Identifier: MIT */
/* Peers and local addresses in one canonical form, whatever socket and sockaddr they came through.
 */
#ifndef PEER_H
#define PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/address.h"

/*
 * The sender of a datagram. An IPv4 address is kept v4-mapped (::ffff:a.b.c.d, RFC 4291 2.5.5.2),
 * the scope id only for a link-local address (RFC 4007 section 6), the port in network byte order.
 * Flow label, sin_zero and the sockaddr's length make no difference.
 */
struct peer {
	union {
		struct in6_addr host;
		uint64_t half[2]; /* to write and read the host in registers */
	};
	uint32_t scope;
	uint32_t port;
};

/* The state of a peer's entry in the table: whose conversation it is. */
enum {
	LOCAL_ASKED = 0,     /* the peer asked at that local address: replies leave from there */
	LOCAL_ADOPTED = 1,   /* LOCAL_ASKED on a fresh socket that replied to the peer */
	LOCAL_OWN = 2,	     /* the program spoke first: the kernel chooses the source. The local
				address, if any, is the one at which the peer's answers arrive */
	LOCAL_OWN_ASKED = 3, /* the program spoke first, and then the peer asked at this address */
	LOCAL_SET = 4,	     /* in no entry: chosen by a setting, for what has no request */
};

/*
 * Where a datagram was received: the local address, the interface, and the local port of the socket
 * (network byte order). An all-zero address means: the peer is known, but nothing is to be
 * attached. `state` says whose conversation it is (source.h).
 */
struct local {
	union {
		struct in6_addr address;
		uint64_t half[2];
	};
	union {
		struct {
			uint32_t ifindex;
			in_port_t port;
			uint16_t state;
		};
		uint64_t packed; /* all of them in one register */
	};
};
_Static_assert(sizeof(struct local) == 24, "three words");

static inline bool local_is_usable(struct local local)
{
	return (local.half[0] | local.half[1]) != 0;
}

/* Returns struct local's `packed`, made in a register; port and state as they lie in memory. */
static inline uint64_t local_pack(uint32_t ifindex, uint32_t port_and_state)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return ifindex | (uint64_t)port_and_state << 32;
#else
	return (uint64_t)ifindex << 32 | port_and_state;
#endif
}

/*
 * A peer's name: the first eight bytes of its sockaddr as they lie in memory. With AF_INET these
 * are family, port and address, so they stand for the peer.
 */
static inline uint64_t peer_name(const void *sockaddr)
{
	uint64_t name;

	memcpy(&name, sockaddr, sizeof(name));
	return name;
}

static inline bool name_is_v4(uint64_t name)
{
	sa_family_t family;

	memcpy(&family, &name, sizeof(family));
	return family == AF_INET;
}

/* Returns the peer of an AF_INET name. */
static inline struct peer peer_of_name(uint64_t name)
{
	struct peer peer = { .scope = 0 };

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	peer.half[1] = (name & ~(uint64_t)UINT32_MAX) | 0xffff0000;
	peer.port = (uint16_t)(name >> 16);
#else
	peer.half[1] = UINT64_C(0xffff00000000) | (uint32_t)name;
	peer.port = (uint16_t)(name >> 32);
#endif
	return peer;
}

/* Reads a struct sockaddr_in. */
static inline void peer_read_v4(struct peer *peer, const void *sockaddr)
{
	const unsigned char *from = sockaddr;
	struct in_addr host;
	in_port_t port;

	memcpy(&port, from + offsetof(struct sockaddr_in, sin_port), sizeof(port));
	memcpy(&host, from + offsetof(struct sockaddr_in, sin_addr), sizeof(host));
	peer->half[0] = 0;
	peer->half[1] = address_map_half(host);
	peer->scope = 0;
	peer->port = port;
}

/* Word by word, as last_recv_write() does. */
static inline void peer_copy(struct peer *to, const struct peer *from)
{
	to->half[0] = from->half[0];
	to->half[1] = from->half[1];
	to->scope = from->scope;
	to->port = from->port;
}

static inline void local_copy(struct local *to, const struct local *from)
{
	to->half[0] = from->half[0];
	to->half[1] = from->half[1];
	to->packed = from->packed;
}

/* Reads a struct sockaddr_in6, whole or without its scope id. */
static inline __attribute__((always_inline)) void
peer_read_v6_of(struct peer *peer, const void *sockaddr, bool is_whole)
{
	const unsigned char *from = sockaddr;
	const unsigned char *host = from + offsetof(struct sockaddr_in6, sin6_addr);
	uint64_t half[2];
	in_port_t port;
	uint32_t scope = 0;

	/* In pieces that fit registers: so a peer that is only looked at is never in memory. */
	memcpy(&half[0], host, sizeof(half[0]));
	memcpy(&half[1], host + sizeof(half[0]), sizeof(half[1]));
	memcpy(&port, from + offsetof(struct sockaddr_in6, sin6_port), sizeof(port));
	if (is_whole)
		memcpy(&scope, from + offsetof(struct sockaddr_in6, sin6_scope_id), sizeof(scope));
	peer->half[0] = half[0];
	peer->half[1] = half[1];
	peer->scope = half_is_link_local(half[0]) ? scope : 0;
	peer->port = port;
}

static inline void peer_read_v6(struct peer *peer, const void *sockaddr)
{
	peer_read_v6_of(peer, sockaddr, true);
}

/*
 * Reads a sockaddr as the kernel gave it or as a program gives it to sendto() or connect().
 * Returns false for other families and for lengths that udp_sendmsg() and udpv6_sendmsg() refuse.
 */
static inline bool peer_read(struct peer *peer, const void *sockaddr, size_t length)
{
	sa_family_t family;

	if (length < sizeof(struct sockaddr_in))
		return false;
	memcpy(&family, sockaddr, sizeof(family));
	if (family == AF_INET) {
		peer_read_v4(peer, sockaddr);
		return true;
	}
	if (family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
		peer_read_v6(peer, sockaddr);
		return true;
	}
	/* The kernel takes a sockaddr_in6 without its scope id (SIN6_LEN_RFC2133). */
	if (family == AF_INET6 && length >= offsetof(struct sockaddr_in6, sin6_scope_id)) {
		peer_read_v6_of(peer, sockaddr, false);
		return true;
	}
	return false;
}

#endif
