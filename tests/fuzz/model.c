// SPDX-License-Identifier: MIT
// Keeps account of who asked where, and says from where answers have to come.

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/kernel_call.h"
#include "model.h"

enum { SOCKETS = 128, NOBODY = -3, ANYBODY = -4 };

/* Forked children add to it, so it is shared with them. */
static struct known {
	uint64_t cookie;
	bool served;   /* bound to a port of the program's choice and the wildcard address */
	bool specific; /* bound to one address */
	bool mapped;   /* bound to ::ffff:0.0.0.0 */
	bool turned;   /* connected once more, to another peer */
	bool blurred;
	unsigned int late; /* the call that switched PKTINFO on, +1; 0: none did */
	int memory[PEERS]; /* a destination, WANT_ANY (not known), WANT_PLAIN, NOBODY */
} * known;
static _Thread_local struct last mine = { -1, -1, 0 };

void model_start(void)
{
	size_t size = SOCKETS * sizeof(*known);

	known = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (known == MAP_FAILED)
		abort();
}

static int index_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);
	int i;

	if (kernel_call(SYS_getsockopt, fd, SOL_SOCKET, SO_COOKIE, &cookie, &length))
		return -1;
	for (i = 0; i < SOCKETS && known[i].cookie; i++)
		if (known[i].cookie == cookie)
			return i;
	if (i == SOCKETS)
		abort();
	known[i].cookie = cookie;
	for (unsigned int peer = 0; peer < PEERS; peer++)
		known[i].memory[peer] = NOBODY;
	return i;
}

static bool is_wildcard(const struct sockaddr_storage *name)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)name;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)name;

	if (name->ss_family == AF_INET)
		return v4->sin_addr.s_addr == htonl(INADDR_ANY);
	return name->ss_family == AF_INET6 &&
	       (IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr) ||
		(IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && !v6->sin6_addr.s6_addr32[3]));
}

void model_bound(int fd, const struct sockaddr_storage *name)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)name;
	uint16_t offset = (uint16_t)(ntohs(v4->sin_port) - world.base);
	int i = index_of(fd);

	if (i < 0)
		return;
	known[i].specific = !is_wildcard(name);
	known[i].mapped = name->ss_family == AF_INET6 && !known[i].specific &&
			  !IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)name)->sin6_addr);
	known[i].served = !known[i].specific && offset < PORTS;
}

void model_blur(int fd)
{
	int i = index_of(fd);

	if (i >= 0)
		known[i].blurred = true;
}

void model_asked_for_pktinfo(int fd)
{
	int i = index_of(fd);

	if (i >= 0)
		known[i].late = world.at + 1;
}

bool model_is_late(int fd, const unsigned char *payload, size_t length)
{
	int i = index_of(fd);

	if (length >= 2 && payload[1] == ASKED_WHERE_CHOSEN)
		return true;
	return i >= 0 && known[i].late && (length < 3 || payload[2] < known[i].late);
}

static bool is_served(int fd, int i)
{
	struct sockaddr_storage name;
	long protocol = raw_getsockopt(fd, SOL_SOCKET, SO_PROTOCOL);

	return i >= 0 && known[i].served && protocol == IPPROTO_UDP && raw_name(fd, false, &name) &&
	       is_wildcard(&name) && !raw_name(fd, true, &name);
}

bool model_is_served(int fd)
{
	return is_served(fd, index_of(fd));
}

bool model_has_twin(int fd)
{
	int i = index_of(fd);

	for (int other = 3; other < 64; other++)
		if (other != fd && index_of(other) == i)
			return true;
	return false;
}

bool model_is_elsewhere(int fd)
{
	int i = index_of(fd);

	return i >= 0 &&
	       (known[i].mapped ||
		(!known[i].served && (world.is_child || known[i].turned || model_has_twin(fd))));
}

void model_turned(int fd)
{
	int i = index_of(fd);

	if (i >= 0)
		known[i].turned = true;
}

void model_heard(int fd, const unsigned char *payload, size_t length)
{
	int i = index_of(fd);
	unsigned int peer, destination;

	if (i < 0)
		return;
	if (!is_served(fd, i) || length < 2) {
		/* Who it was does not show, or what the library made of it: anybody may be changed.
		 */
		for (peer = 0; peer < PEERS; peer++)
			known[i].memory[peer] = WANT_ANY;
		mine = (struct last){ i, ANYBODY, WANT_ANY };
		return;
	}
	peer = payload[0] - 0xa0u;
	destination = payload[1] - 0xc0u;
	if (peer >= PEERS)
		return;
	if (destination >= DESTINATIONS)
		known[i].memory[peer] = WANT_ANY;
	else
		known[i].memory[peer] =
			destinations[destination].cast == UNICAST ? (int)destination : WANT_PLAIN;
	mine = (struct last){ i, (int)peer, known[i].memory[peer] };
}

int model_want(int fd, unsigned int peer, bool own)
{
	int i = index_of(fd);

	/* What it names may leave the source to the local address that connect() chose. */
	if (i >= 0 && known[i].blurred)
		return WANT_ANY;
	if (own)
		return model_is_chosen(fd) ? WANT_ANY : WANT_PLAIN;
	if (!is_served(fd, i))
		return WANT_ANY;
	if (mine.socket == i && (mine.peer == (int)peer || mine.peer == ANYBODY))
		return mine.destination;
	return known[i].memory[peer] == NOBODY ? WANT_ANY : known[i].memory[peer];
}

int model_want_connected(int fd, unsigned int peer)
{
	return model_want(fd, peer, false);
}

bool model_is_chosen(int fd)
{
	struct sockaddr_storage name;
	int i = index_of(fd);

	return i >= 0 && !known[i].specific && raw_name(fd, true, &name);
}

struct last model_thread_start(void)
{
	struct last last = mine;

	mine = (struct last){ -1, -1, 0 };
	return last;
}

void model_thread_end(struct last last)
{
	mine = last;
}

static const char *text_of(const struct sockaddr_storage *address, char *text, socklen_t size)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET)
		return inet_ntop(AF_INET, &v4->sin_addr, text, size);
	if (address->ss_family != AF_INET6)
		return "?";
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return inet_ntop(AF_INET, &v6->sin6_addr.s6_addr32[3], text, size);
	return inet_ntop(AF_INET6, &v6->sin6_addr, text, size);
}

bool model_is_peer(const struct sockaddr_storage *address, unsigned int peer)
{
	char text[INET6_ADDRSTRLEN];

	return !strcmp(text_of(address, text, sizeof(text)), askers[peer].address);
}

void model_trace(const char *what, const struct sockaddr_storage *source, int want)
{
	const char *wanted = want >= 0		  ? destinations[want].address
			     : want == WANT_PLAIN ? "plain"
						  : "any";
	char text[INET6_ADDRSTRLEN];

	trace_add("~%s want=%s from=%s\n", what, wanted, text_of(source, text, sizeof(text)));
}
