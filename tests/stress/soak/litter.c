// SPDX-License-Identifier: MIT
// Descriptors that come and go, in the ways that programs have for it.

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "restless.h"

enum { FIRST_PORT = 20000, PORTS = 10000, KINDS = 5, PLACES = 40, HIGHEST = 200 };

int open_wildcard(in_port_t port)
{
	struct sockaddr_in6 wildcard = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int sock = must(socket(AF_INET6, SOCK_DGRAM, 0), "socket"), off = 0;

	must(setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)), "IPV6_V6ONLY");
	must(bind(sock, (struct sockaddr *)&wildcard, sizeof(wildcard)), "bind");
	return sock;
}

int duplicate(int sock)
{
	switch (chance(3)) {
	case 0:
		return must(dup(sock), "dup");
	case 1:
		return must(fcntl(sock, F_DUPFD, (int)chance(PLACES)), "F_DUPFD");
	default:
		/* Nobody else has numbers from there on; it is at one below, so not at this. */
		return must(dup2(sock, HIGHEST + !!(sock == HIGHEST)), "dup2");
	}
}

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

static void send_descriptor(int channel, int sock)
{
	struct iovec part = { .iov_base = (char[]){ 0 }, .iov_len = 1 };
	union control control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
					      .cmsg_level = SOL_SOCKET,
					      .cmsg_type = SCM_RIGHTS } };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.header), &sock, sizeof(sock));
	must((int)sendmsg(channel, &message, 0), "sendmsg");
}

static int receive_descriptor(int channel)
{
	char byte;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	union control control;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header;
	int sock = -1;

	must((int)recvmsg(channel, &message, 0), "recvmsg");
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&sock, CMSG_DATA(header), sizeof(sock));
	return must(sock, "SCM_RIGHTS");
}

int pass(int sock)
{
	int pair[2], other;

	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), "socketpair");
	send_descriptor(pair[0], sock);
	other = receive_descriptor(pair[1]);
	close_somehow(pair[0]);
	close_somehow(pair[1]);
	return other;
}

void close_somehow(int fd)
{
	if (chance(2))
		close(fd);
	else
		syscall(SYS_close, fd);
}

/* Another wildcard server, of which nobody knows. */
static int open_server(void)
{
	struct sockaddr_in wildcard = { .sin_family = AF_INET };
	int sock = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	wildcard.sin_port = htons((in_port_t)(FIRST_PORT + chance(PORTS)));
	/* A child may have that port right now. */
	(void)bind(sock, (struct sockaddr *)&wildcard, sizeof(wildcard));
	return sock;
}

static void open_pair(int pair[2])
{
	if (chance(2))
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair");
	else
		must(pipe2(pair, O_CLOEXEC), "pipe2");
}

void litter(void)
{
	int fds[16], count = 0;

	for (unsigned int more = 1 + chance(8); more; more--) {
		switch (chance(KINDS)) {
		case 0:
			fds[count++] =
				must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
			break;
		case 1:
			open_pair(fds + count);
			count += 2;
			break;
		case 2:
			fds[count++] = must(open("/dev/null", O_RDWR | O_CLOEXEC), "/dev/null");
			break;
		default:
			fds[count++] = open_server();
			break;
		}
	}
	while (count)
		close_somehow(fds[--count]);
}
