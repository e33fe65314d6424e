// SPDX-License-Identifier: MIT
// Servers' sockets and the crowd of clients. All clients' calls are system calls by number,
// so that they cost the same whatever is preloaded.

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"

const char *const family_names[FAMILIES] = { "IPv4", "IPv6", "dual-stack", "IPv6-AnyIP" };

/* All of 127.0.0.0/8 is local; for IPv6 bench.py gives `lo` addresses and a route of type local. */
enum { SERVER_FIRST = 11, BUFFER = 8 << 20 };

enum family family_of(const char *name)
{
	for (enum family family = V4; family < FAMILIES; family++)
		if (!strcmp(name, family_names[family]))
			return family;
	errno = EINVAL;
	give_up(name);
}

static bool lab_is_v6(enum family family)
{
	return family == V6 || family == ANYIP;
}

static socklen_t write_v4(struct sockaddr_in6 *name, uint32_t address, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(address) };

	memcpy(name, &v4, sizeof(v4));
	return sizeof(v4);
}

/* 2001:db8:SUBNET::N */
static struct in6_addr address_v6(uint16_t subnet, uint32_t n)
{
	return (struct in6_addr){ .s6_addr32 = { htonl(0x20010db8), htonl((uint32_t)subnet << 16),
						 0, htonl(n) } };
}

socklen_t lab_server_address(struct sockaddr_in6 *name, enum family family, unsigned int n,
			     uint16_t port)
{
	if (!lab_is_v6(family))
		return write_v4(name, INADDR_LOOPBACK - 1 + SERVER_FIRST + n, port);
	*name = (struct sockaddr_in6){ .sin6_family = AF_INET6,
				       .sin6_port = htons(port),
				       .sin6_addr = address_v6(family == ANYIP ? 2 : 0,
							       SERVER_FIRST + n) };
	return sizeof(*name);
}

static void set(const struct calls *calls, int fd, int level, int name, int value)
{
	if (calls->setsockopt(fd, level, name, &value, sizeof(value)))
		give_up("setsockopt");
}

static int open_socket(const struct calls *calls, int domain, uint16_t port, bool share_port,
		       bool dual)
{
	int fd = calls->socket(domain, SOCK_DGRAM, 0);
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	socklen_t length = sizeof(any);

	if (fd < 0)
		give_up("socket");
	if (domain == AF_INET)
		length = write_v4(&any, INADDR_ANY, port);
	else
		set(calls, fd, IPPROTO_IPV6, IPV6_V6ONLY, !dual);
	if (share_port)
		set(calls, fd, SOL_SOCKET, SO_REUSEPORT, 1);
	set(calls, fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER);
	set(calls, fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER);
	if (calls->bind(fd, (struct sockaddr *)&any, length))
		give_up("bind");
	return fd;
}

int lab_server(enum family family, enum side side, uint16_t port, bool share_port)
{
	const struct calls *calls = side == FUNCTION ? &libc_calls : side_calls(side);
	int fd;

	side_enter(side);
	fd = open_socket(calls, family == V4 ? AF_INET : AF_INET6, port, share_port,
			 family == DUAL);
	if (side_is_native(side) && family == V4)
		set(calls, fd, IPPROTO_IP, IP_PKTINFO, 1);
	else if (side_is_native(side))
		set(calls, fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	if (side_is_native(side) && family == ANYIP)
		set(calls, fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	return fd;
}

void lab_clients(struct clients *clients, enum family family, unsigned int peers)
{
	*clients =
		(struct clients){ .family = family, .peers = peers, .addresses = SERVER_ADDRESSES };
	for (unsigned int i = 0; i < CLIENT_SOCKETS; i++) {
		clients->sockets[i] = open_socket(&raw, lab_is_v6(family) ? AF_INET6 : AF_INET,
						  (uint16_t)(40000 + i), false, false);
		if (lab_is_v6(family))
			set(&raw, clients->sockets[i], IPPROTO_IPV6, IPV6_FREEBIND, 1);
	}
}

/* The source of a peer's datagram: 127.1.0.0 and on, 2001:db8:1:: and on. */
static size_t write_source(struct cmsghdr *header, enum family family, uint32_t peer)
{
	struct in_pktinfo v4 = { .ipi_spec_dst.s_addr = htonl(0x7f010000 + peer) };
	struct in6_pktinfo v6 = { .ipi6_addr = address_v6(1, peer) };

	if (!lab_is_v6(family)) {
		*header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(v4)),
					    .cmsg_level = IPPROTO_IP,
					    .cmsg_type = IP_PKTINFO };
		memcpy(CMSG_DATA(header), &v4, sizeof(v4));
		return CMSG_SPACE(sizeof(v4));
	}
	*header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(v6)),
				    .cmsg_level = IPPROTO_IPV6,
				    .cmsg_type = IPV6_PKTINFO };
	memcpy(CMSG_DATA(header), &v6, sizeof(v6));
	return CMSG_SPACE(sizeof(v6));
}

void lab_ask(struct clients *clients, uint16_t port, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		unsigned int visit = clients->moving ? clients->next / clients->peers : 0;
		_Alignas(struct cmsghdr) unsigned char
			control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		/* A stride far from any order that memory would like; 7919 is prime. */
		uint32_t peer = (uint32_t)((uint64_t)clients->next * 7919 % clients->peers);
		struct question question = { .peer = peer,
					     .asked = (clients->next + visit) % clients->addresses,
					     .port = port };
		struct sockaddr_in6 name;
		struct iovec vector = { &question, sizeof(question) };
		struct msghdr message = { .msg_name = &name,
					  .msg_iov = &vector,
					  .msg_iovlen = 1,
					  .msg_control = control,
					  .msg_controllen = write_source((void *)control,
									 clients->family, peer) };

		message.msg_namelen =
			lab_server_address(&name, clients->family, question.asked, port);
		if (raw.sendmsg(clients->sockets[peer % CLIENT_SOCKETS], &message, 0) < 0)
			give_up("a client's sendmsg");
		clients->next++;
	}
}

static bool is_from(const struct sockaddr_in6 *name, enum family family, unsigned int asked,
		    uint16_t port)
{
	struct sockaddr_in6 expected;
	socklen_t length = lab_server_address(&expected, family, asked, port);

	if (length == sizeof(struct sockaddr_in))
		return !memcmp(name, &expected, 8); /* family, port, address */
	return name->sin6_port == expected.sin6_port &&
	       IN6_ARE_ADDR_EQUAL(&name->sin6_addr, &expected.sin6_addr);
}

unsigned int lab_collect(struct clients *clients, unsigned int count)
{
	unsigned int got = 0, wrong = 0;

	for (unsigned int i = 0; i < CLIENT_SOCKETS; i++) {
		struct question question;
		struct sockaddr_in6 name;
		socklen_t length = sizeof(name);

		while (raw.recvfrom(clients->sockets[i], &question, sizeof(question), MSG_DONTWAIT,
				    (struct sockaddr *)&name, &length) == sizeof(question)) {
			got++;
			if (!is_from(&name, clients->family, question.asked,
				     (uint16_t)question.port))
				wrong++;
			length = sizeof(name);
		}
	}
	if (got != count) {
		fprintf(stderr, "bench: %u of %u replies came\n", got, count);
		exit(2);
	}
	return wrong;
}
