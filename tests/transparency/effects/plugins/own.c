// SPDX-License-Identifier: MIT
// A dependency of a plugin that has a connect() of its own.

#include "plugins.h"

/* By another name in C, where the libc's header has an opinion of its type. */
int own_connect(int fd, const struct sockaddr *address, socklen_t length) __asm__("connect");

int own_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	(void)fd;
	(void)address;
	(void)length;
	return OWN_RESULT;
}
