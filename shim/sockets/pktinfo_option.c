// SPDX-License-Identifier: MIT
// Switches PKTINFO on and off, and keeps apart what the program wanted from what we need.

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#include "libc/libc.h"
#include "sockets/pktinfo_option.h"
#include "sockets/tracked.h"

/* musl has one name for the two ABIs of a timestamp. */
#ifndef SO_TIMESTAMP_OLD
#define SO_TIMESTAMP_OLD    SO_TIMESTAMP
#define SO_TIMESTAMP_NEW    SO_TIMESTAMP
#define SO_TIMESTAMPNS_OLD  SO_TIMESTAMPNS
#define SO_TIMESTAMPNS_NEW  SO_TIMESTAMPNS
#define SO_TIMESTAMPING_OLD SO_TIMESTAMPING
#define SO_TIMESTAMPING_NEW SO_TIMESTAMPING
#endif

/*
 * The options that the library switches on, and its mark for each. A process that gets the socket
 * by exec or over a UNIX socket sees by the mark that the library switched the option on. SO_NOFCS
 * means something to packet sockets only (net/packet/af_packet.c) and SO_OOBINLINE to TCP; any
 * socket keeps them (sock_setsockopt()).
 */
static const struct {
	unsigned int kind;
	int level, name;
	unsigned int mark_kind;
	int mark;
} table[] = {
	{ INFO_V4, IPPROTO_IP, IP_PKTINFO, INFO_V4_MARK, SO_NOFCS },
	{ INFO_V6, IPPROTO_IPV6, IPV6_RECVPKTINFO, INFO_V6_MARK, SO_OOBINLINE },
};
enum { ROWS = sizeof(table) / sizeof(*table) };

/* Returns how many rows of the table a socket has: those of both families on an AF_INET6 socket. */
static int option_rows(const struct tracked *tracked)
{
	return tracked_get(tracked, family) == AF_INET6 ? ROWS : 1;
}

int option_get(int fd, int level, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);

	return libc.getsockopt(fd, level, name, &value, &length) ? -1 : value;
}

uint64_t option_get_cookie(int fd, int name)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	return libc.getsockopt(fd, SOL_SOCKET, name, &cookie, &length) ? 0 : cookie;
}

bool option_set(int fd, int level, int name, int value)
{
	return !libc.setsockopt(fd, level, name, &value, sizeof(value));
}

/* Returns true if the option of that row is on and carries our mark. */
static bool option_is_ours(int fd, int row)
{
	return option_get(fd, table[row].level, table[row].name) == 1 &&
	       option_get(fd, SOL_SOCKET, table[row].mark) == 1;
}

/* Sets what the program wants, and adds the old option, which the library never sets. */
static void set_wanted(int fd, struct tracked *tracked, unsigned int wanted)
{
	if (option_rows(tracked) > 1 && option_get(fd, IPPROTO_IPV6, IPV6_2292PKTINFO) == 1)
		wanted |= INFO_V6_OLD;
	tracked_set(tracked, wanted, (uint8_t)wanted);
}

bool options_enable(int fd, struct tracked *tracked, bool remembered)
{
	unsigned int on = 0, wanted = 0;

	/* The option is read first and the mark set first, so that another process knows whose it
	 * is. */
	for (int i = 0; i < option_rows(tracked); i++) {
		bool is_on = option_get(fd, table[i].level, table[i].name) == 1;
		bool is_marked = option_get(fd, SOL_SOCKET, table[i].mark) == 1;

		on |= is_on ? table[i].kind : 0;
		/* If the option is off, the mark is the program's own. */
		if (is_on != is_marked)
			wanted |= is_on ? table[i].kind : table[i].mark_kind;
	}
	if (!remembered)
		set_wanted(fd, tracked, wanted);
	for (int i = 0; i < option_rows(tracked); i++) {
		if (on & table[i].kind)
			continue;
		option_set(fd, SOL_SOCKET, table[i].mark, 1);
		if (option_set(fd, table[i].level, table[i].name, 1))
			on |= table[i].kind;
		else if (!(tracked_get(tracked, wanted) & table[i].mark_kind))
			option_set(fd, SOL_SOCKET, table[i].mark, 0);
	}
	return on != 0;
}

void options_restore(int fd, struct tracked *tracked)
{
	unsigned int wanted = tracked_get(tracked, wanted);

	for (int i = 0; i < option_rows(tracked); i++) {
		if (wanted & table[i].kind)
			continue;
		option_set(fd, table[i].level, table[i].name, 0);
		if (!(wanted & table[i].mark_kind))
			option_set(fd, SOL_SOCKET, table[i].mark, 0);
	}
}

void options_clear(int fd)
{
	for (int i = 0; i < ROWS; i++) {
		if (!option_is_ours(fd, i))
			continue;
		option_set(fd, table[i].level, table[i].name, 0);
		option_set(fd, SOL_SOCKET, table[i].mark, 0);
	}
}

