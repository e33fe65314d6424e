// SPDX-License-Identifier: MIT
// The peers: they ask sockets of the sequence, and look where answers come from.

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/kernel_call.h"
#include "model.h"
#include "world.h"

const struct asker askers[PEERS] = {
	{ AF_INET, "192.0.2.100" },    { AF_INET, "192.0.2.100" },    { AF_INET, "127.0.0.100" },
	{ AF_INET6, "2001:db8::100" }, { AF_INET6, "2001:db8::101" },
};

const struct destination destinations[DESTINATIONS] = {
	{ AF_INET, "192.0.2.1", UNICAST },	   { AF_INET, "192.0.2.2", UNICAST },
	{ AF_INET, "127.0.0.53", UNICAST },	   { AF_INET, "127.0.0.1", UNICAST },
	{ AF_INET, "127.255.255.255", BROADCAST }, { AF_INET6, "2001:db8::1", UNICAST },
	{ AF_INET6, "2001:db8::2", UNICAST },	   { AF_INET6, "::1", UNICAST },
	{ AF_INET, "224.0.0.251", MULTICAST },	   { AF_INET6, "2001:db8::3", UNICAST },
};

void network_peers(void)
{
	struct sockaddr_storage address;
	struct ip_mreqn lo = { .imr_ifindex = 1 };
	socklen_t length;
	int on = 1;

	for (unsigned int i = 0; i < PEERS; i++) {
		int fd = loopback_socket(askers[i].family, SOCK_DGRAM | SOCK_NONBLOCK);

		length = network_address(&address, askers[i].family, askers[i].address,
					 (uint16_t)(world.base + PEER_PORT + i));
		kernel_call(SYS_setsockopt, fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
		if (askers[i].family == AF_INET) {
			kernel_call(SYS_setsockopt, fd, IPPROTO_IP, IP_MULTICAST_IF, &lo,
				    sizeof(lo));
			kernel_call(SYS_setsockopt, fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on));
			kernel_call(SYS_setsockopt, fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
		} else {
			kernel_call(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, 4);
			kernel_call(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, 4);
		}
		if (kernel_call(SYS_bind, fd, &address, length)) {
			perror("bind");
			exit(1);
		}
		world.peer[i] = fd;
	}
}

/* Sockets of the sequence on a port beside one that is connected may get what was not for them. */
static bool has_connected_neighbour(int fd, uint16_t port)
{
	struct sockaddr_storage name;

	for (int other = 3; other < 64; other++)
		if (other != fd && raw_name(other, true, &name) && raw_name(other, false, &name) &&
		    ((struct sockaddr_in *)&name)->sin_port == port)
			return true;
	return false;
}

/* Each of the segments, which arrive as datagrams, begins with the same three bytes. */
static void ask_segments(int fd, unsigned char *payload, size_t size,
			 const struct sockaddr_storage *to, socklen_t length, uint16_t segment)
{
	_Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(segment))] = { 0 };
	struct iovec vector = { .iov_base = payload, .iov_len = size };
	struct msghdr message = { .msg_name = (void *)(uintptr_t)to,
				  .msg_namelen = length,
				  .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	for (size_t at = segment; at + 3 <= size; at += segment)
		memcpy(payload + at, payload, 3);
	header->cmsg_level = IPPROTO_UDP;
	header->cmsg_type = UDP_SEGMENT;
	header->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(header), &segment, sizeof(segment));
	kernel_call(SYS_sendmsg, fd, &message, 0);
}

void peer_ask(const struct call *call, int fd)
{
	unsigned int peer = pick(call, 1, PEERS), to = pick(call, 2, DESTINATIONS);
	unsigned char payload[120] = { 0 };
	size_t size = seldom(call, 3, 9) ? 0 : 2 + pick(call, 3, 60);
	struct sockaddr_storage name, where;
	char host[INET6_ADDRSTRLEN];
	uint16_t port;
	socklen_t length;

	if (raw_getsockopt(fd, SOL_SOCKET, SO_TYPE) != SOCK_DGRAM || !raw_name(fd, false, &name) ||
	    (name.ss_family != AF_INET && name.ss_family != AF_INET6))
		return;
	port = ((struct sockaddr_in *)&name)->sin_port;
	if (!port || has_connected_neighbour(fd, port))
		return;
	while (destinations[to].family != askers[peer].family)
		to = (to + 1) % DESTINATIONS;
	/* Queued before PKTINFO was on, a broadcast looks like any other datagram. */
	if (destinations[to].cast == BROADCAST && !model_is_served(fd))
		return;
	snprintf(host, sizeof(host), "%s", destinations[to].address);
	payload[0] = (unsigned char)(0xa0 + peer);
	payload[1] = (unsigned char)(0xc0 + to);
	payload[2] = (unsigned char)world.at;
	/* Who is connected is reached at the address it has, which may be another on each side. */
	if (model_is_chosen(fd)) {
		payload[1] = ASKED_WHERE_CHOSEN;
		if (name.ss_family == AF_INET)
			inet_ntop(AF_INET, &((struct sockaddr_in *)&name)->sin_addr, host,
				  sizeof(host));
		else if (askers[peer].family == AF_INET)
			inet_ntop(AF_INET, (char *)&((struct sockaddr_in6 *)&name)->sin6_addr + 12,
				  host, sizeof(host));
		else
			inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&name)->sin6_addr, host,
				  sizeof(host));
	}
	if ((strchr(host, ':') != NULL) != (askers[peer].family == AF_INET6) ||
	    !strncmp(host, "::ffff:", 7))
		return;
	trace_add("~%u ask: peer %u, %zu bytes want=any from=%s\n", world.at, peer, size, host);
	length = network_address(&where, askers[peer].family, host, ntohs(port));
	if (size && seldom(call, 4, 8))
		ask_segments(world.peer[peer], payload, sizeof(payload), &where, length,
			     (uint16_t)(20 + pick(call, 5, 50)));
	else
		kernel_call(SYS_sendto, world.peer[peer], payload, size, 0, &where, length);
}

/* What of the control data says: TTL and TOS as the sequence set them. */
static uint32_t control_hash(struct msghdr *message)
{
	uint32_t hash = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header))
		hash = hash * 31 + trace_hash(CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0)) +
		       (uint32_t)header->cmsg_type;
	return hash;
}

static bool collect_one(unsigned int peer)
{
	_Alignas(struct cmsghdr) unsigned char control[256];
	struct sockaddr_storage from = { 0 };
	static unsigned char payload[4096];
	struct iovec vector = { .iov_base = payload, .iov_len = sizeof(payload) };
	struct msghdr message = { .msg_name = &from,
				  .msg_namelen = sizeof(from),
				  .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	long n = kernel_call(SYS_recvmsg, world.peer[peer], &message, MSG_DONTWAIT);
	char what[128], where[16];
	uint16_t port;

	if (n < 0)
		return false;
	port = (uint16_t)(ntohs(((struct sockaddr_in *)&from)->sin_port) - world.base);
	snprintf(where, sizeof(where), port < BLOCK ? "base+%u" : "any port", port);
	snprintf(what, sizeof(what), "%u peer %u got %ld bytes %08x, control %08x, %s", world.at,
		 peer, n, trace_hash(payload, (size_t)n), control_hash(&message), where);
	model_trace(what, &from, wanted_from[peer]);
	return true;
}

void peers_collect(void)
{
	for (unsigned int peer = 0; peer < PEERS; peer++) {
		while (collect_one(peer))
			;
		wanted_from[peer] = WANT_UNSET;
	}
}
