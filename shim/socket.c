// SPDX-License-Identifier: MIT
// Finds out what descriptors are, and remembers it.

#include <errno.h>
#include <sys/stat.h>

#include "helped.h"
#include "libc.h"
#include "options.h"
#include "report.h"
#include "socket.h"
#include "start.h"

uint32_t helped_epoch_known;

/* 0: the kernel knows no SO_COOKIE; sockfs inode numbers do while the socket lives. */
static uint64_t socket_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);
	struct stat status;

	if (!libc.getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length))
		return cookie;
	return fstat(fd, &status) ? 0 : (uint64_t)status.st_ino | UINT64_C(1) << 63;
}

/* A socket whose datagrams never carry PKTINFO, as often as this, is left alone. */
enum { MISSES_MAX = 16 };

struct helped *socket_remember(int fd, uint32_t *tag)
{
	bool remembered;

	return start_ready() ? helped_remember(socket_cookie(fd), tag, &remembered) : NULL;
}

/*
 * Sockets that were taken for clients and then helped through another number, perhaps in another
 * process: what PKTINFO brings has to be hidden here too.
 */
static void forget_clients(void)
{
	for (int fd = 0; (fd = descriptor_next_unbound(fd)) >= 0; fd++)
		if (helped_find(socket_cookie(fd)))
			descriptor_set(fd, DESCRIPTOR_UNKNOWN);
}

/* So often it is asked, if others are at work on the same socket. */
enum { TRIES = 8 };

static bool is_helped(int fd)
{
	const struct helped *helped = helped_find(socket_cookie(fd));

	return helped && helped_get(helped, state) != HELPED_FRESH;
}

/* Why the kernel is asked. */
enum reason {
	USED,	  /* the descriptor is used, and nothing is known of it */
	BOUND,	  /* the program bound it to a port */
	ANSWERED, /* a fresh socket answered a peer */
};

/*
 * What the kernel says a descriptor is. Returns its struct helped, or NULL with *value set. *again:
 * others were at work on the same place, and it is to be asked again.
 */
static struct helped *ask_kernel(int fd, uint32_t *value, enum reason why, uint64_t *salt,
				 bool *again)
{
	int type = option_get(fd, SOL_SOCKET, SO_TYPE), protocol;
	struct sockaddr_in6 name = { 0 };
	socklen_t length = sizeof(name);
	struct helped *helped;
	struct peer self;
	uint64_t cookie;
	bool remembered;
	uint32_t tag;

	*again = false;
	*value = type < 0 && errno == EBADF ? DESCRIPTOR_UNKNOWN : DESCRIPTOR_PLAIN;
	if (type != SOCK_DGRAM)
		return NULL;
	protocol = option_get(fd, SOL_SOCKET, SO_PROTOCOL);
	if ((protocol != IPPROTO_UDP && protocol != IPPROTO_UDPLITE) ||
	    getsockname(fd, (struct sockaddr *)&name, &length) || !peer_read(&self, &name, length))
		return NULL;
	if (!self.port) {
		*value = DESCRIPTOR_FRESH;
		/* If it was helped, it lost its port by connect(AF_UNSPEC): all begins anew. */
		options_clear(fd);
		if ((helped = helped_find(socket_cookie(fd))))
			helped_set(helped, state, (uint8_t)HELPED_FRESH);
		return NULL;
	}
	/*
	 * A group as local address is no source either, but nothing can be learnt there: whatever
	 * arrives came to the group.
	 */
	if (!address_is_any(&self.host) && !address_is_multicast(&self.host)) {
		/* Connected by another number, and perhaps disconnected by it later. */
		helped = why == USED ? helped_find(socket_cookie(fd)) : NULL;
		if (helped && helped_get(helped, state) == HELPED_CONNECTED) {
			*salt = helped_get(helped, salt);
			*value = helped_get(helped, tag);
			return helped;
		}
		options_clear(fd);
		return NULL;
	}
	/* What answered from a new port was helped whatever the port, under all its numbers. */
	if (why != ANSWERED && !settings_port(&library.settings, self.port) && !is_helped(fd))
		return NULL;
	cookie = socket_cookie(fd);
	helped = helped_remember(cookie, &tag, &remembered);
	if (!helped) {
		*value = cookie ? DESCRIPTOR_UNKNOWN : DESCRIPTOR_PLAIN;
		return NULL;
	}
	helped_set(helped, family, (uint8_t)name.sin6_family);
	helped_set(helped, port, self.port);
	/* Until datagrams show how much comes: nobody saw all options that were set. */
	if (!remembered)
		helped_mark(helped, HELPED_MORE_CONTROL, true);
	if (!remembered && (why != BOUND || __atomic_load_n(helped_twins, __ATOMIC_RELAXED)))
		__atomic_fetch_add(helped_epoch, 1, __ATOMIC_RELAXED);
	if (!options_enable(fd, helped, remembered)) {
		helped_release(helped, tag);
		return NULL;
	}
	*again = helped_get(helped, tag) != tag;
	if (unlikely(*again)) {
		*value = DESCRIPTOR_UNKNOWN;
		return NULL;
	}
	helped_set(helped, state, (uint8_t)HELPED_WILDCARD);
	helped_mark(helped, HELPED_BY_CONTROL | HELPED_MAPPED, false);
	helped_mark(helped, HELPED_MAPPED,
		    name.sin6_family == AF_INET6 && address_is_v4(&self.host));
	if (report_on(LOG_DEBUG))
		helped_mark(helped, HELPED_LOGGED, true);
	helped_share_port(helped);
	*value = tag;
	*salt = names_salt(&library.peers.key, cookie);
	report_peer(LOG_DEBUG, fd, "is helped", &self, &self.host);
	return helped;
}

