// SPDX-License-Identifier: MIT
// Hooks of setsockopt(2) and getsockopt(2): a program sees the options it set itself.

#include "hooks/after.h"
#include "libc/libc.h"

int hook_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	return after_setsockopt(fd, libc.setsockopt(fd, level, name, value, length), level, name,
				value, length);
}

int hook_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	return after_getsockopt(fd, libc.getsockopt(fd, level, name, value, length), level, name,
				value, length);
}
