/* SPDX-License-Identifier: MIT */
/* Control (ancillary) data: walking it, and hiding what the program did not ask for. */
#ifndef CMSG_H
#define CMSG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* RFC 2292's option and message type, which <netinet/in.h> no longer names. */
#ifndef IPV6_2292PKTINFO
#define IPV6_2292PKTINFO 2
#endif

/* Kinds of PKTINFO, as bits: what a program asked for, what we switched on, what is hidden. */
enum {
	INFO_V4 = 1,	  /* IP_PKTINFO */
	INFO_V6 = 2,	  /* IPV6_RECVPKTINFO, delivered as IPV6_PKTINFO */
	INFO_V6_OLD = 4,  /* IPV6_2292PKTINFO (RFC 2292) */
	INFO_V4_MARK = 8, /* the socket options that are our marks (pktinfo_option.c) */
	INFO_V6_MARK = 16,
};

/*
 * The control message at `offset`, or NULL at the end and at a length that is not one. Moves
 * `offset` on. As __cmsg_nxthdr() and CMSG_OK() in the kernel do it; no pointer is trusted.
 */
struct cmsghdr *control_next(const void *control, size_t length, size_t *offset);

/* Room for the PKTINFO of both families. */
#define CONTROL_PKTINFO \
	(CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct in6_pktinfo)))

/*
 * Hands the control data in `from` to the program without the kinds in `hidden`: what put_cmsg()
 * (net/core/scm.c) would have written to the program's buffer had they been off: the same order,
 * the same partial last message, padding untouched. `to` holds the program's buffer and its size;
 * its msg_controllen becomes the length used. Returns MSG_CTRUNC if something had no room, else 0.
 */
int control_deliver(struct msghdr *to, const struct msghdr *from, unsigned int hidden);

/*
 * Where a message appended to the program's own control data goes: the length of its messages,
 * padded. Returns false when the kernel would refuse the data or when it names a source itself: a
 * PKTINFO with an address or an interface. One with neither is no choice.
 */
bool control_appendable(const void *control, size_t length, size_t *end);

#endif
