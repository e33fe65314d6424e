// SPDX-License-Identifier: MIT
// Finds out what descriptors are, and remembers it.

#include <errno.h>

#include "base/log.h"
#include "libc/libc.h"
#include "peers/last_recv.h"
#include "sockets/classify.h"
#include "sockets/pktinfo_option.h"
#include "sockets/space.h"
#include "sockets/state.h"
#include "sockets/tracked.h"

/* After this many datagrams in a row without PKTINFO a socket is plain. */
enum { MISSES_MAX = 16 };

/* The reason for asking the kernel. */
enum reason {
	USED,	 /* the descriptor is used, and nothing is known of it */
	BOUND,	 /* the program bound it to a port */
	REPLIED, /* a fresh socket replied to a peer */
};

static bool socket_is_udp(int fd, uint32_t *value)
{
	int type = option_get(fd, SOL_SOCKET, SO_TYPE), protocol;

	*value = type < 0 && errno == EBADF ? DESCRIPTOR_UNKNOWN : DESCRIPTOR_PLAIN;
	if (type != SOCK_DGRAM)
		return false;
	protocol = option_get(fd, SOL_SOCKET, SO_PROTOCOL);
	return protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE;
}

sa_family_t socket_name(int fd, struct peer *name)
{
	struct sockaddr_in6 address = { 0 };
	socklen_t length = sizeof(address);

	if (libc.getsockname(fd, (struct sockaddr *)&address, &length) ||
	    !peer_read(name, &address, length))
		return 0;
	return address.sin6_family;
}

/*
 * Returns true if the socket is bound to a unicast address. One that is bound to a group is
 * tracked, as a wildcard socket is: a group is no source.
 */
static bool has_own_address(const struct peer *self)
{
	return !address_is_any(&self->host) && !address_is_multicast(&self->host);
}

/* Returns the record that a number has, if it is still that socket's. */
static struct tracked *find_record(int fd, uint64_t cookie, uint32_t *tag)
{
	struct tracked *tracked;

	*tag = descriptor_get(fd);
	if (!(*tag & DESCRIPTOR_TRACKED) || !cookie)
		return NULL;
	tracked = tracked_at(*tag);
	return tracked_get(tracked, tag) == *tag && tracked_get(tracked, cookie) == cookie ? tracked
											   : NULL;
}

/*
 * Makes the record of a wildcard socket and switches PKTINFO on. Returns NULL if that fails; the
 * number is plain then.
 */
static struct tracked *track_socket(int fd, enum reason why, const struct peer *self,
				    sa_family_t family)
{
	uint64_t cookie = option_get_cookie(fd, SO_COOKIE);
	uint32_t tag;
	struct tracked *tracked = find_record(fd, cookie, &tag);
	bool remembered = tracked && tracked_get(tracked, state) != TRACKED_FRESH, made = !tracked;

	/* A fresh socket that replied is tracked whatever its port, by all its numbers. */
	if (why == REPLIED || (tracked && tracked_is(tracked, TRACKED_ADOPTED)))
		why = REPLIED;
	else if (!settings_port(&library.settings, self->port) && !options_of_ours(fd))
		return NULL;
	if (!tracked && !(tracked = tracked_make(&tag)))
		return NULL;
	tracked_set(tracked, family, (uint8_t)family);
	tracked_set(tracked, port, self->port);
	tracked_set(tracked, mode, (uint16_t)(why == REPLIED ? LOCAL_ADOPTED : LOCAL_ASKED));
	tracked_set(tracked, cookie, cookie);
	__atomic_store_n(&tracked->salt, space_of_tracked(fd), __ATOMIC_RELEASE);
	if (!options_enable(fd, tracked, remembered)) {
		if (made)
			tracked_drop(tag);
		return NULL;
	}
	tracked_set(tracked, options, options_changes());
	/*
	 * The program may have set options before the socket was tracked; datagrams show how much
	 * comes.
	 */
	if (!remembered)
		tracked_mark(tracked, TRACKED_MORE_CONTROL, true);
	tracked_mark(tracked, TRACKED_BY_CONTROL, false);
	tracked_mark(tracked, TRACKED_MAPPED, family == AF_INET6 && address_is_v4(&self->host));
	tracked_mark(tracked, TRACKED_ADOPTED, why == REPLIED);
	tracked_mark(tracked, TRACKED_LOGGED, log_is_on(LOG_DEBUG));
	__atomic_store_n(&tracked->state, TRACKED_WILDCARD, __ATOMIC_RELEASE);
	if (made && !descriptor_set(fd, tag))
		tracked_drop(tag);
	log_peer(LOG_DEBUG, fd, "tracked", &self->host, self->port, &self->host);
	return tracked;
}

/* Asks the kernel what a descriptor is. Returns the record of a tracked socket, else NULL and
 * *value. */
static struct tracked *ask_kernel_of_socket(int fd, enum reason why, uint32_t *value)
{
	struct tracked *tracked;
	struct peer self;
	sa_family_t family;
	uint32_t tag;

	if (!socket_is_udp(fd, value) || !(family = socket_name(fd, &self)))
		return NULL;
	if (!self.port) {
		*value = DESCRIPTOR_FRESH;
		/* A tracked socket can lose its port by connect(AF_UNSPEC): it is fresh again. */
		options_clear(fd);
		return NULL;
	}
	if (has_own_address(&self)) {
		tracked = find_record(fd, option_get_cookie(fd, SO_COOKIE), &tag);
		if (why == USED && tracked && tracked_get(tracked, state) == TRACKED_CONNECTED)
			return tracked;
		options_clear(fd);
		return NULL;
	}
	return track_socket(fd, why, &self, family);
}