unsigned int options_of_ours(int fd)
{
	unsigned int kinds = 0;

	for (int i = 0; i < ROWS; i++)
		kinds |= option_is_ours(fd, i) ? table[i].kind : 0;
	return kinds;
}

void options_refresh(int fd, struct tracked *tracked)
{
	unsigned int wanted = tracked_get(tracked, wanted) & (INFO_V4_MARK | INFO_V6_MARK);
	int e = errno;

	tracked_set(tracked, options, options_changes());
	if (tracked_get(tracked, state) == TRACKED_WILDCARD) {
		for (int i = 0; i < option_rows(tracked); i++)
			if (option_get(fd, table[i].level, table[i].name) == 1 &&
			    option_get(fd, SOL_SOCKET, table[i].mark) != 1)
				wanted |= table[i].kind;
		set_wanted(fd, tracked, wanted);
	}
	errno = e;
}

/* Options whose control messages come before PKTINFO (net/ipv4/ip_sockglue.c, net/socket.c). */
static bool option_brings_control(int level, int name)
{
	if (level != SOL_SOCKET)
		return level == IPPROTO_UDP && name == UDP_GRO;
	return name == SO_TIMESTAMP_OLD || name == SO_TIMESTAMP_NEW || name == SO_TIMESTAMPNS_OLD ||
	       name == SO_TIMESTAMPNS_NEW || name == SO_TIMESTAMPING_OLD ||
	       name == SO_TIMESTAMPING_NEW || name == SO_RXQ_OVFL;
}

bool option_is_followed(int level, int name)
{
	return option_kind(level, name) || option_brings_control(level, name) ||
	       (level == SOL_SOCKET && (name == SO_BINDTODEVICE || name == SO_BINDTOIFINDEX));
}

/* Returns the value as do_ip_setsockopt() reads it: an int, or a byte where an int has no room. */
static int option_value(const void *value, socklen_t length)
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

/* Follows the program's change of an option; one that it switches off is on again, with our mark.
 */
static void follow_wanted(int fd, struct tracked *tracked, unsigned int kind, bool on)
{
	unsigned int wanted = tracked_get(tracked, wanted);
	uint32_t changes = __atomic_add_fetch(&library.peers.state->options, 1, __ATOMIC_RELAXED);

	tracked_set(tracked, options, (uint8_t)changes);
	wanted = on ? wanted | kind : wanted & ~kind;
	tracked_set(tracked, wanted, (uint8_t)wanted);
	if (tracked_get(tracked, state) != TRACKED_WILDCARD)
		return;
	for (int i = 0; i < option_rows(tracked); i++) {
		bool mark = !(wanted & table[i].kind) || wanted & table[i].mark_kind;

		if (!(kind & (table[i].kind | table[i].mark_kind)))
			continue;
		option_set(fd, SOL_SOCKET, table[i].mark, mark);
		if (!(wanted & table[i].kind))
			option_set(fd, table[i].level, table[i].name, 1);
	}
}

void options_follow(int fd, int level, int name, const void *value, socklen_t length)
{
	uint64_t salt;
	struct tracked *tracked = socket_find(fd, &salt);
	unsigned int kind = option_kind(level, name);
	int e = errno;

	if (level == SOL_SOCKET && (name == SO_BINDTODEVICE || name == SO_BINDTOIFINDEX))
		socket_moved(fd);
	else if (tracked && kind)
		follow_wanted(fd, tracked, kind, option_value(value, length) != 0);
	else if (tracked)
		tracked_mark(tracked, TRACKED_MORE_CONTROL, true);
	errno = e;
}

/*
 * Returns true if a socket without a record here was made a wildcard one by another number or
 * process: the option is on and carries our mark, or it is that mark.
 */
static bool option_is_unexpected(int fd, unsigned int kind, const void *value, socklen_t length)
{
	for (int i = 0; i < ROWS; i++)
		if (kind & (table[i].kind | table[i].mark_kind))
			return option_value(value, length) == 1 &&
			       option_get(fd, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM &&
			       option_is_ours(fd, i);
	return false;
}

void options_show_wanted(int fd, unsigned int kind, void *value, socklen_t length)
{
	uint64_t salt;
	struct tracked *tracked = socket_find(fd, &salt);
	int wanted;

	if (!tracked || tracked_get(tracked, state) != TRACKED_WILDCARD) {
		if (!option_is_unexpected(fd, kind, value, length))
			return;
		wanted = 0;
	} else {
		if (options_changes() != tracked_get(tracked, options))
			options_refresh(fd, tracked);
		wanted = (tracked_get(tracked, wanted) & kind) != 0;
	}
	if (length >= sizeof(wanted))
		memcpy(value, &wanted, sizeof(wanted));
	else if (length)
		*(unsigned char *)value = (unsigned char)wanted;
}
