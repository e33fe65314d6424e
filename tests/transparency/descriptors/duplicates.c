// SPDX-License-Identifier: MIT
// Duplicates of a helped socket, sockets that are none of ours, and many of them.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "descriptors.h"

enum { NUMBER = 100, MANY = 10000 };

static int by_dup(int fd)
{
	return dup(fd);
}

static int by_dup2(int fd)
{
	return dup2(fd, NUMBER);
}

static int by_dup2_onto_itself(int fd)
{
	return dup2(fd, fd);
}

static int by_dup3(int fd)
{
	return dup3(fd, NUMBER, O_CLOEXEC);
}

static int by_fcntl(int fd)
{
	return fcntl(fd, F_DUPFD, NUMBER);
}

static int by_fcntl_cloexec(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, NUMBER);
}

void case_duplicates(void)
{
	static const struct {
		const char *name;
		int (*duplicate)(int fd);
	} ways[] = {
		{ "dup", by_dup },
		{ "dup2", by_dup2 },
		{ "dup2 onto itself", by_dup2_onto_itself },
		{ "dup3", by_dup3 },
		{ "F_DUPFD", by_fcntl },
		{ "F_DUPFD_CLOEXEC", by_fcntl_cloexec },
	};
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		for (int f = 0; f < 2; f++) {
			int fd = wildcard_socket(families[f], SERVER_PORT);
			int other = (int)need(ways[i].duplicate(fd), ways[i].name);

			check(answers(other, SERVER_PORT), "%s: wrong source", ways[i].name);
			check(shows_nothing(other, SERVER_PORT), "%s: shows", ways[i].name);
			check(answers(fd, SERVER_PORT), "%s: original", ways[i].name);
			if (other != fd)
				close(fd);
			check(answers(other, SERVER_PORT), "%s: after close", ways[i].name);
			check(shows_nothing(other, SERVER_PORT), "%s: shows", ways[i].name);
			close(other);
		}
}

void case_specific(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(SERVER_PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 0;
	socklen_t length = sizeof(on);

	inet_pton(AF_INET, "127.0.0.53", &name.sin_addr);
	need(bind(fd, (struct sockaddr *)&name, sizeof(name)), "bind");
	check(answers(fd, SERVER_PORT), "source");
	check(shows_nothing(fd, SERVER_PORT), "shows");
	check(!is_helped(fd), "the library has set an option on it");
	kernel_side.getsockopt(fd, SOL_SOCKET, SO_NOFCS, &on, &length);
	check(!on, "the library has marked it");
}

/* More than the library has room for, and each number used again and again. */
void case_many(void)
{
	for (int i = 0; i < MANY; i++) {
		int fd = wildcard_socket(i % 2 ? AF_INET : AF_INET6, SERVER_PORT);

		check(answers(fd, SERVER_PORT), "socket %d: source", i);
		close(fd);
	}
}
