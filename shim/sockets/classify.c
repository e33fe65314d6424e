// SPDX-License-Identifier: MIT
// Finds out what descriptors are, and remembers it.

#include <errno.h>

#include "sockets/record.h"
#include "libc/libc.h"
#include "sockets/pktinfo_option.h"
#include "base/log.h"
#include "sockets/classify.h"
#include "calls/source.h"
#include "base/state.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* A socket whose datagrams never carry PKTINFO, as often as this in a row, is left alone. */
enum { MISSES_MAX = 16 };

/* Why the kernel is asked. */
enum reason {
	USED,	  /* the descriptor is used, and nothing is known of it */
	BOUND,	  /* the program bound it to a port */
	ANSWERED, /* a fresh socket answered a peer */
};

/* Reads a 64-bit option of a socket; 0 where the kernel does not have it. */
static uint64_t socket_cookie(int fd, int name)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	return libc.getsockopt(fd, SOL_SOCKET, name, &cookie, &length) ? 0 : cookie;
}

uint64_t socket_netns(int fd)
{
	return socket_cookie(fd, SO_NETNS_COOKIE);
}

static bool socket_is_udp(int fd, uint32_t *value)
{
	int type = option_get(fd, SOL_SOCKET, SO_TYPE), protocol;

	*value = type < 0 && errno == EBADF ? DESCRIPTOR_UNKNOWN : DESCRIPTOR_PLAIN;
	if (type != SOCK_DGRAM)
		return false;
	protocol = option_get(fd, SOL_SOCKET, SO_PROTOCOL);
	return protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE;
}

/* Reads getsockname(2). Returns the address family, or 0 for none of ours. */
static sa_family_t socket_name(int fd, struct peer *self)
{
	struct sockaddr_in6 name = { 0 };
	socklen_t length = sizeof(name);

	if (libc.getsockname(fd, (struct sockaddr *)&name, &length) ||
	    !peer_read(self, &name, length))
		return 0;
	return name.sin6_family;
}

/*
 * A group as local address is no source either, but nothing can be learnt there: whatever arrives
 * came to the group.
 */
static bool has_own_address(const struct peer *self)
{
	return !address_is_any(&self->host) && !address_is_multicast(&self->host);
}

/* Returns the record that a number has, if it is still that socket's. */
static struct helped *record_of(int fd, uint64_t cookie, uint32_t *tag)
{
	struct helped *helped;

	*tag = descriptor_get(fd);
	if (!(*tag & DESCRIPTOR_HELPED) || !cookie)
		return NULL;
	helped = helped_at(*tag);
	return helped_get(helped, tag) == *tag && helped_get(helped, cookie) == cookie ? helped
										       : NULL;
}

/* The space of a socket; others on the way to it are remembered for fresh sockets. */
static uint64_t socket_space(int fd)
{
	uint64_t netns = socket_netns(fd), salt;
	int device = option_get(fd, SOL_SOCKET, SO_BINDTOIFINDEX);

	salt = names_salt(&library.peers.key, netns, device > 0 ? (uint32_t)device : 0);
	source_add_space(salt, netns);
	return salt;
}

/*
 * Makes the record of a wildcard socket and switches PKTINFO on. Returns NULL if that cannot be
 * had; the number is plain then.
 */
static struct helped *track(int fd, enum reason why, const struct peer *self, sa_family_t family)
{
	uint64_t cookie = socket_cookie(fd, SO_COOKIE);
	uint32_t tag;
	struct helped *helped = record_of(fd, cookie, &tag);
	bool remembered = helped && helped_get(helped, state) != HELPED_FRESH, made = !helped;

	/* A fresh socket that answered is tracked whatever its port, by all its numbers. */
	if (why == ANSWERED || (helped && helped_is(helped, HELPED_ADOPTED)))
		why = ANSWERED;
	else if (!settings_port(&library.settings, self->port) && !options_of_ours(fd))
		return NULL;
	if (!helped && !(helped = helped_make(&tag)))
		return NULL;
	helped_set(helped, family, (uint8_t)family);
	helped_set(helped, port, self->port);
	helped_set(helped, mode, (uint16_t)(why == ANSWERED ? LOCAL_ADOPTED : LOCAL_ASKED));
	helped_set(helped, cookie, cookie);
	__atomic_store_n(&helped->salt, socket_space(fd), __ATOMIC_RELEASE);
	if (!options_enable(fd, helped, remembered)) {
		if (made)
			helped_drop(tag);
		return NULL;
	}
	helped_set(helped, options, source_options());
	/* Until datagrams show how much comes: nobody saw all options that were set. */
	if (!remembered)
		helped_mark(helped, HELPED_MORE_CONTROL, true);
	helped_mark(helped, HELPED_BY_CONTROL | HELPED_MAPPED, false);
	helped_mark(helped, HELPED_MAPPED, family == AF_INET6 && address_is_v4(&self->host));
	helped_mark(helped, HELPED_ADOPTED, why == ANSWERED);
	helped_mark(helped, HELPED_LOGGED, report_on(LOG_DEBUG));
	helped_set(helped, state, (uint8_t)HELPED_WILDCARD);
	if (made && !descriptor_set(fd, tag))
		helped_drop(tag);
	report_peer(LOG_DEBUG, fd, "is helped", self, &self->host);
	return helped;
}

/* Asks the kernel what a descriptor is. Returns the record of a tracked socket, else NULL and
 * *value. */
static struct helped *ask_kernel(int fd, enum reason why, uint32_t *value)
{
	struct helped *helped;
	struct peer self;
	sa_family_t family;
	uint32_t tag;

