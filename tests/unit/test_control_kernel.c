// SPDX-License-Identifier: MIT
// The kernel itself as judge: a datagram read with PKTINFO off, and with it on and hidden.

#include <unistd.h>

#include "wire/cmsg.h"
#include "messages.h"

/* The same socket, families side by side; TTL and TOS (or their twins) come behind PKTINFO. */
static const struct family {
	int domain, level, pktinfo, ttl, tos;
	const char *loopback;
	unsigned int kind;
} families[] = {
	{ AF_INET, IPPROTO_IP, IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, "127.0.0.9", INFO_V4 },
	{ AF_INET6, IPPROTO_IPV6, IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS, "::1",
	  INFO_V6 },
};

enum { ROOM_MAX = 120 };

/* A socket with one datagram in its queue, -1 when the machine has no such family. */
static int ask(const struct family *family)
{
	int server = socket(family->domain, SOCK_DGRAM, 0);
	int client = socket(family->domain, SOCK_DGRAM, 0), one = 1;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_addr = address_of(family->loopback) };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	void *name = &v6;
	socklen_t length = sizeof(v6);

	if (family->domain == AF_INET) {
		v4.sin_addr = address_of_v4(family->loopback);
		name = &v4;
		length = sizeof(v4);
	}
	if (server < 0 || client < 0 || bind(server, name, length) ||
	    getsockname(server, name, &length) ||
	    setsockopt(server, family->level, family->ttl, &one, sizeof(one)) ||
	    setsockopt(server, family->level, family->tos, &one, sizeof(one)) ||
	    setsockopt(server, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof(one)) ||
	    setsockopt(server, SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one)))
		return -1;
	/* The kernel starts to take timestamps a moment after it was asked: the first may lack one.
	 */
	for (int i = 0; i < 2; i++)
		assert_int_equal(sendto(client, "?", 1, 0, name, length), 1);
	close(client);
	return server;
}

static void peek(int fd, const struct family *family, int on, struct msghdr *message)
{
	assert_int_equal(setsockopt(fd, family->level, family->pktinfo, &on, sizeof(on)), 0);
	assert_int_equal(recvmsg(fd, message, MSG_PEEK), 0);
}

static void check_room(int fd, const struct family *family, size_t room)
{
	struct messages all, given, expected;
	struct msghdr from = { .msg_control = all.bytes, .msg_controllen = sizeof(all.bytes) };
	struct msghdr to = { .msg_control = given.bytes, .msg_controllen = room };
	struct msghdr own = { .msg_control = expected.bytes, .msg_controllen = room };
	int flags;

	messages_start(&all);
	messages_start(&given);
	messages_start(&expected);
	peek(fd, family, 1, &from);
	peek(fd, family, 0, &own);
	flags = control_deliver(&to, &from, family->kind);
	assert_int_equal(flags, own.msg_flags & MSG_CTRUNC);
	assert_int_equal(to.msg_controllen, own.msg_controllen);
	assert_memory_equal(given.bytes, expected.bytes, sizeof(given.bytes));
}

/* A zero-length iovec peeks at control data alone; every room from none to enough for all. */
static void agrees_with_kernel(void **state)
{
	const struct family *family = *state;
	int fd = ask(family);

	if (fd < 0)
		skip();
	for (size_t room = 0; room <= ROOM_MAX; room++)
		check_room(fd, family, room);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "agrees_with_kernel, IPv4", agrees_with_kernel, NULL, NULL,
		  (void *)(uintptr_t)&families[0] },
		{ "agrees_with_kernel, IPv6", agrees_with_kernel, NULL, NULL,
		  (void *)(uintptr_t)&families[1] },
	};

	return cmocka_run_group_tests_name("control: the kernel's own", tests, NULL, NULL);
}
