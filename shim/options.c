// SPDX-License-Identifier: MIT
// Switches PKTINFO on and off, and keeps apart what the program wanted from what we need.

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#include "libc.h"
#include "options.h"

/* musl has one name for the two ABIs of a timestamp. */
#ifndef SO_TIMESTAMP_OLD
#define SO_TIMESTAMP_OLD    SO_TIMESTAMP
#define SO_TIMESTAMP_NEW    SO_TIMESTAMP
#define SO_TIMESTAMPNS_OLD  SO_TIMESTAMPNS
#define SO_TIMESTAMPNS_NEW  SO_TIMESTAMPNS
#define SO_TIMESTAMPING_OLD SO_TIMESTAMPING
#define SO_TIMESTAMPING_NEW SO_TIMESTAMPING
#endif

#ifndef IPV6_2292PKTINFO
#define IPV6_2292PKTINFO 2
#endif

/*
 * Our mark on a socket, for those who get it by exec or over a UNIX socket and can't know who
 * switched PKTINFO on. SO_NOFCS only means something to packet sockets (af_packet.c); any socket
 * keeps it (sock_setsockopt(), SOCK_NOFCS), so it costs nothing and follows the socket everywhere.
 */
#define MARK SO_NOFCS

int option_get(int fd, int level, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);

	return libc.getsockopt(fd, level, name, &value, &length) ? -1 : value;
}

bool option_set(int fd, int level, int name, int value)
{
	return !libc.setsockopt(fd, level, name, &value, sizeof(value));
}

unsigned int option_kind(int level, int name)
{
	if (level == IPPROTO_IP)
		return name == IP_PKTINFO ? INFO_V4 : 0;
	if (level == SOL_SOCKET)
		return name == MARK ? INFO_MARK : 0;
	if (level != IPPROTO_IPV6)
		return 0;
	if (name == IPV6_RECVPKTINFO)
		return INFO_V6;
	return name == IPV6_2292PKTINFO ? INFO_V6_OLD : 0;
}

bool options_enable(int fd, struct helped *helped, bool remembered)
{
	bool six = helped_get(helped, family) == AF_INET6;
	bool marked = option_get(fd, SOL_SOCKET, MARK) == 1;
	unsigned int on = 0;

	if (option_get(fd, IPPROTO_IP, IP_PKTINFO) == 1)
		on |= INFO_V4;
	if (six && option_get(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO) == 1)
		on |= INFO_V6;
	if (!remembered) {
		unsigned int wanted = marked ? 0 : on;

		if (six && option_get(fd, IPPROTO_IPV6, IPV6_2292PKTINFO) == 1)
			wanted |= INFO_V6_OLD;
		helped_set(helped, wanted, (uint8_t)wanted);
	}
	if (!(on & INFO_V4) && option_set(fd, IPPROTO_IP, IP_PKTINFO, 1))
		on |= INFO_V4;
	if (six && !(on & INFO_V6) && option_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1))
		on |= INFO_V6;
	if (!marked && !(helped_get(helped, wanted) & (INFO_V4 | INFO_V6)))
		option_set(fd, SOL_SOCKET, MARK, 1);
	return on != 0;
}

void options_restore(int fd, struct helped *helped)
{
	unsigned int wanted = helped_get(helped, wanted);

	if (!(wanted & INFO_V4))
		option_set(fd, IPPROTO_IP, IP_PKTINFO, 0);
	if (!(wanted & INFO_V6) && helped_get(helped, family) == AF_INET6)
		option_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 0);
	if (!(wanted & (INFO_V4 | INFO_V6 | INFO_MARK)))
		option_set(fd, SOL_SOCKET, MARK, 0);
}

/* Options whose control messages come before PKTINFO (net/ipv4/ip_sockglue.c, net/socket.c). */
static bool brings_control(int level, int name)
{
	return (level == SOL_SOCKET && (name == SO_TIMESTAMP_OLD || name == SO_TIMESTAMP_NEW ||
					name == SO_TIMESTAMPNS_OLD || name == SO_TIMESTAMPNS_NEW ||
					name == SO_TIMESTAMPING_OLD ||
					name == SO_TIMESTAMPING_NEW || name == SO_RXQ_OVFL)) ||
	       (level == IPPROTO_UDP && name == UDP_GRO);
}

bool option_is_noted(int level, int name)
{
	return option_kind(level, name) || brings_control(level, name) ||
	       (level == IPPROTO_IP && name == IP_MULTICAST_IF) ||
	       (level == IPPROTO_UDP && name == UDP_CORK);
}

/* The value as do_ip_setsockopt() reads it: an int, or a byte where there is no room for one. */
static int value_of(const void *value, socklen_t length)
{
	int number = 0;

	if (!value)
		return 0;
	if (length >= sizeof(number))
		memcpy(&number, value, sizeof(number));
	else if (length)
		number = *(const unsigned char *)value;
	return number;
}

static void note_wanted(int fd, struct helped *helped, unsigned int kind, bool on)
{
	unsigned int wanted = helped_get(helped, wanted);

	wanted = on ? wanted | kind : wanted & ~kind;
	helped_set(helped, wanted, (uint8_t)wanted);
	if (helped_get(helped, state) != HELPED_WILDCARD)
		return;
	if (!on && kind == INFO_V4)
		option_set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	if (!on && kind == INFO_V6)
		option_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	option_set(fd, SOL_SOCKET, MARK, !(wanted & (INFO_V4 | INFO_V6)) || wanted & INFO_MARK);
}

void options_note(int fd, int level, int name, const void *value, socklen_t length)
{
	struct helped *helped = socket_find(fd);
	unsigned int kind = option_kind(level, name);
	struct ip_mreqn group = { 0 };
	int e = errno;

	/* The kernel keeps the state of PKTINFO; of the others nothing could be read back. */
	if (!helped && !kind && descriptor_get(fd) == DESCRIPTOR_FRESH)
		helped = socket_remember(fd);
	if (helped && level == IPPROTO_IP && name == IP_MULTICAST_IF) {
		if (value && length >= sizeof(group))
			memcpy(&group, value, sizeof(group));
		helped_set(helped, multicast_ifindex, (uint32_t)group.imr_ifindex);
	} else if (helped && kind) {
		note_wanted(fd, helped, kind, value_of(value, length) != 0);
	} else if (helped && level == IPPROTO_UDP && name == UDP_CORK) {
		bool on = value_of(value, length) != 0;

		helped_mark(helped, HELPED_CORKED, on);
		if (!on)
			helped_mark(helped, HELPED_PENDING, false);
	} else if (helped) {
		helped_mark(helped, HELPED_MORE_CONTROL, true);
	}
	errno = e;
}

void options_answer(int fd, unsigned int kind, void *value, socklen_t length)
{
	struct helped *helped = socket_find(fd);
	int wanted;

	if (!helped || helped_get(helped, state) != HELPED_WILDCARD)
		return;
	wanted = (helped_get(helped, wanted) & kind) != 0;
	if (length >= sizeof(wanted))
		memcpy(value, &wanted, sizeof(wanted));
	else if (length)
		*(unsigned char *)value = (unsigned char)wanted;
}
