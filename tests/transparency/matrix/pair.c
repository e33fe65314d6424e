// SPDX-License-Identifier: MIT
// Two sockets alike, one for each side, and the same traffic for both.

#include <arpa/inet.h>
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/loopback.h"
#include "pair.h"

#ifndef IPV6_2292PKTINFO
#define IPV6_2292PKTINFO 2
#endif
#ifndef IPV6_2292HOPLIMIT
#define IPV6_2292HOPLIMIT 8
#endif

enum { V4 = 1 << FAMILY_V4, V6 = 1 << FAMILY_V6 | 1 << FAMILY_DUAL, MAPPED = 1 << FAMILY_MAPPED };
enum { CLOSED_PORT = 9, OVERFLOWING = 20, SMALL_QUEUE = 2304 };

struct side *const sides[SIDES] = { &kernel_side, &library_side };

const struct option_row option_table[] = {
	{ "SO_TIMESTAMP", SOL_SOCKET, SO_TIMESTAMP, 1, V4 | V6 | MAPPED },
	{ "SO_TIMESTAMPNS", SOL_SOCKET, SO_TIMESTAMPNS, 1, V4 | V6 | MAPPED },
	{ "SO_TIMESTAMPING", SOL_SOCKET, SO_TIMESTAMPING,
	  SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE, V4 | V6 | MAPPED },
	{ "SO_RXQ_OVFL", SOL_SOCKET, SO_RXQ_OVFL, 1, V4 | V6 | MAPPED },
	{ "UDP_GRO", IPPROTO_UDP, UDP_GRO, 1, V4 | V6 | MAPPED },
	{ "IP_RECVTTL", IPPROTO_IP, IP_RECVTTL, 1, V4 | MAPPED },
	{ "IP_RECVTOS", IPPROTO_IP, IP_RECVTOS, 1, V4 | MAPPED },
	{ "IP_RECVORIGDSTADDR", IPPROTO_IP, IP_RECVORIGDSTADDR, 1, V4 | MAPPED },
	{ "IP_RECVERR", IPPROTO_IP, IP_RECVERR, 1, V4 },
	{ "IPV6_RECVHOPLIMIT", IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, V6 },
	{ "IPV6_RECVTCLASS", IPPROTO_IPV6, IPV6_RECVTCLASS, 1, V6 },
	{ "IPV6_2292HOPLIMIT", IPPROTO_IPV6, IPV6_2292HOPLIMIT, 1, V6 },
	{ "IPV6_2292PKTINFO", IPPROTO_IPV6, IPV6_2292PKTINFO, 1, V6 | MAPPED },
	{ "IPV6_RECVERR", IPPROTO_IPV6, IPV6_RECVERR, 1, V6 },
};
const unsigned int option_count = sizeof(option_table) / sizeof(*option_table);

uint32_t option_bit(int level, int number)
{
	for (unsigned int i = 0; i < option_count; i++)
		if (option_table[i].level == level && option_table[i].number == number)
			return UINT32_C(1) << i;
	return 0;
}

static void fail(const struct pair *pair, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", pair_describe(pair), what, strerror(errno));
	exit(1);
}

void pair_set(const struct pair *pair, int level, int name, int value)
{
	int results[SIDES], errors[SIDES];

	for (int i = 0; i < SIDES; i++) {
		errno = 0;
		results[i] = sides[i]->setsockopt(pair->fd[i], level, name, &value, sizeof(value));
		errors[i] = errno;
	}
	if (results[KERNEL] != results[LIBRARY] || errors[KERNEL] != errors[LIBRARY])
		fail(pair, "setsockopt() answered differently");
}

static bool is_v4(const struct pair *pair)
{
	return pair->family == FAMILY_V4;
}

