// SPDX-License-Identifier: MIT
// Sockets that are none of ours: the libc's functions called directly, and through the hooks.

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/kernel_call.h"
#include "lab.h"

enum { CALLS = 256 };
enum { DIRECT, AGAIN, THROUGH, WAYS };
static const char *const names[WAYS] = { "plain", "again", "preload" };

/* Every function by its type, so that each way calls it through a pointer. */
static struct functions {
	ssize_t (*recv)(int fd, void *buffer, size_t size, int flags);
	ssize_t (*send)(int fd, const void *buffer, size_t size, int flags);
	ssize_t (*read)(int fd, void *buffer, size_t size);
	ssize_t (*write)(int fd, const void *buffer, size_t size);
	int (*dup)(int fd);
	int (*close)(int fd);
	int (*getsockopt)(int fd, int level, int name, void *value, socklen_t *length);
	int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t length);
} ways[WAYS];

static void find(void *pointer, bool through, const char *name)
{
	void *address = through ? dlsym(RTLD_DEFAULT, name) : find_in_libc(name);

	if (!address)
		give_up(name);
	memcpy(pointer, &address, sizeof(address));
}

static void find_functions(struct functions *functions, bool through)
{
	find(&functions->recv, through, "recv");
	find(&functions->send, through, "send");
	find(&functions->read, through, "read");
	find(&functions->write, through, "write");
	find(&functions->dup, through, "dup");
	find(&functions->close, through, "close");
	find(&functions->getsockopt, through, "getsockopt");
	find(&functions->setsockopt, through, "setsockopt");
}

static void recv_and_send(const struct functions *f, const int fds[2])
{
	char byte = 0;

	for (int i = 0; i < CALLS; i++)
		if (f->send(fds[0], &byte, 1, 0) != 1 || f->recv(fds[1], &byte, 1, 0) != 1)
			give_up("send and recv");
}

/* The quickest call there is: nothing waits. */
static void recv_nothing(const struct functions *f, const int fds[2])
{
	char byte;

	for (int i = 0; i < CALLS; i++)
		if (f->recv(fds[1], &byte, 1, MSG_DONTWAIT) != -1)
			give_up("recv of nothing");
}

static void read_and_write(const struct functions *f, const int fds[2])
{
	char byte = 0;

	for (int i = 0; i < CALLS; i++)
		if (f->write(fds[0], &byte, 1) != 1 || f->read(fds[1], &byte, 1) != 1)
			give_up("write and read");
}

static void options(const struct functions *f, const int fds[2])
{
	for (int i = 0; i < CALLS; i++) {
		int value = 0, fd = f->dup(fds[0]);
		socklen_t length = sizeof(value);

		if (fd < 0 || f->getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &length) ||
		    f->setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, length) || f->close(fd))
			give_up("dup, getsockopt, setsockopt and close");
	}
}

static void make_tcp(int fds[2])
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(name);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || fds[0] < 0 || bind(listener, (struct sockaddr *)&name, length) ||
	    listen(listener, 1) || getsockname(listener, (struct sockaddr *)&name, &length) ||
	    connect(fds[0], (struct sockaddr *)&name, length))
		give_up("a TCP connection");
	fds[1] = accept(listener, NULL, NULL);
	if (fds[1] < 0)
		give_up("accept");
}

static const struct work {
	const char *name;
	void (*run)(const struct functions *functions, const int fds[2]);
	bool tcp;
} works[] = {
	{ "tcp-send+recv", recv_and_send, true },     { "unix-send+recv", recv_and_send, false },
	{ "tcp-recv-nothing", recv_nothing, true },   { "unix-recv-nothing", recv_nothing, false },
	{ "unix-write+read", read_and_write, false }, { "tcp-options", options, true },
	{ "unix-options", options, false },
};

static void measure(const struct work *work, unsigned int rounds)
{
	int fds[2];

	if (work->tcp)
		make_tcp(fds);
	else if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		give_up("socketpair");
	for (unsigned int round = 0; round < rounds; round++) {
		for (int turn = 0; turn < WAYS; turn++) {
			int way = ((round & 1 ? turn : WAYS - turn) + (int)round / 2) % WAYS;
			uint64_t start = now();

			work->run(&ways[way], fds);
			print_batch(round, names[way], now() - start, CALLS);
		}
	}
}

/* others WORK ROUNDS */
int bench_others(int count, char *arguments[])
{
	if (count < 2)
		return 2;
	find_functions(&ways[DIRECT], false);
	find_functions(&ways[AGAIN], false);
	find_functions(&ways[THROUGH], true);
	for (size_t i = 0; i < sizeof(works) / sizeof(*works); i++) {
		if (!strcmp(arguments[0], works[i].name)) {
			measure(&works[i], (unsigned int)atoi(arguments[1]));
			return 0;
		}
	}
	return 2;
}
