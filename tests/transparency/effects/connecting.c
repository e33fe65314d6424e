// SPDX-License-Identifier: MIT
// connect() to who asked: what else the socket had stays as it was.

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/host.h"
#include "effects.h"

/* Does the socket belong to lo? SO_BINDTODEVICE has no length where there is none. */
static bool belongs_to_lo(int fd)
{
	char device[IFNAMSIZ] = "";
	socklen_t length = sizeof(device);

	need(kernel_side.getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &length), "device");
	return length && !strcmp(device, "lo");
}

static struct address heard_at(const struct side *side, int fd, int client, const char *address)
{
	ask_at(client, address);
	return hear(side, fd);
}

/* The server turns from one peer to another, who asked at another address. */
static long turn_to_another(const struct side *side, long argument)
{
	struct address any = address_of("0.0.0.0", SERVER_PORT), first, second;
	int fd = fresh_socket(side, AF_INET), client = client_at(CLIENT2);

	(void)argument;
	need(side->setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), "SO_BINDTODEVICE");
	need(side->bind(fd, &any.name.any, any.length), "bind");
	first = heard_at(side, fd, client_at(CLIENT), ASKED);
	second = heard_at(side, fd, client, OTHER);
	need(side->connect(fd, &first.name.any, first.length), "first connect");
	need(side->connect(fd, &second.name.any, second.length), "second connect");
	need(side->send(fd, "answer", 6, 0), "send");
	close(client);
	return belongs_to_lo(fd);
}

void case_device_kept(void)
{
	make_hosts();
	check_both(turn_to_another, 0, 1, "bound to lo");
}

/* A peer with a global address asked at a link-local one, and may be behind any interface. */
static long connect_from_link_local(const struct side *side, long argument)
{
	int fd = bound_socket(side, "::", SERVER_PORT), client = client_at(CLIENT6);
	struct address peer = heard_at(side, fd, client, ASKED_LL);

	(void)argument;
	need(side->connect(fd, &peer.name.any, peer.length), "connect");
	need(side->send(fd, "answer", 6, 0), "send");
	return belongs_to_lo(fd);
}

void case_device_not_taken(void)
{
	make_hosts();
	check_both(connect_from_link_local, 0, 0, "bound to lo");
}

static struct address name_of(int (*names)(int, struct sockaddr *, socklen_t *), int fd)
{
	struct address address = { .length = sizeof(address.name) };

	need(names(fd, &address.name.any, &address.length), "names of a connected socket");
	return address;
}

static int local_name(int fd, struct sockaddr *address, socklen_t *length)
{
	return getsockname(fd, address, length);
}

static int peer_name(int fd, struct sockaddr *address, socklen_t *length)
{
	return getpeername(fd, address, length);
}

static bool is_same(struct address one, struct address other)
{
	return one.length == other.length && !memcmp(&one.name, &other.name, one.length);
}

enum { ASKED_ELSEWHERE, ASKED_THERE };

/* The second peer went away, so the socket stays connected to the first. */
static long turn_to_nobody(const struct side *side, long where)
{
	int fd = bound_socket(side, "0.0.0.0", SERVER_PORT);
	struct address first, second, local;
	long result;

	first = heard_at(side, fd, client_at(CLIENT), ASKED);
	second = heard_at(side, fd, client_at(CLIENT2), where == ASKED_THERE ? ASKED : OTHER);
	need(side->connect(fd, &first.name.any, first.length), "connect");
	local = name_of(local_name, fd);
	ip("addr del " CLIENT2 "/32 dev lo");
	result = outcome(side->connect(fd, &second.name.any, second.length));
	check(is_same(name_of(peer_name, fd), first), "another peer");
	check(is_same(name_of(local_name, fd), local), "another local address");
	return result;
}

void case_refused_connect(void)
{
	make_hosts();
	check_both(turn_to_nobody, ASKED_ELSEWHERE, -ENETUNREACH, "connect()");
	make_hosts();
	check_both(turn_to_nobody, ASKED_THERE, -ENETUNREACH, "connect() from the same address");
}

