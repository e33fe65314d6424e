// SPDX-License-Identifier: MIT
// Calls that make and name sockets: socket, bind, connect, getsockname, getpeername.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/kernel_call.h"
#include "model.h"
#include "show.h"
#include "world.h"

long raw_getsockopt(int fd, int level, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);

	return kernel_call(SYS_getsockopt, fd, level, name, &value, &length) ? -1 : value;
}

bool raw_name(int fd, bool peer, struct sockaddr_storage *name)
{
	socklen_t length = sizeof(*name);

	memset(name, 0, sizeof(*name));
	return !syscall(peer ? SYS_getpeername : SYS_getsockname, fd, name, &length);
}

bool may_fault(int fd)
{
	struct sockaddr_storage name, wildcard;
	long protocol = raw_getsockopt(fd, SOL_SOCKET, SO_PROTOCOL);

	/* A number that was one of the library's and was closed since is not known to be closed. */
	if (protocol < 0)
		return false;
	if (protocol != IPPROTO_UDP && protocol != IPPROTO_UDPLITE)
		return true;
	/* A twin may still be taken for a new socket, whose addresses are read. */
	if (!raw_name(fd, false, &name) || raw_name(fd, true, &wildcard) || model_has_twin(fd))
		return false;
	if (name.ss_family == AF_INET)
		return ((struct sockaddr_in *)&name)->sin_addr.s_addr != htonl(INADDR_ANY) &&
		       !IN_MULTICAST(ntohl(((struct sockaddr_in *)&name)->sin_addr.s_addr));
	return false;
}

void perform_socket(const struct call *call, int *slot)
{
	static const struct {
		int family, type, protocol;
	} table[] = {
		{ AF_INET, SOCK_DGRAM, 0 },
		{ AF_INET, SOCK_DGRAM, 0 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDP },
		{ AF_INET6, SOCK_DGRAM, 0 },
		{ AF_INET6, SOCK_DGRAM, 0 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE },
		{ AF_INET, SOCK_STREAM, 0 },
		{ AF_UNIX, SOCK_DGRAM, 0 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP },
		{ AF_NETLINK, SOCK_RAW, 0 },
		{ AF_INET6, 99, 0 },
	};
	unsigned int row = seldom(call, 1, 5) ? pick(call, 2, sizeof(table) / sizeof(*table))
					      : pick(call, 2, 6);
	int fd;

	errno = ERRNO_BEFORE;
	fd = socket(table[row].family, table[row].type | (seldom(call, 3, 3) ? SOCK_NONBLOCK : 0),
		    table[row].protocol);
	show_result("socket", row, fd);
	if (fd >= 0)
		*slot = fd;
}

