/* SPDX-License-Identifier: MIT */
/* The local address that the kernel would choose. */
#ifndef KERNELCHOICE_H
#define KERNELCHOICE_H

#include "address.h"

/*
 * Finds the source that the kernel would choose now for a datagram to `peer` on a socket like `fd`
 * of that space: a new socket, bound to the same device, is connected there. A rule for ports,
 * marks or users can lead to another answer. Returns false if it cannot be found out: there is no
 * route, no new socket can be had, or the thread is in another network namespace. errno stays.
 */
bool kernel_choice(int fd, uint64_t salt, const struct peer *peer, struct in6_addr *choice);

#endif
