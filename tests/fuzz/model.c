// SPDX-License-Identifier: MIT
// Keeps account of who asked where, and says from where answers have to come.

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/kernel_call.h"
#include "model.h"

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

enum { SOCKETS = 128, GENERATIONS = 64 };

/* Forked children add to it, so it is shared with them. */
static struct known {
	uint64_t cookie;
	bool served;	   /* bound to a port of the program's choice and the wildcard address */
	unsigned int port; /* that port, from the base port on */
	pid_t process;	   /* the last that bound or connected it */
	bool specific;	   /* bound to one address */
	bool mapped;	   /* bound to ::ffff:0.0.0.0 */
	bool turned;	   /* connected once more, to another peer */
	bool blurred;
	unsigned int late; /* the call that switched PKTINFO on, +1; 0: none did */
} * known;

/* This process and those that it was forked from. */
static pid_t line[GENERATIONS];
static unsigned int generations;

void model_start(void)
{
	size_t size = SOCKETS * sizeof(*known);

	known = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (known == MAP_FAILED)
		abort();
	line[generations++] = getpid();
	sources_start();
}

void model_forked(void)
{
	if (generations == GENERATIONS)
		abort();
	line[generations++] = getpid();
	sources_forked();
}

static int index_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);
	int i;

	if (kernel_call(SYS_getsockopt, fd, SOL_SOCKET, SO_COOKIE, &cookie, &length))
		return -1;
	for (i = 0; i < SOCKETS && known[i].cookie; i++)
		if (known[i].cookie == cookie)
			return i;
	if (i == SOCKETS)
		abort();
	known[i].cookie = cookie;
	return i;
}

static bool is_wildcard(const struct sockaddr_storage *name)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)name;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)name;

	if (name->ss_family == AF_INET)
		return v4->sin_addr.s_addr == htonl(INADDR_ANY);
	return name->ss_family == AF_INET6 &&
	       (IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr) ||
		(IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && !v6->sin6_addr.s6_addr32[3]));
}

void model_bound(int fd, const struct sockaddr_storage *name)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)name;
	uint16_t offset = (uint16_t)(ntohs(v4->sin_port) - world.base);
	int i = index_of(fd);

	if (i < 0)
		return;
	known[i].specific = !is_wildcard(name);
	known[i].mapped = name->ss_family == AF_INET6 && !known[i].specific &&
			  !IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)name)->sin6_addr);
	known[i].served = !known[i].specific && offset < PORTS;
	known[i].port = offset;
	known[i].process = getpid();
}

void model_connected(int fd)
{
	int i = index_of(fd);

	if (i >= 0)
		known[i].process = getpid();
}

void model_blur(int fd)
{
	int i = index_of(fd);

	if (i >= 0)
		known[i].blurred = true;
}

void model_asked_for_pktinfo(int fd)
{
	int i = index_of(fd);

	if (i >= 0)
		known[i].late = world.at + 1;
}

bool model_is_late(int fd, const unsigned char *payload, size_t length)
{
	int i = index_of(fd);

	if (length >= 2 && payload[1] == ASKED_WHERE_CHOSEN)
		return true;
	return i >= 0 && known[i].late && (length < 3 || payload[2] < known[i].late);
}

static bool is_served(int fd, int i)
{
	struct sockaddr_storage name;
	long protocol = raw_getsockopt(fd, SOL_SOCKET, SO_PROTOCOL);

	return i >= 0 && known[i].served && protocol == IPPROTO_UDP && raw_name(fd, false, &name) &&
	       is_wildcard(&name) && !raw_name(fd, true, &name);
}

bool model_is_served(int fd)
{
	return is_served(fd, index_of(fd));
}

bool model_has_twin(int fd)
{
	int i = index_of(fd);

	for (int other = 3; other < 64; other++)
		if (other != fd && index_of(other) == i)
			return true;
	return false;
}

bool model_is_elsewhere(int fd)
{
	int i = index_of(fd);

	return i >= 0 &&
	       (known[i].mapped ||
		(!known[i].served && (world.is_child || known[i].turned || model_has_twin(fd))));
}

void model_turned(int fd)
{
	int i = index_of(fd);

	if (i >= 0)
		known[i].turned = true;
}

/*
 * Does the library see all that this process does with the socket? Not after another process, which
 * is over by now, bound or connected it; and what is bound to a device is known apart.
 */
static enum certainty certainty_of(int fd, int i)
{
	bool ours = !known[i].process;

	for (unsigned int at = 0; at < generations; at++)
		ours |= line[at] == known[i].process;
	return ours && is_served(fd, i) && raw_getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX) <= 0
		       ? IT_DOES
		       : PERHAPS_IT_DOES;
}