static struct tracked *classify_socket(int fd, enum reason why, uint64_t *salt)
{
	struct tracked *tracked;
	uint32_t value = DESCRIPTOR_UNKNOWN;
	int e = errno;

	if (!library_ready() || !descriptor_is_ours())
		return NULL;
	tracked = ask_kernel_of_socket(fd, why, &value);
	if (tracked)
		*salt = tracked_get(tracked, salt);
	else
		descriptor_set(fd, value);
	errno = e;
	return tracked;
}

struct tracked *socket_classify(int fd, uint64_t *salt)
{
	return classify_socket(fd, USED, salt);
}

struct tracked *socket_adopt(int fd, uint64_t *salt)
{
	return classify_socket(fd, REPLIED, salt);
}

void socket_bound(int fd)
{
	uint64_t salt;

	classify_socket(fd, BOUND, &salt);
}

struct tracked *socket_find_slow(int fd, uint32_t value, uint64_t *salt)
{
	if (value & DESCRIPTOR_TRACKED || value == DESCRIPTOR_UNKNOWN)
		return socket_classify(fd, salt);
	return NULL;
}

struct tracked *socket_find_wildcard_slow(int fd, uint64_t *salt)
{
	struct tracked *tracked = socket_find(fd, salt);

	if (!tracked && descriptor_get(fd) == DESCRIPTOR_FRESH)
		tracked = socket_classify(fd, salt);
	return tracked && tracked_get(tracked, state) == TRACKED_WILDCARD ? tracked : NULL;
}

void socket_made(int fd, int domain, int type, int protocol)
{
	bool inet = domain == AF_INET || domain == AF_INET6;
	bool udp = (type & 0xf) == SOCK_DGRAM &&
		   (!protocol || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE);

	if (fd >= 0 && library_ready())
		descriptor_set(fd, inet && udp ? DESCRIPTOR_FRESH : DESCRIPTOR_PLAIN);
}

void socket_duplicated(int fd, int made)
{
	uint32_t value;

	if (made < 0 || made == fd || !library_ready())
		return;
	value = descriptor_get(fd);
	if (value & DESCRIPTOR_TRACKED && !tracked_hold(value))
		value = DESCRIPTOR_UNKNOWN;
	if (!descriptor_set(made, value) && value & DESCRIPTOR_TRACKED)
		tracked_drop(value);
}

void socket_forget(int fd)
{
	if (fd >= 0 && descriptor_get(fd) != DESCRIPTOR_UNKNOWN)
		descriptor_set(fd, DESCRIPTOR_UNKNOWN);
}

struct tracked *socket_check(int fd)
{
	uint32_t before = descriptor_get(fd);
	uint64_t salt;
	struct tracked *tracked = socket_classify(fd, &salt);
	int e = errno;
	uint16_t misses;

	if (!tracked || descriptor_get(fd) != before)
		return tracked;
	misses = tracked_get(tracked, misses);
	if (misses < MISSES_MAX) {
		tracked_set(tracked, misses, (uint16_t)(misses + 1));
		tracked_mark(tracked, TRACKED_MISSED, true);
		return tracked;
	}
	options_restore(fd, tracked);
	descriptor_set(fd, DESCRIPTOR_PLAIN);
	errno = e;
	return NULL;
}

unsigned int socket_check_unexpected(int fd)
{
	unsigned int ours;
	int e = errno;
	uint64_t salt;

	if (!library_ready())
		return 0;
	ours = options_of_ours(fd);
	if (ours)
		socket_classify(fd, &salt);
	else if (!(descriptor_get(fd) & DESCRIPTOR_TRACKED))
		descriptor_set(fd, DESCRIPTOR_PKTINFO);
	errno = e;
	return ours;
}

/* Makes the record of a fresh socket that was connected. Returns NULL if that cannot be had. */
static struct tracked *track_connected(int fd, sa_family_t family, uint32_t *tag)
{
	struct tracked *tracked = descriptor_is_ours() ? tracked_make(tag) : NULL;

	if (!tracked)
		return NULL;
	tracked_set(tracked, family, (uint8_t)family);
	tracked_set(tracked, cookie, option_get_cookie(fd, SO_COOKIE));
	__atomic_store_n(&tracked->salt, space_of_tracked(fd), __ATOMIC_RELEASE);
	return tracked;
}

void socket_connected(int fd, struct tracked *tracked, uint32_t tag, const struct local *by_control)
{
	struct peer self;
	int e = errno;
	sa_family_t family = tracked || by_control ? socket_name(fd, &self) : 0;
	bool made = !tracked && by_control;

	last_recv_clear_tag(&thread_last_recv);
	if (made)
		tracked = track_connected(fd, family, &tag);
	if (!tracked) {
		descriptor_set(fd, DESCRIPTOR_PLAIN);
		errno = e;
		return;
	}
	tracked_set_source(tracked, by_control);
	tracked_mark(tracked, TRACKED_MAPPED, family == AF_INET6 && address_is_v4(&self.host));
	if (!made)
		options_restore(fd, tracked);
	__atomic_store_n(&tracked->state, TRACKED_CONNECTED, __ATOMIC_RELEASE);
	/* Nobody finds the record before it is complete. */
	if (made && !descriptor_set(fd, tag)) {
		tracked_drop(tag);
		descriptor_set(fd, DESCRIPTOR_PLAIN);
	}
	errno = e;
}

void socket_moved(int fd)
{
	uint64_t salt;
	struct tracked *tracked = socket_find_fast(fd, &salt);
	int e = errno;

	last_recv_clear_tag(&thread_last_recv);
	if (tracked)
		__atomic_store_n(&tracked->salt, space_of_tracked(fd), __ATOMIC_RELEASE);
	errno = e;
}
