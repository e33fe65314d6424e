// SPDX-License-Identifier: MIT
// setsockopt() and getsockopt() of everything that has to do with what the library does.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "model.h"
#include "show.h"
#include "world.h"

struct row {
	int level, name;
};

/* The numbers are the kernel's (include/uapi); not all have a name in every libc. */
static const struct row rows[] = {
	{ SOL_SOCKET, SO_REUSEADDR },
	{ SOL_SOCKET, SO_REUSEADDR },
	{ SOL_SOCKET, SO_BROADCAST },
	{ SOL_SOCKET, SO_DONTROUTE },
	{ SOL_SOCKET, SO_TIMESTAMP },
	{ SOL_SOCKET, SO_TIMESTAMPNS },
	{ SOL_SOCKET, 63 /* SO_TIMESTAMP_NEW */ },
	{ SOL_SOCKET, 64 /* SO_TIMESTAMPNS_NEW */ },
	{ SOL_SOCKET, SO_TIMESTAMPING },
	{ SOL_SOCKET, SO_RXQ_OVFL },
	{ SOL_SOCKET, SO_MARK },
	{ SOL_SOCKET, 75 /* SO_RCVMARK */ },
	{ SOL_SOCKET, SO_PRIORITY },
	{ SOL_SOCKET, SO_NO_CHECK },
	{ SOL_SOCKET, SO_NOFCS },
	{ SOL_SOCKET, SO_OOBINLINE },
	{ SOL_SOCKET, SO_PEEK_OFF },
	{ SOL_SOCKET, SO_ERROR },
	{ SOL_SOCKET, SO_TYPE },
	{ SOL_SOCKET, SO_DOMAIN },
	{ SOL_SOCKET, SO_PROTOCOL },
	{ SOL_SOCKET, SO_ACCEPTCONN },
	{ SOL_SOCKET, SO_BINDTOIFINDEX },
	{ IPPROTO_IP, IP_PKTINFO },
	{ IPPROTO_IP, IP_PKTINFO },
	{ IPPROTO_IP, IP_PKTINFO },
	{ IPPROTO_IP, IP_TTL },
	{ IPPROTO_IP, IP_RECVTTL },
	{ IPPROTO_IP, IP_TOS },
	{ IPPROTO_IP, IP_RECVTOS },
	{ IPPROTO_IP, IP_RECVOPTS },
	{ IPPROTO_IP, IP_RECVERR },
	{ IPPROTO_IP, IP_MTU_DISCOVER },
	{ IPPROTO_IP, IP_FREEBIND },
	{ IPPROTO_IP, IP_TRANSPARENT },
	{ IPPROTO_IP, IP_RECVORIGDSTADDR },
	{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT },
	{ IPPROTO_IP, 25 /* IP_RECVFRAGSIZE */ },
	{ IPPROTO_IP, IP_MULTICAST_IF },
	{ IPPROTO_IP, IP_MULTICAST_IF },
	{ IPPROTO_IP, IP_MULTICAST_TTL },
	{ IPPROTO_IP, IP_MULTICAST_LOOP },
	{ IPPROTO_IP, IP_MULTICAST_ALL },
	{ IPPROTO_IP, IP_UNICAST_IF },
	{ IPPROTO_IP, IP_ADD_MEMBERSHIP },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO },
	{ IPPROTO_IPV6, 2 /* IPV6_2292PKTINFO */ },
	{ IPPROTO_IPV6, IPV6_PKTINFO },
	{ IPPROTO_IPV6, IPV6_V6ONLY },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT },
	{ IPPROTO_IPV6, 8 /* IPV6_2292HOPLIMIT */ },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS },
	{ IPPROTO_IPV6, IPV6_TCLASS },
	{ IPPROTO_IPV6, IPV6_RECVERR },
	{ IPPROTO_IPV6, 78 /* IPV6_FREEBIND */ },
	{ IPPROTO_IPV6, IPV6_ADDRFORM },
	{ IPPROTO_IPV6, 74 /* IPV6_RECVORIGDSTADDR */ },
	{ IPPROTO_IPV6, IPV6_MULTICAST_IF },
	{ IPPROTO_IPV6, IPV6_AUTOFLOWLABEL },
	{ IPPROTO_UDP, UDP_CORK },
	{ IPPROTO_UDP, UDP_GRO },
	{ IPPROTO_UDP, UDP_SEGMENT },
	{ IPPROTO_UDP, UDP_NO_CHECK6_TX },
};
enum { ROWS = sizeof(rows) / sizeof(*rows), VALUE = 64 };