/* A socket that the library may track, or take for a fresh one? */
static bool may_be_helped(int fd, int i)
{
	long protocol = raw_getsockopt(fd, SOL_SOCKET, SO_PROTOCOL);

	return (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE) && !known[i].specific;
}

void model_receiving(int fd)
{
	int i = index_of(fd);

	if (i < 0 || !may_be_helped(fd, i))
		return;
	sources_receiving(known[i].served ? certainty_of(fd, i) : PERHAPS_IT_DOES);
}

void model_heard(int fd, const unsigned char *payload, size_t length, enum look look)
{
	int i = index_of(fd), where = WANT_ANY;
	unsigned int peer, destination;

	if (i < 0 || !may_be_helped(fd, i))
		return;
	if (!known[i].served) {
		sources_received_elsewhere();
		return;
	}
	peer = length < 2 ? PEERS : payload[0] - 0xa0u;
	destination = length < 2 ? DESTINATIONS : payload[1] - 0xc0u;
	if (destination < DESTINATIONS)
		where = destinations[destination].cast == UNICAST ? (int)destination : WANT_PLAIN;
	sources_received(known[i].port, peer < PEERS ? (int)peer : STRANGER, where, look,
			 certainty_of(fd, i));
}

static const char *text_of(const struct sockaddr_storage *address, char *text, socklen_t size)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET)
		return inet_ntop(AF_INET, &v4->sin_addr, text, size);
	if (address->ss_family != AF_INET6)
		return "?";
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return inet_ntop(AF_INET, &v6->sin6_addr.s6_addr32[3], text, size);
	return inet_ntop(AF_INET6, &v6->sin6_addr, text, size);
}

int model_peer_at(int fd, const struct sockaddr_storage *address, socklen_t length)
{
	uint16_t offset =
		(uint16_t)(ntohs(((const struct sockaddr_in *)address)->sin_port) - world.base);
	struct sockaddr_storage copy = *address;
	char text[INET6_ADDRSTRLEN];

	/* udp_sendmsg() takes AF_UNSPEC for AF_INET. */
	if (!copy.ss_family && raw_getsockopt(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET)
		copy.ss_family = AF_INET;
	if (length < sizeof(struct sockaddr_in) ||
	    (copy.ss_family == AF_INET6 && length < offsetof(struct sockaddr_in6, sin6_scope_id)))
		return STRANGER;
	for (unsigned int peer = 0; peer < PEERS; peer++) {
		if (strcmp(text_of(&copy, text, sizeof(text)), askers[peer].address))
			continue;
		if (offset == PEER_PORT + peer)
			return (int)peer;
		if (offset == CLOSED_PORT)
			return (int)(PEERS + sources_host(peer));
	}
	return STRANGER;
}

static int want_of(int fd, int i, int peer)
{
	unsigned int asker = peer < PEERS ? (unsigned int)peer : 0;
	struct sockaddr_storage name;
	int want;

	if (!may_be_helped(fd, i))
		return WANT_ANY;
	if (!known[i].served) {
		want = sources_sending_fresh(peer);
		return raw_name(fd, false, &name) && !((struct sockaddr_in *)&name)->sin_port &&
				       raw_getsockopt(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_UDP
			       ? want
			       : WANT_ANY;
	}
	/* udpv6_sendmsg() refuses to send to an IPv6 peer then. */
	if (peer == STRANGER || (known[i].mapped && askers[asker].family == AF_INET6))
		return WANT_ANY;
	return sources_sending(known[i].port, (unsigned int)peer, certainty_of(fd, i));
}

int model_sending(int fd, int peer, bool own)
{
	int i = index_of(fd), want;

	if (i < 0)
		return WANT_ANY;
	want = want_of(fd, i, peer);
	/* What it names may leave the source to the local address that connect() chose. */
	if (known[i].blurred)
		return WANT_ANY;
	if (own)
		return model_is_chosen(fd) ? WANT_ANY : WANT_PLAIN;
	return want;
}

bool model_is_chosen(int fd)
{
	struct sockaddr_storage name;
	int i = index_of(fd);

	return i >= 0 && !known[i].specific && raw_name(fd, true, &name);
}

void model_trace(const char *what, const struct sockaddr_storage *source, int want)
{
	const char *wanted = want >= 0		  ? destinations[want].address
			     : want == WANT_PLAIN ? "plain"
						  : "any";
	char text[INET6_ADDRSTRLEN];

	trace_add("~%s want=%s from=%s\n", what, wanted, text_of(source, text, sizeof(text)));
}
