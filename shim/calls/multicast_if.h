/* SPDX-License-Identifier: MIT */
/* The interface index of IP_MULTICAST_IF, which the kernel does not show. */
#ifndef MULTICAST_IF_H
#define MULTICAST_IF_H

#include <netinet/in.h>
#include <sys/socket.h>

/* Records that the program set IP_MULTICAST_IF on some socket to this value. */
void multicast_follow(const void *value, socklen_t length);

/* Returns the only interface index that the program has set on sockets; 0: none, -1: several. */
int multicast_index(void);

#endif