static void set(const struct call *call, int fd, const struct row *row)
{
	_Alignas(8) unsigned char value[VALUE] = { 0 };
	static const socklen_t lengths[] = { 0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 64 };
	struct ip_mreqn group = { .imr_ifindex = seldom(call, 3, 3) };
	struct in6_pktinfo sticky = { .ipi6_ifindex = 0 };
	int number = (int)pick(call, 3, 3) - seldom(call, 3, 7);
	socklen_t length = sizeof(number);
	int result;

	/* What the library marks its own options with: unless it saw them set, they are its own. */
	if (row->level == SOL_SOCKET && (row->name == SO_NOFCS || row->name == SO_OOBINLINE) &&
	    !model_is_served(fd))
		return;
	if (seldom(call, 3, 17))
		number = (int)pick(call, 4, 4096);
	/* Received by software only: on sending the kernel would queue copies with addresses. */
	if (row->level == SOL_SOCKET && row->name == SO_TIMESTAMPING)
		number = number ? 8 | 16 : 0;
	memcpy(value, &number, sizeof(number));
	if (row->level == IPPROTO_IP &&
	    (row->name == IP_MULTICAST_IF || row->name == IP_ADD_MEMBERSHIP)) {
		inet_pton(AF_INET, row->name == IP_ADD_MEMBERSHIP ? "224.0.0.251" : "0.0.0.0",
			  &group.imr_multiaddr);
		inet_pton(AF_INET, seldom(call, 4, 2) ? "192.0.2.2" : "0.0.0.0",
			  &group.imr_address);
		memcpy(value, &group, sizeof(group));
		if (seldom(call, 4, 3))
			memcpy(value, &group.imr_address, sizeof(group.imr_address));
		length = seldom(call, 4, 3) ? 4 : seldom(call, 4, 5) ? 8 : sizeof(group);
	} else if (row->level == IPPROTO_IPV6 && row->name == IPV6_PKTINFO) {
		inet_pton(AF_INET6, seldom(call, 4, 2) ? "2001:db8::3" : "::", &sticky.ipi6_addr);
		memcpy(value, &sticky, sizeof(sticky));
		length = sizeof(sticky);
	} else if (row->level == IPPROTO_UDP && row->name == UDP_CORK) {
		model_blur(fd);
	}
	if (seldom(call, 5, 9))
		length = lengths[pick(call, 6, 11)];
	errno = ERRNO_BEFORE;
	if (seldom(call, 7, 40))
		result = setsockopt(fd, row->level, row->name, (void *)8, length);
	else if (seldom(call, 7, 41))
		result = setsockopt(fd, row->level, row->name, NULL, length);
	else
		result = setsockopt(fd, row->level, row->name, value, length);
	show_result("setsockopt", row->level * 1000 + row->name, result);
	trace_add("  value %d length %u\n", number, length);
	if (!result &&
	    ((row->level == IPPROTO_IP && row->name == IP_PKTINFO) ||
	     (row->level == IPPROTO_IPV6 && (row->name == IPV6_RECVPKTINFO || row->name == 2))))
		model_asked_for_pktinfo(fd);
	/* A source for all that is sent, chosen by the program. */
	if (!result && row->level == IPPROTO_IPV6 && row->name == IPV6_PKTINFO)
		model_blur(fd);
}

static void get(const struct call *call, int fd, const struct row *row)
{
	_Alignas(8) unsigned char value[VALUE];
	socklen_t length = seldom(call, 3, 3) ? pick(call, 4, 20) : sizeof(int);
	int result;

	if (seldom(call, 5, 30))
		length = (socklen_t)-1;
	memset(value, 0x5a, sizeof(value));
	errno = ERRNO_BEFORE;
	if (seldom(call, 6, 40))
		result = getsockopt(fd, row->level, row->name, (void *)8, &length);
	else if (seldom(call, 6, 41))
		result = getsockopt(fd, row->level, row->name, value, NULL);
	else
		result = getsockopt(fd, row->level, row->name, value, &length);
	show_result("getsockopt", row->level * 1000 + row->name, result);
	trace_add("  length %u bytes %08x %02x%02x%02x%02x\n", length,
		  trace_hash(value, sizeof(value)), value[0], value[1], value[2], value[3]);
}

void perform_option(const struct call *call, int fd)
{
	const struct row *row = &rows[pick(call, 1, ROWS)];

	if (call->kind == CALL_SETSOCKOPT)
		set(call, fd, row);
	else
		get(call, fd, row);
}
