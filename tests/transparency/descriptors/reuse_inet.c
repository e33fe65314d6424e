// SPDX-License-Identifier: MIT
// The number is a TCP socket, a pipe or another UDP socket now.

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/kernel_call.h"
#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "descriptors.h"
#include "reuse.h"

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((in_port_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void make_tcp_ends(int ends[2], bool hidden)
{
	const struct side *side = hidden ? &kernel_side : &library_side;
	int listener = (int)need(kernel_side.socket(AF_INET, SOCK_STREAM, 0), "listener");
	struct sockaddr_in name = loopback(0);
	socklen_t length = sizeof(name);

	need(kernel_side.bind(listener, (struct sockaddr *)&name, length), "bind");
	need(listen(listener, 1), "listen");
	need(getsockname(listener, (struct sockaddr *)&name, &length), "getsockname");
	ends[0] = (int)need(side->socket(AF_INET, SOCK_STREAM, 0), "socket");
	need(side->connect(ends[0], (struct sockaddr *)&name, length), "connect");
	ends[1] = (int)need(accept(listener, NULL, NULL), "accept");
	kernel_call(SYS_close, listener);
}

static void make_pipe_ends(int ends[2], bool hidden)
{
	(void)hidden;
	need(pipe(ends), "pipe");
}

/* Receives twice by recv() and by recvmsg(): an urgent byte stays in its place. */
static void receive(const struct side *side, int fd, char *text, size_t size, ssize_t results[4])
{
	for (int i = 0; i < 4; i++) {
		size_t used = strlen(text);
		struct iovec vector = { text + used, size - used - 1 };
		struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

		results[i] = i % 2 ? side->recv(fd, vector.iov_base, vector.iov_len, MSG_DONTWAIT)
				   : side->recvmsg(fd, &message, MSG_DONTWAIT);
		if (results[i] < 0)
			results[i] = -errno;
	}
}

static void compare_ends(const struct way *way, make_ends *make, bool hidden, bool urgent)
{
	int ends[2], other, number = reuse_number(way, make, hidden, &other);
	char texts[2][64] = { "", "" };
	ssize_t results[2][4];

	make(ends, true);
	for (int i = 0; i < 2; i++) {
		int fd = i ? ends[1] : other;

		need(write(fd, "before", 6), "write");
		if (urgent)
			need(kernel_side.send(fd, "!", 1, MSG_OOB), "urgent");
		need(write(fd, "behind", 6), "write");
	}
	receive(&library_side, number, texts[0], sizeof(texts[0]), results[0]);
	receive(&kernel_side, ends[0], texts[1], sizeof(texts[1]), results[1]);
	check(!strcmp(texts[0], texts[1]) && !memcmp(results[0], results[1], sizeof(results[0])),
	      "closed by %s%s%s: \"%s\" (%zd %zd %zd %zd), from the kernel \"%s\" (%zd %zd %zd "
	      "%zd)",
	      way->name, hidden ? ", made behind our back" : "", urgent ? ", urgent" : "", texts[0],
	      results[0][0], results[0][1], results[0][2], results[0][3], texts[1], results[1][0],
	      results[1][1], results[1][2], results[1][3]);
	kernel_call(SYS_close, number);
	kernel_call(SYS_close, other);
	kernel_call(SYS_close, ends[0]);
	kernel_call(SYS_close, ends[1]);
}

void case_reuse_tcp(void)
{
	for (size_t w = 0; w < ways_to_close_count; w++)
		for (int i = 0; i < 3; i++) /* why not 3: pass() in reuse_unix.c */
			compare_ends(&ways_to_close[w], make_tcp_ends, i & 1, i & 2);
}

void case_reuse_pipe(void)
{
	for (size_t w = 0; w < ways_to_close_count; w++)
		compare_ends(&ways_to_close[w], make_pipe_ends, w % 2 != 0, false);
}

/* One end bound to 127.0.0.53 alone, the other one connected to it. */
static void make_udp_ends(int ends[2], bool hidden)
{
	const struct side *side = hidden ? &kernel_side : &library_side;
	struct sockaddr_in name = loopback(OTHER_PORT);

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 52);
	ends[0] = (int)need(side->socket(AF_INET, SOCK_DGRAM, 0), "socket");
	need(side->bind(ends[0], (struct sockaddr *)&name, sizeof(name)), "bind");
	ends[1] = (int)need(kernel_side.socket(AF_INET, SOCK_DGRAM, 0), "socket");
	need(kernel_side.connect(ends[1], (struct sockaddr *)&name, sizeof(name)), "connect");
}

/* The wildcard socket was closed, so its options are its own; the next wildcard one is helped. */
void case_reuse_udp(void)
{
	for (size_t w = 0; w < ways_to_close_count; w++)
		for (int hidden = 0; hidden < 2; hidden++) {
			int other, number = reuse_number(&ways_to_close[w], make_udp_ends,
							 hidden != 0, &other);

			check(answers(number, OTHER_PORT), "specific: source");
			check(shows_nothing(number, OTHER_PORT), "specific: shows");
			check(!is_helped(number), "closed by %s%s: an option was set",
			      ways_to_close[w].name, hidden ? ", made behind our back" : "");
			kernel_call(SYS_close, number);
			kernel_call(SYS_close, other);
			number = wildcard_socket(AF_INET, SERVER_PORT);
			check(answers(number, SERVER_PORT), "wildcard: source");
			check(shows_nothing(number, SERVER_PORT), "wildcard: shows");
			close(number);
		}
}