/* An address for bind() and connect(); now and then of the other family, or of a bad length. */
static socklen_t choose_address(const struct call *call, int fd, struct sockaddr_storage *address,
				const char *const hosts[], unsigned int count, uint16_t port)
{
	const char *host = hosts[pick(call, 2, count)];
	int family = strchr(host, ':') ? AF_INET6 : AF_INET;
	char mapped[64];
	socklen_t length;

	if (family == AF_INET && raw_getsockopt(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET6 &&
	    !seldom(call, 3, 5)) {
		snprintf(mapped, sizeof(mapped), "::ffff:%s", host);
		host = mapped;
		family = AF_INET6;
	}
	length = network_address(address, family, host, port);
	if (seldom(call, 4, 30))
		length = pick(call, 5, sizeof(*address) + 1);
	if (seldom(call, 4, 29))
		address->ss_family = (sa_family_t)pick(call, 5, 20);
	/* A name in the file system would be there for the other side too. */
	if (address->ss_family == AF_UNIX)
		address->ss_family = AF_UNSPEC;
	return length;
}

void perform_bind(const struct call *call, int fd)
{
	bool faultable = may_fault(fd);
	static const char *const wildcards[] = { "0.0.0.0", "::", "::ffff:0.0.0.0" };
	static const char *const others[] = { "192.0.2.1",	"127.0.0.53",  "192.0.2.200",
					      "2001:db8::1",	"224.0.0.251", "2001:db8::2",
					      "127.255.255.255" };
	long family = raw_getsockopt(fd, SOL_SOCKET, SO_DOMAIN);
	uint16_t port = seldom(call, 6, 12) ? 0 : (uint16_t)(world.base + pick(call, 6, PORTS));
	struct sockaddr_storage address, name;
	socklen_t length;
	int result;

	if (seldom(call, 1, 6))
		length = choose_address(call, fd, &address, others, 7, port);
	else if (seldom(call, 1, 5))
		length = choose_address(call, fd, &address, wildcards, 3, port);
	else
		length = network_address(&address, family == AF_INET6 ? AF_INET6 : AF_INET,
					 family == AF_INET6 ? "::" : "0.0.0.0", port);
	errno = ERRNO_BEFORE;
	if (seldom(call, 7, 60) && faultable)
		result = bind(fd, (struct sockaddr *)8, length);
	else
		result = bind(fd, (struct sockaddr *)&address, length);
	show_result("bind", fd, result);
	show_address("to", &address, length);
	if (!result && raw_name(fd, false, &name))
		model_bound(fd, &name);
}

static bool is_v4(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET ||
	       IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static bool changes_family(int fd, const struct sockaddr_storage *address)
{
	struct sockaddr_storage now;

	return raw_name(fd, true, &now) && is_v4(&now) != is_v4(address);
}

void perform_connect(const struct call *call, int fd)
{
	static const char *const others[] = { "192.0.2.100",	 "2001:db8::100",     "224.0.0.251",
					      "192.0.2.1",	 "0.0.0.0",	      "::",
					      "127.255.255.255", "::ffff:127.0.0.100" };
	unsigned int peer = pick(call, 7, PEERS);
	struct sockaddr_storage address, name;
	const char *const host[] = { askers[peer].address };
	int result, want;
	bool again = model_is_chosen(fd);
	socklen_t length;

	if (seldom(call, 1, 4)) {
		memset(&address, 0, sizeof(address));
		length = sizeof(struct sockaddr_in);
	} else if (seldom(call, 1, 7)) {
		length = choose_address(call, fd, &address, others, 8,
					(uint16_t)(world.base + CLOSED_PORT));
	} else {
		length = choose_address(call, fd, &address, host, 1,
					(uint16_t)(world.base + PEER_PORT + peer));
	}
	/* From an IPv6 peer to an IPv4 one: the kernel keeps a local address that leads nowhere. */
	if (address.ss_family && again && changes_family(fd, &address))
		return;
	if (!address.ss_family && model_is_elsewhere(fd))
		return;
	want = address.ss_family ? model_sending(fd, model_peer_at(fd, &address, length), false)
				 : WANT_ANY;
	errno = ERRNO_BEFORE;
	result = connect(fd, (struct sockaddr *)&address, length);
	show_result("connect", fd, result);
	show_address("to", &address, length);
	if (!result)
		model_connected(fd);
	if (!result && address.ss_family && again)
		model_turned(fd);
	if (!result && address.ss_family && raw_name(fd, false, &name)) {
		char what[64];

		snprintf(what, sizeof(what), "%u connected", world.at);
		if (name.ss_family == AF_INET || name.ss_family == AF_INET6)
			model_trace(what, &name, want == WANT_PLAIN ? WANT_ANY : want);
	}
}

void perform_names(const struct call *call, int fd)
{
	struct sockaddr_storage name;
	socklen_t length = seldom(call, 1, 3) ? pick(call, 2, 130) : sizeof(name);
	bool peer = seldom(call, 3, 2);
	int result;

	memset(&name, 0x5a, sizeof(name));
	errno = ERRNO_BEFORE;
	result = peer ? getpeername(fd, (struct sockaddr *)&name, &length)
		      : getsockname(fd, (struct sockaddr *)&name, &length);
	show_result(peer ? "getpeername" : "getsockname", fd, result);
	if (!peer && model_is_chosen(fd))
		show_chosen_address(&name, length);
	else
		show_address("is", &name, length);
}
