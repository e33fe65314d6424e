// SPDX-License-Identifier: MIT
// Hooks of the calls that send.

#include "calls/reply.h"
#include "calls/send.h"
#include "calls/sendmmsg.h"
#include "libc/libc.h"

ssize_t hook_send(int fd, const void *buffer, size_t size, int flags)
{
	if (socket_is_settled(fd))
		return libc.send(fd, buffer, size, flags);
	return send_to(fd, buffer, size, flags, NULL, 0);
}

ssize_t hook___send(int fd, const void *buffer, size_t size, int flags)
{
	return hook_send(fd, buffer, size, flags);
}

ssize_t hook_sendto(int fd, const void *buffer, size_t size, int flags,
		    const struct sockaddr *address, socklen_t length)
{
	return send_to(fd, buffer, size, flags, address, length);
}

ssize_t hook_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return send_message(fd, message, flags);
}

int hook_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	struct tracked *tracked;
	uint64_t salt;
	bool concerns;

	{
		/* Dead when the call goes on: it finds this stack frame gone
		 * (tests/transparency/faults/stack).
		 */
		struct tracked *found;
		uint64_t salt_found = 0;

		concerns = send_concerns(fd, &found, &salt_found);
		tracked = found;
		salt = salt_found;
	}
	if (!concerns)
		return (int)send_done(fd, libc.sendmmsg(fd, messages, count, flags));
	return send_messages(fd, tracked, salt, messages, count, flags);
}