	if (!socket_is_udp(fd, value) || !(family = socket_name(fd, &self)))
		return NULL;
	if (!self.port) {
		*value = DESCRIPTOR_FRESH;
		/* If it was tracked, it lost its port by connect(AF_UNSPEC): all begins anew. */
		options_clear(fd);
		return NULL;
	}
	if (has_own_address(&self)) {
		helped = record_of(fd, socket_cookie(fd, SO_COOKIE), &tag);
		if (why == USED && helped && helped_get(helped, state) == HELPED_CONNECTED)
			return helped;
		options_clear(fd);
		return NULL;
	}
	return track(fd, why, &self, family);
}

static struct helped *classify(int fd, enum reason why, uint64_t *salt)
{
	struct helped *helped = NULL;
	uint32_t value = DESCRIPTOR_UNKNOWN;
	int e = errno;

	if (!start_ready() || !descriptor_is_ours())
		return NULL;
	helped = ask_kernel(fd, why, &value);
	if (helped)
		*salt = helped_get(helped, salt);
	else
		descriptor_set(fd, value);
	errno = e;
	return helped;
}

struct helped *socket_classify(int fd, uint64_t *salt)
{
	return classify(fd, USED, salt);
}

struct helped *socket_adopt(int fd, uint64_t *salt)
{
	return classify(fd, ANSWERED, salt);
}

void socket_bound(int fd)
{
	uint64_t salt;

	classify(fd, BOUND, &salt);
}

struct helped *socket_find_rest(int fd, uint32_t value, uint64_t *salt)
{
	if (value & DESCRIPTOR_HELPED || value == DESCRIPTOR_UNKNOWN)
		return socket_classify(fd, salt);
	return NULL;
}

struct helped *socket_find_wildcard_rest(int fd, uint64_t *salt)
{
	struct helped *helped = socket_find(fd, salt);

	if (!helped && descriptor_get(fd) == DESCRIPTOR_FRESH)
		helped = socket_classify(fd, salt);
	return helped && helped_get(helped, state) == HELPED_WILDCARD ? helped : NULL;
}

void socket_made(int fd, int domain, int type, int protocol)
{
	bool inet = domain == AF_INET || domain == AF_INET6;
	bool udp = (type & 0xf) == SOCK_DGRAM &&
		   (!protocol || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE);

	if (fd >= 0 && start_ready())
		descriptor_set(fd, inet && udp ? DESCRIPTOR_FRESH : DESCRIPTOR_PLAIN);
}

void socket_duplicated(int fd, int made)
{
	uint32_t value;

	if (made < 0 || made == fd || !start_ready())
		return;
	value = descriptor_get(fd);
	if (value & DESCRIPTOR_HELPED && !helped_hold(value))
		value = DESCRIPTOR_UNKNOWN;
	if (!descriptor_set(made, value) && value & DESCRIPTOR_HELPED)
		helped_drop(value);
}

void socket_forget(int fd)
{
	if (fd >= 0 && descriptor_get(fd) != DESCRIPTOR_UNKNOWN)
		descriptor_set(fd, DESCRIPTOR_UNKNOWN);
}

struct helped *socket_check(int fd)
{
	uint32_t before = descriptor_get(fd);
	uint64_t salt;
	struct helped *helped = socket_classify(fd, &salt);
	int e = errno;
	uint16_t misses;

	if (!helped || descriptor_get(fd) != before)
		return helped;
	misses = helped_get(helped, misses);
	if (misses < MISSES_MAX) {
		helped_set(helped, misses, (uint16_t)(misses + 1));
		helped_mark(helped, HELPED_MISSED, true);
		return helped;
	}
	options_restore(fd, helped);
	descriptor_set(fd, DESCRIPTOR_PLAIN);
	errno = e;
	return NULL;
}

unsigned int socket_check_unexpected(int fd)
{
	unsigned int ours;
	int e = errno;
	uint64_t salt;

	if (!start_ready())
		return 0;
	ours = options_of_ours(fd);
	if (ours)
		socket_classify(fd, &salt);
	else if (!(descriptor_get(fd) & DESCRIPTOR_HELPED))
		descriptor_set(fd, DESCRIPTOR_PKTINFO);
	errno = e;
	return ours;
}

static bool is_mapped(int fd)
{
	struct peer self;

	return socket_name(fd, &self) == AF_INET6 && address_is_v4(&self.host);
}

void socket_connected(int fd, struct helped *helped, uint32_t tag, const struct local *by_control)
{
	int e = errno;

	/* A fresh socket has no record yet. */
	if (!helped && by_control && descriptor_is_ours() && (helped = helped_make(&tag))) {
		helped_set(helped, cookie, socket_cookie(fd, SO_COOKIE));
		if (!descriptor_set(fd, tag)) {
			helped_drop(tag);
			helped = NULL;
		}
	}
	if (!helped) {
		descriptor_set(fd, DESCRIPTOR_PLAIN);
		errno = e;
		return;
	}
	if (by_control) {
		memcpy(&helped->source, &by_control->address, sizeof(helped->source));
		helped_set(helped, source_ifindex, by_control->ifindex);
	}
	helped_mark(helped, HELPED_BY_CONTROL, by_control != NULL);
	helped_mark(helped, HELPED_MAPPED, is_mapped(fd));
	if (helped_get(helped, state) != HELPED_FRESH)
		options_restore(fd, helped);
	helped_set(helped, state, (uint8_t)HELPED_CONNECTED);
	errno = e;
}

void socket_moved(int fd)
{
	uint64_t salt;
	struct helped *helped = socket_find_quickly(fd, &salt);
	int e = errno;

	if (helped)
		__atomic_store_n(&helped->salt, socket_space(fd), __ATOMIC_RELEASE);
	errno = e;
}