/* Addresses as this pair's sockets take them. */
static socklen_t address_for(struct sockaddr_storage *address, bool v4, const char *host, int port)
{
	struct sockaddr_in *four = (struct sockaddr_in *)address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	if (v4) {
		four->sin_family = AF_INET;
		four->sin_port = htons((in_port_t)port);
		inet_pton(AF_INET, host, &four->sin_addr);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((in_port_t)port);
	inet_pton(AF_INET6, host, &six->sin6_addr);
	return sizeof(*six);
}

/* The program's own PKTINFO, as it is before bind() and after. */
static void set_own(const struct pair *pair, bool bound)
{
	static const struct {
		int before, after; /* -1: not touched */
	} steps[OWN_STATES] = {
		[OWN_OFF] = { -1, -1 },
		[OWN_BEFORE_BIND] = { 1, -1 },
		[OWN_AFTER_BIND] = { -1, 1 },
		[OWN_TOGGLED] = { 1, 0 },
	};
	int v4 = bound ? steps[pair->own_v4].after : steps[pair->own_v4].before;
	int v6 = bound ? steps[pair->own_v6].after : steps[pair->own_v6].before;

	if (v4 >= 0)
		pair_set(pair, IPPROTO_IP, IP_PKTINFO, v4);
	if (v6 >= 0 && !is_v4(pair))
		pair_set(pair, IPPROTO_IPV6, IPV6_RECVPKTINFO, v6);
}

/* SO_RXQ_OVFL says nothing as long as nothing was lost. */
static void overflow(const struct pair *pair)
{
	char byte;

	pair_set(pair, SOL_SOCKET, SO_RCVBUF, SMALL_QUEUE / 2);
	pair_feed(pair, 1, OVERFLOWING);
	for (int i = 0; i < SIDES; i++)
		while (kernel_side.recv(pair->fd[i], &byte, 1, MSG_DONTWAIT) >= 0)
			;
	pair_set(pair, SOL_SOCKET, SO_RCVBUF, 1 << 20);
}

/* Under the library the option is on, whatever the program set: else nothing would be tested. */
static void check_helped(const struct pair *pair)
{
	int on = 0;
	socklen_t length = sizeof(on);

	if (kernel_side.getsockopt(pair->fd[LIBRARY], IPPROTO_IP, IP_PKTINFO, &on, &length) || !on)
		fail(pair, "the library does nothing for this socket");
}

void pair_open(struct pair *pair)
{
	struct sockaddr_storage wildcard;
	socklen_t length =
		address_for(&wildcard, is_v4(pair), is_v4(pair) ? "0.0.0.0" : "::", PORT);

	for (int i = 0; i < SIDES; i++) {
		enter(sides[i]);
		pair->fd[i] = sides[i]->socket(is_v4(pair) ? AF_INET : AF_INET6,
					       SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (pair->fd[i] < 0)
			fail(pair, "socket()");
	}
	if (!is_v4(pair))
		pair_set(pair, IPPROTO_IPV6, IPV6_V6ONLY, pair->family == FAMILY_V6);
	set_own(pair, false);
	for (int i = 0; i < SIDES; i++)
		if (sides[i]->bind(pair->fd[i], (struct sockaddr *)&wildcard, length))
			fail(pair, "bind()");
	set_own(pair, true);
	for (unsigned int i = 0; i < option_count; i++)
		if (pair->options & UINT32_C(1) << i)
			pair_set(pair, option_table[i].level, option_table[i].number,
				 option_table[i].value);
	if (pair->options & option_bit(SOL_SOCKET, SO_RXQ_OVFL))
		overflow(pair);
	check_helped(pair);
}

void pair_close(struct pair *pair)
{
	for (int i = 0; i < SIDES; i++)
		close(pair->fd[i]);
}

socklen_t pair_sender(const struct pair *pair, struct sockaddr_storage *address)
{
	static const char *const hosts[FAMILIES] = { "127.0.0.1", "::1", "::1",
						     "::ffff:127.0.0.1" };

	return address_for(address, is_v4(pair), hosts[pair->family], SENDER_PORT);
}

/* The senders are no part of what is compared: both are the kernel's alone. */
static int sender(int side, bool v4)
{
	static int senders[SIDES][2] = { { -1, -1 }, { -1, -1 } };
	int *fd = &senders[side][v4];
	struct sockaddr_storage address;
	socklen_t length = address_for(&address, v4, v4 ? "127.0.0.1" : "::1", SENDER_PORT);

	if (*fd >= 0)
		return *fd;
	enter(sides[side]);
	*fd = kernel_side.socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || kernel_side.bind(*fd, (struct sockaddr *)&address, length)) {
		perror("sender");
		exit(1);
	}
	return *fd;
}

/* With a size of segments, what is sent arrives as one batch where UDP_GRO is on. */
static void set_segment(int fd, int *now, int segment)
{
	if (*now == segment)
		return;
	if (kernel_side.setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment))) {
		perror("UDP_SEGMENT");
		exit(1);
	}
	*now = segment;
}

