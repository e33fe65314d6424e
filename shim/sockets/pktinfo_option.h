/* SPDX-License-Identifier: MIT */
/* The socket options that make the kernel tell local addresses, and the program's own view of them.
 */
#ifndef PKTINFO_OPTION_H
#define PKTINFO_OPTION_H

#include "sockets/classify.h"
#include "sockets/state.h"
#include "wire/cmsg.h"

/* Reads an int option. Returns -1 when the kernel refuses, with its errno. */
int option_get(int fd, int level, int name);
/* Reads a 64-bit option of a socket. Returns 0 where the kernel does not have it, with its errno.
 */
uint64_t option_get_cookie(int fd, int name);

/* Sets an int option. Returns false when the kernel refuses, with its errno. */
bool option_set(int fd, int level, int name, int value);

/*
 * Switches PKTINFO on, of both families on an AF_INET6 socket (only IP_PKTINFO tells a broadcast).
 * An option that was on before is one that the program wants, unless it carries our mark. With
 * `remembered`, `wanted` is not changed. Returns false if the kernel has no PKTINFO.
 */
bool options_enable(int fd, struct tracked *tracked, bool remembered);

/* Sets the options back to what the program wants. */
void options_restore(int fd, struct tracked *tracked);

/* Switches off the options that carry our mark, for a socket without a record. */
void options_clear(int fd);

/* Returns the INFO_ bits of the PKTINFO options that are on and carry our mark. */
unsigned int options_of_ours(int fd);

/*
 * Returns how often programs set a PKTINFO option on a tracked socket, in any process of the tree:
 * the records of other processes may be wrong then.
 */
static inline uint8_t options_changes(void)
{
	return (uint8_t)__atomic_load_n(&library.peers.state->options, __ATOMIC_RELAXED);
}

/*
 * Reads again what the program wants, when a process that may share the socket has set such an
 * option: it counts these in the shared memory. errno stays.
 */
void options_refresh(int fd, struct tracked *tracked);

/* Returns the INFO_ bit of an option; 0 for all other options. */
static inline unsigned int option_kind(int level, int name)
{
	if (level == SOL_SOCKET)
		return name == SO_NOFCS ? INFO_V4_MARK : name == SO_OOBINLINE ? INFO_V6_MARK : 0;
	if (level == IPPROTO_IP)
		return name == IP_PKTINFO ? INFO_V4 : 0;
	if (level != IPPROTO_IPV6)
		return 0;
	return name == IPV6_RECVPKTINFO ? INFO_V6 : name == IPV6_2292PKTINFO ? INFO_V6_OLD : 0;
}

/* Returns true for an option whose changes options_follow() has to know. */
bool option_is_followed(int level, int name);

/*
 * Records that the program set such an option: that it wants PKTINFO, that the socket is in another
 * space, or that more control data will come. errno stays.
 */
void options_follow(int fd, int level, int name, const void *value, socklen_t length);

/* Replaces the kernel's value of a PKTINFO option by the one that the program set. */
void options_show_wanted(int fd, unsigned int kind, void *value, socklen_t length);

#endif