static struct helped *classify(int fd, enum reason why, uint64_t *salt)
{
	struct helped *helped = NULL;
	uint32_t value = DESCRIPTOR_UNKNOWN;
	bool again = true;
	int e = errno;

	if (!start_ready())
		return NULL;
	for (int tries = 0; tries < TRIES && again; tries++)
		helped = ask_kernel(fd, &value, why, salt, &again);
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

struct helped *socket_reconsider(int fd, uint64_t *salt)
{
	int e = errno;

	__atomic_store_n(&helped_epoch_known, __atomic_load_n(helped_epoch, __ATOMIC_RELAXED),
			 __ATOMIC_RELAXED);
	forget_clients();
	errno = e;
	return socket_find(fd, salt);
}

struct helped *socket_find_rest(int fd, uint32_t value, uint64_t *salt)
{
	if (value & DESCRIPTOR_HELPED || value == DESCRIPTOR_UNKNOWN)
		return socket_classify(fd, salt);
	if (likely(__atomic_load_n(helped_epoch, __ATOMIC_RELAXED) ==
		   __atomic_load_n(&helped_epoch_known, __ATOMIC_RELAXED)))
		return NULL;
	return socket_reconsider(fd, salt);
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

	socket_forget(fd);
	if (fd >= 0 && start_ready())
		descriptor_set(fd, inet && udp ? DESCRIPTOR_FRESH : DESCRIPTOR_PLAIN);
}

void socket_forget(int fd)
{
	uint32_t old = fd < 0 ? DESCRIPTOR_UNKNOWN : descriptor_get(fd);

	/* The old descriptor of that number is gone, with some luck its socket too. */
	if (old & DESCRIPTOR_HELPED && helped_get(&helped_sockets[old % SOCKETS], tag) == old)
		helped_mark(&helped_sockets[old % SOCKETS], HELPED_CLOSED, true);
	if (old != DESCRIPTOR_UNKNOWN)
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
		return helped;
	}
	options_restore(fd, helped);
	descriptor_set(fd, DESCRIPTOR_PLAIN);
	errno = e;
	return NULL;
}

static bool is_mapped(int fd)
{
	struct sockaddr_in6 name;
	socklen_t length = sizeof(name);

	return !getsockname(fd, (struct sockaddr *)&name, &length) &&
	       name.sin6_family == AF_INET6 && address_is_v4(&name.sin6_addr);
}

void socket_connected(int fd, struct helped *helped, uint32_t tag, const struct local *by_control)
{
	int e = errno;

	/* All places are in use, and this one was taken for another socket meanwhile. */
	if (helped && by_control && unlikely(helped_get(helped, tag) != tag))
		helped = socket_remember(fd, &tag);
	if (!helped) {
		descriptor_set(fd, DESCRIPTOR_PLAIN);
		errno = e;
		return;
	}
	if (by_control) {
		memcpy(&helped->source, &by_control->address, sizeof(helped->source));
		helped_set(helped, source_ifindex, by_control->ifindex);
		descriptor_set(fd, tag);
	}
	helped_mark(helped, HELPED_BY_CONTROL, by_control != NULL);
	helped_mark(helped, HELPED_MAPPED, is_mapped(fd));
	if (helped_get(helped, state) != HELPED_FRESH)
		options_restore(fd, helped);
	helped_set(helped, state, (uint8_t)HELPED_CONNECTED);
	errno = e;
}