void pair_settle(const struct pair *pair)
{
	if (!loopback_settle_errors())
		fail(pair, "lo does not deliver");
}

/* Cheaper than loopback_settle(), for one datagram that is there already, as it nearly always is. */
static bool both_can_read(const struct pair *pair)
{
	struct pollfd fds[SIDES];

	for (int i = 0; i < SIDES; i++)
		fds[i] = (struct pollfd){ .fd = pair->fd[i], .events = POLLIN };
	return poll(fds, SIDES, 0) == SIDES && fds[KERNEL].revents == POLLIN &&
	       fds[LIBRARY].revents == POLLIN;
}

void pair_feed(const struct pair *pair, size_t size, unsigned int count)
{
	static const unsigned char payload[65536] = { 'r', 'e', 'p', 'l', 'y' };
	bool v4 = pair->family == FAMILY_V4 || pair->family == FAMILY_MAPPED;
	static int segments[SIDES][2];
	bool batch = size && pair->options & option_bit(IPPROTO_UDP, UDP_GRO);
	struct sockaddr_storage to;
	socklen_t length = address_for(&to, v4, v4 ? "127.0.0.53" : "::1", PORT);

	for (int i = 0; i < SIDES; i++) {
		int fd = sender(i, v4);

		set_segment(fd, &segments[i][v4], batch ? (int)(size + 2) / 3 : 0);
		for (unsigned int n = 0; n < count; n++)
			if (kernel_side.sendto(fd, payload, size, 0, (struct sockaddr *)&to,
					       length) < 0)
				fail(pair, "feeding");
	}
	if ((count != 1 || !both_can_read(pair)) && !loopback_settle())
		fail(pair, "lo does not deliver");
}

void pair_provoke_error(const struct pair *pair)
{
	static const char *const hosts[FAMILIES] = { "127.0.0.53", "::1", "::1",
						     "::ffff:127.0.0.53" };
	struct sockaddr_storage to;
	socklen_t length = address_for(&to, is_v4(pair), hosts[pair->family], CLOSED_PORT);

	for (int i = 0; i < SIDES; i++)
		kernel_side.sendto(pair->fd[i], "error", 5, 0, (struct sockaddr *)&to, length);
	pair_settle(pair);
}

int pair_sender_descriptor(const struct pair *pair, int side)
{
	return sender(side, pair->family == FAMILY_V4 || pair->family == FAMILY_MAPPED);
}

const char *pair_describe(const struct pair *pair)
{
	static const char *const families[FAMILIES] = { "IPv4", "IPv6 only", "dual-stack, IPv6",
							"dual-stack, IPv4" };
	static const char *const states[OWN_STATES] = { "off", "on before bind", "on after bind",
							"toggled off" };
	static char text[512];
	size_t used;

	used = (size_t)snprintf(text, sizeof(text), "%s, IP_PKTINFO %s, IPV6_RECVPKTINFO %s",
				families[pair->family], states[pair->own_v4], states[pair->own_v6]);
	for (unsigned int i = 0; i < option_count; i++)
		if (pair->options & UINT32_C(1) << i)
			used += (size_t)snprintf(text + used, sizeof(text) - used, ", %s",
						 option_table[i].name);
	return text;
}
