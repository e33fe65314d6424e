/* SPDX-License-Identifier: MIT */
/* Sending many messages at once from given local addresses. */
#ifndef SENDMMSG_H
#define SENDMMSG_H

#include <sys/socket.h>

#include "sockets/tracked.h"

/* sendmmsg(2), one kernel call as long as no source is refused. */
int send_messages(int fd, struct tracked *tracked, uint64_t salt, struct mmsghdr *messages,
		  unsigned int count, int flags);

#endif
