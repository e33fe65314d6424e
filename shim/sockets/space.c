// SPDX-License-Identifier: MIT
// The spaces of this process's tracked sockets.

#include <sys/socket.h>

#include "sockets/pktinfo_option.h"
#include "sockets/space.h"
#include "sockets/state.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* If there are more, the first is replaced. A salt of 0 is one that is being changed. */
enum { SPACES = 8 };
static struct space spaces[SPACES];
static uint32_t spaces_used;

uint64_t space_netns(int fd)
{
	return option_get_cookie(fd, SO_NETNS_COOKIE);
}

static uint64_t salt_of_space(uint64_t netns, int device)
{
	return peer_salt(&library.peers.secret, netns, device > 0 ? (uint32_t)device : 0);
}

uint64_t space_of(int fd, int device)
{
	return salt_of_space(space_netns(fd), device);
}

bool space_nth(uint32_t n, struct space *space)
{
	if (n >= SPACES || n >= __atomic_load_n(&spaces_used, __ATOMIC_ACQUIRE))
		return false;
	space->salt = __atomic_load_n(&spaces[n].salt, __ATOMIC_ACQUIRE);
	space->netns = __atomic_load_n(&spaces[n].netns, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&spaces[n].salt, __ATOMIC_RELAXED) != space->salt)
		space->salt = 0;
	return true;
}

static void add_space(uint64_t salt, uint64_t netns)
{
	struct space space;
	uint32_t slot;

	for (uint32_t i = 0; space_nth(i, &space); i++)
		if (space.salt == salt)
			return;
	slot = __atomic_fetch_add(&spaces_used, 1, __ATOMIC_ACQ_REL) % SPACES;
	__atomic_store_n(&spaces[slot].salt, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&spaces[slot].netns, netns, __ATOMIC_RELAXED);
	__atomic_store_n(&spaces[slot].salt, salt, __ATOMIC_RELEASE);
}

uint64_t space_of_tracked(int fd)
{
	uint64_t netns = space_netns(fd);
	uint64_t salt = salt_of_space(netns, option_get(fd, SOL_SOCKET, SO_BINDTOIFINDEX));

	add_space(salt, netns);
	return salt;
}
