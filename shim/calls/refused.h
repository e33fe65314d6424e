/* SPDX-License-Identifier: MIT */
/* Sources that the kernel refuses. */
#ifndef REFUSED_H
#define REFUSED_H

#include <sys/socket.h>

#include "calls/route.h"

/* What became of a message with a source. */
enum sent {
	SENT_FAILED,	/* or the program's own call was made */
	SENT_FROM,	/* it left from there */
	SENT_OTHERWISE, /* it left, after the source was refused */
	SENT_BARE,	/* it left without the source */
};

/* Can errno be due to the source of what was sent? */
bool send_is_source_error(void);

/*
 * Sending this message failed. Is it the source that is refused, or was it an error that had been
 * waiting on the socket (an ICMP message, with IP_RECVERR)? MSG_PROBE goes all the way but sends
 * nothing and meets no waiting error (ip_make_skb(), ip6_make_skb()): it fails with the same error
 * if that is the source's. errno stays.
 */
bool send_is_refused(int fd, const struct msghdr *message, int flags);

/* The same of a message that was not sent, without a word why. errno stays. */
bool send_would_be_refused(int fd, const struct msghdr *message, int flags);

/*
 * The source of `message`, attached at `end` of its control data, was refused: other ways to use
 * it, then `original`, which has none; NULL: the same without control data. Returns what the last
 * of these sends returned.
 */
ssize_t send_refused(int fd, const struct route *route, const struct msghdr *original,
		     struct msghdr *message, size_t end, int flags, enum sent *sent);

#endif
