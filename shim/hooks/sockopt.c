// SPDX-License-Identifier: MIT
// Hooks of setsockopt(2) and getsockopt(2): a program sees the options it set itself.

#include "hooks/after.h"
#include "libc/libc.h"
#include "sockets/pktinfo_option.h"
#include "sockets/classify.h"

int after_setsockopt(int fd, int result, int level, int name, const void *value, socklen_t length)
{
	if (!result && option_is_followed(level, name))
		options_follow(fd, level, name, value, length);
	return result;
}

int after_getsockopt(int fd, int result, int level, int name, void *value, const socklen_t *length)
{
	unsigned int kind = option_kind(level, name);

	if (!result && unlikely(kind))
		options_show_wanted(fd, kind, value, *length);
	return result;
}

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
