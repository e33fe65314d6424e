/* SPDX-License-Identifier: MIT */
/* Whether a socket's IP_MULTICAST_IF can be used for a moment and then be as it was. */
#ifndef MULTICAST_IF_H
#define MULTICAST_IF_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* The program set IP_MULTICAST_IF on some socket to this value. */
void multicast_follow(const void *value, socklen_t length);

/*
 * Returns true if IP_MULTICAST_IF of the socket is unset. The option has an address, which the
 * kernel shows, and an interface index, which the kernel does not show; an address can be put back
 * only while the host has it. So only an unset option may be used. `local` is an address of this
 * host. Sends nothing; changes errno.
 */
bool multicast_is_unset(int fd, struct in_addr local);

/* Makes it unset. */
void multicast_unset(int fd);

#endif
