/* SPDX-License-Identifier: MIT */
/* Sending one message: at once if it is the reply to what the thread received last. */
#ifndef REPLY_H
#define REPLY_H

#include <sys/socket.h>

/* sendto(2) and, with no address, send(2), of a descriptor that is not known to be plain. */
ssize_t send_to(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *address,
		socklen_t length);

/* sendmsg(2), of a descriptor that is not known to be plain. */
ssize_t send_message(int fd, const struct msghdr *message, int flags);

#endif
