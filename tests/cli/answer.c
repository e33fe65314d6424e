// SPDX-License-Identifier: MIT
// A server for the tests of the recipes: answer port | answer FD | answer PORT [refuse-exec].
// `port` prints a free port. FD (0 to 9) is a bound socket and answers one datagram, as inetd wants
// it. PORT is bound and serves until standard input ends; `refuse-exec` says whether memory can be
// made executable.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static void answer(int fd)
{
	struct sockaddr_in6 peer;
	socklen_t length = sizeof(peer);
	char buffer[2048];
	ssize_t got = recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&peer, &length);

	if (got >= 0)
		sendto(fd, buffer, (size_t)got, 0, (struct sockaddr *)&peer, length);
}

/* Binds the port, or one that is free for 0. */
static int open_port(int port)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (bind(fd, (struct sockaddr *)&own, sizeof(own)))
		exit(1);
	return fd;
}

int main(int count, char **arguments)
{
	struct pollfd polls[] = { { .events = POLLIN }, { .events = POLLIN } };
	int number = count > 1 ? atoi(arguments[1]) : -1;
	struct sockaddr_in own = { .sin_family = AF_INET };
	socklen_t length = sizeof(own);

	if (count > 1 && !strcmp(arguments[1], "port")) {
		getsockname(open_port(0), (struct sockaddr *)&own, &length);
		printf("%d\n", ntohs(own.sin_port));
		return 0;
	}
	if (number < 10) {
		answer(number);
		return 0;
	}
	polls[1].fd = open_port(number);
	if (count > 2)
		printf("%s\n", mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
				       ? "refused"
				       : "allowed");
	fflush(stdout);
	while (poll(polls, 2, -1) > 0 && !polls[0].revents)
		answer(polls[1].fd);
	return 0;
}
