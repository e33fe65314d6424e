// SPDX-License-Identifier: MIT
// A preload that answers some calls itself: every socket has one name, and none can be waited for.
// Not the library's interposer, which tells the truth.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static int answer(void *address, socklen_t *length)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_port = htons(9),
				    .sin_addr.s_addr = htonl(0xcb007109) };
	socklen_t room = *length < sizeof(name) ? *length : sizeof(name);

	memcpy(address, &name, room);
	*length = sizeof(name);
	return 0;
}

int own_getsockname(int fd, void *address, socklen_t *length) __asm__("getsockname");
int own_getpeername(int fd, void *address, socklen_t *length) __asm__("getpeername");
int own_poll(struct pollfd *fds, nfds_t count, int timeout) __asm__("poll");

int own_getsockname(int fd, void *address, socklen_t *length)
{
	(void)fd;
	return answer(address, length);
}

int own_getpeername(int fd, void *address, socklen_t *length)
{
	(void)fd;
	return answer(address, length);
}

int own_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	(void)fds;
	(void)count;
	(void)timeout;
	errno = EPERM;
	return -1;
}
