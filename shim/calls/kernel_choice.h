/* SPDX-License-Identifier: MIT */
/* The local address that the kernel would choose. */
#ifndef KERNEL_CHOICE_H
#define KERNEL_CHOICE_H

#include "wire/peer.h"

/*
 * Finds the source that the kernel would choose now for a datagram to `peer` on a socket like `fd`
 * of that space (0: the thread's own network namespace): a new socket, bound to the same device and
 * with the same mark, is connected there. A rule for ports can lead to another answer. Without a
 * route *choice is the wildcard. Returns false if it cannot be found out: no new socket can be had,
 * or the thread is in another network namespace. errno stays.
 */
bool kernel_choice(int fd, uint64_t salt, const struct peer *peer, struct in6_addr *choice);

#endif