/* A client asks at the port that the kernel chose. */
static struct address heard_on(const struct side *side, int fd, const char *client,
			       const char *address)
{
	int port = ntohs(name_of(local_name, fd).name.v4.sin_port);
	struct address to = address_of(address, port);

	need(kernel_side.sendto(client_at(client), "question", 8, 0, &to.name.any, to.length),
	     "asking");
	return hear(side, fd);
}

/* The service (RPC) turns from one peer to another, who asked at another address. */
static long turn_with_chosen_port(const struct side *side, long argument)
{
	int fd = bound_socket(side, "0.0.0.0", 0);
	struct address before = name_of(local_name, fd), after;
	struct address first = heard_on(side, fd, CLIENT, ASKED);
	struct address second = heard_on(side, fd, CLIENT2, OTHER);

	(void)argument;
	need(side->connect(fd, &first.name.any, first.length), "first connect");
	need(side->connect(fd, &second.name.any, second.length), "second connect");
	after = name_of(local_name, fd);
	return before.name.v4.sin_port == after.name.v4.sin_port;
}

void case_port_kept(void)
{
	make_hosts();
	check_both(turn_with_chosen_port, 0, 1, "the same port");
}

/* Without an interface of the program's choice there is no way to the group. */
static long tell_group(const struct side *side, int fd)
{
	struct address group = address_of("239.1.1.1", SERVER_PORT);

	return outcome(tell(side, fd, &group));
}

/*
 * The program's multicast interface can't be read back, so it is remembered, and it is so however
 * many other sockets are used meanwhile, as a client does that takes a new one for every query.
 */
static long choose_interface(const struct side *side, long queries)
{
	int fd = bound_socket(side, "0.0.0.0", SERVER_PORT), one = 1;
	struct ip_mreqn interface = { .imr_ifindex = (int)if_nametoindex("lo") };
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct address peer;

	check(tell_group(side, fd) == -ENETUNREACH, "a way to the group");
	need(side->setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface)),
	     "IP_MULTICAST_IF");
	for (long i = 0; i < queries; i++) {
		int query = fresh_socket(side, AF_INET);

		need(side->setsockopt(query, SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one)),
		     "SO_TIMESTAMP");
		need(side->setsockopt(query, IPPROTO_IP, IP_MULTICAST_IF, &interface,
				      sizeof(interface)),
		     "IP_MULTICAST_IF of another socket");
		close(query);
	}
	peer = heard_at(side, fd, client_at(CLIENT), ASKED);
	need(side->connect(fd, &peer.name.any, peer.length), "connect");
	/* While it is connected, its local address would show a way too. */
	need(side->connect(fd, &nobody, sizeof(nobody)), "disconnecting");
	return tell_group(side, fd);
}

void case_multicast_interface(void)
{
	make_hosts();
	check_both(choose_interface, 0, 6, "to the group");
	make_hosts();
	check_both(choose_interface, 9000, 6, "to the group after many sockets");
}

enum { NO_LENGTH, NO_POINTER, ONE_BYTE };

/* What the kernel refuses is not read by us either: a length of 1 ends where the memory does. */
static long connect_to_nothing(const struct side *side, long how)
{
	int fd = bound_socket(side, "0.0.0.0", SERVER_PORT);
	long page = sysconf(_SC_PAGESIZE);
	unsigned char *pages = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const void *last = pages + page - 1;

	check(pages != MAP_FAILED, "two pages");
	need(munmap(pages + page, (size_t)page), "only one page");
	if (how == ONE_BYTE)
		return outcome(side->connect(fd, last, 1));
	return outcome(side->connect(fd, NULL, how == NO_LENGTH ? 0 : sizeof(struct sockaddr_in)));
}

void case_connect_to_nothing(void)
{
	make_hosts();
	check_both(connect_to_nothing, NO_LENGTH, -EINVAL, "no address");
	make_hosts();
	check_both(connect_to_nothing, NO_POINTER, -EFAULT, "no pointer");
	make_hosts();
	check_both(connect_to_nothing, ONE_BYTE, -EINVAL, "a byte of an address");
}
