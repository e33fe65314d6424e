// SPDX-License-Identifier: MIT
// The socket pair between the program's process and its keeper.

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "channel.h"

int failures_channel = -1;

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

void channel_for_failures(int channel)
{
	failures_channel = channel;
}

void channel_say(int channel, const char *line, int fd)
{
	union control control = { .room = { 0 } };
	/* At least one byte: an empty message looks like the end. */
	struct iovec io = { (void *)(size_t)line, strlen(line) + 1 };
	struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1 };

	if (fd >= 0) {
		message.msg_control = control.room;
		message.msg_controllen = sizeof(control.room);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	/* If this end is gone, the other one sees that itself. */
	(void)!sendmsg(channel, &message, MSG_NOSIGNAL);
}

static ssize_t hear(int channel, char *line, size_t size, int *fd)
{
	union control control;
	struct iovec io = { line, size };
	struct msghdr message = { .msg_iov = &io,
				  .msg_iovlen = 1,
				  .msg_control = control.room,
				  .msg_controllen = sizeof(control.room) };
	ssize_t length = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;

	*fd = -1;
	if (length <= 0)
		return length;
	c = CMSG_FIRSTHDR(&message);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	line[(size_t)length < size ? (size_t)length : size - 1] = '\0';
	return length;
}

int channel_hear(int channel)
{
	char line[64];
	int fd;

	hear(channel, line, sizeof(line), &fd);
	return fd;
}

_Bool channel_hear_line(int channel, char *line, size_t size)
{
	int fd;

	return hear(channel, line, size, &fd) > 0;
}
