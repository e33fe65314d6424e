// SPDX-License-Identifier: MIT
// The spaces of the tracked sockets: a salt goes with its own namespace.

#include "model.h"

#include "sockets/space.c"

struct library library = { .peers = { .secret = { { 1, 2, 3, 5 } } } };

/* The kernel: each number is a socket in a network namespace of its own. */
uint64_t option_get_cookie(int fd, int name)
{
	return 1000 + fd;
}

int option_get(int fd, int level, int name)
{
	return 0;
}

THREAD(add_0) { space_of_tracked(0); }
THREAD(add_2) { space_of_tracked(2); }

THREAD(first_is_whole)
{
	struct space space;

	if (space_nth(0, &space) && space.salt)
		assert(space.salt == salt_of_space(space.netns, 0));
}

SCENARIO(new_space, "a reader finds a new space complete")
{
	RUN(add_0, first_is_whole);
}

SCENARIO(replaced_space, "a reader finds a space complete while another one replaces it")
{
	space_of_tracked(0);
	space_of_tracked(1);
	RUN(add_2, first_is_whole);
}

int main(void)
{
	MAIN();
}
