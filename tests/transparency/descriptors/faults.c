// SPDX-License-Identifier: MIT
// Bad pointers: every hooked call answers as the kernel does on sockets that are none of ours.

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "../../lib/kernel_call.h"
#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "descriptors.h"

/* An address where nothing is, and where the kernel would not look either. */
#define BAD ((void *)8)

enum { CALLS = 12, UNTOUCHED_ERRNO = 4095 };

struct answer {
	long result;
	int error;
};

/* Calls that can't succeed, or do so without effect. */
static long make_call(const struct side *side, int fd, int call)
{
	struct mmsghdr vector = { .msg_hdr = { .msg_name = BAD,
					       .msg_namelen = 16,
					       .msg_control = BAD,
					       .msg_controllen = 64 } };

	switch (call) {
	case 0:
		return side->bind(fd, BAD, 16);
	case 1:
		return side->connect(fd, BAD, 16);
	case 2:
		return side->recv(fd, BAD, 16, MSG_DONTWAIT);
	case 3:
		return side->recvfrom(fd, BAD, 16, MSG_DONTWAIT, BAD, BAD);
	case 4:
		return side->recvmsg(fd, BAD, MSG_DONTWAIT);
	case 5:
		return side->recvmmsg(fd, BAD, 2, MSG_DONTWAIT, NULL);
	case 6:
		return side->recvmmsg(fd, &vector, 1, MSG_DONTWAIT, BAD);
	case 7:
		return side->sendto(fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL, BAD, 16);
	case 8:
		return side->sendmsg(fd, BAD, MSG_DONTWAIT | MSG_NOSIGNAL);
	case 9:
		return side->sendmmsg(fd, BAD, 2, MSG_DONTWAIT | MSG_NOSIGNAL);
	case 10:
		return side->setsockopt(fd, IPPROTO_IP, IP_PKTINFO, BAD, 4);
	default:
		return side->getsockopt(fd, IPPROTO_IP, IP_PKTINFO, BAD, BAD);
	}
}

static struct answer answer(const struct side *side, int fd, int call)
{
	struct answer got;

	errno = UNTOUCHED_ERRNO;
	got.result = make_call(side, fd, call);
	got.error = errno;
	return got;
}

/* `hooked`: made by libc, so the library saw it; else it sees it first in the call with BAD. */
static int make_socket(int domain, int type, bool hooked, bool bound)
{
	const struct side *side = hooked ? &library_side : &kernel_side;
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_port = htons(SERVER_PORT),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = (int)need(side->socket(domain, type, 0), "socket"), one = 1;

	kernel_side.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bound)
		need(side->bind(fd, (struct sockaddr *)&name, sizeof(name)), "bind");
	return fd;
}

void case_faults(void)
{
	static const struct {
		const char *name;
		int domain, type;
		bool bound;
	} kinds[] = {
		{ "TCP", AF_INET, SOCK_STREAM, false },
		{ "TCP, IPv6", AF_INET6, SOCK_STREAM, false },
		{ "UNIX datagram", AF_UNIX, SOCK_DGRAM, false },
		{ "UNIX stream", AF_UNIX, SOCK_STREAM, false },
		{ "UDP bound to an address", AF_INET, SOCK_DGRAM, true },
		{ "UDP client", AF_INET, SOCK_DGRAM, false },
		{ "netlink", AF_NETLINK, SOCK_RAW, false },
	};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		for (int hooked = 0; hooked < 2; hooked++)
			for (int call = 0; call < CALLS; call++) {
				int fd = make_socket(kinds[k].domain, kinds[k].type, hooked != 0,
						     kinds[k].bound);
				int twin = make_socket(kinds[k].domain, kinds[k].type, false,
						       kinds[k].bound);
				struct answer expected = answer(&kernel_side, twin, call);
				struct answer got = answer(&library_side, fd, call);

				check(got.result == expected.result && got.error == expected.error,
				      "%s, call %d: %ld (errno %d), from the kernel %ld (errno %d)",
				      kinds[k].name, call, got.result, got.error, expected.result,
				      expected.error);
				kernel_call(SYS_close, fd);
				kernel_call(SYS_close, twin);
			}
}
