/* SPDX-License-Identifier: MIT */
/* Sources that the kernel refuses. */
#ifndef REFUSED_H
#define REFUSED_H

#include <sys/socket.h>

#include "calls/route.h"

/* Results of sending a message with a source. */
enum sent {
	SENT_FAILED,	/* or the program's own call was made */
	SENT_FROM,	/* it left from there */
	SENT_OTHERWISE, /* it left, after the source was refused */
	SENT_BARE,	/* it left without the source */
};

/* Returns true if errno can be due to the source of the message that was sent. */
bool send_is_source_error(void);

/*
 * Sending this message failed. Returns true if the source is refused, false if the error had waited
 * on the socket (an ICMP message, with IP_RECVERR). A send with MSG_PROBE goes all the way, but
 * sends nothing and meets no waiting error (ip_make_skb(), ip6_make_skb()). errno stays.
 */
bool send_is_refused(int fd, const struct msghdr *message, int flags);

/*
 * Returns true if the kernel would refuse the source of this message, which sendmmsg(2) did not
 * send and for which it gave no error. errno stays.
 */
bool send_would_be_refused(int fd, const struct msghdr *message, int flags);

/*
 * The source of `message`, attached at `end` of its control data, was refused: other ways to use
 * it, then `original`, which has none; NULL: the same without control data. Returns what the last
 * of these sends returned.
 */
ssize_t send_refused(int fd, const struct route *route, const struct msghdr *original,
		     struct msghdr *message, size_t end, int flags, enum sent *sent);

#endif
