// SPDX-License-Identifier: MIT
// Finds out what descriptors are, and remembers it.

#include <errno.h>
#include <sys/stat.h>

#include "libc.h"
#include "options.h"
#include "report.h"
#include "socket.h"
#include "start.h"

struct helped *helped_sockets;
uint32_t *helped_used, *helped_epoch;

/* Some programs use a new socket for everything: so many places before any is used again. */
enum { SPARE = 256 };

/* A socket whose datagrams never carry PKTINFO, as often as this, is left alone. */
enum { MISSES_MAX = 16 };

/* The tag: the index in the low 12 bits, a generation above, so that a reused place shows. */
enum { GENERATION = SOCKETS };
_Static_assert((SOCKETS & (SOCKETS - 1)) == 0, "an index is some bits of the tag");

/* 0: the kernel knows no SO_COOKIE; sockfs inode numbers do while the socket lives. */
static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);
	struct stat status;

	if (!libc.getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length))
		return cookie;
	return fstat(fd, &status) ? 0 : (uint64_t)status.st_ino | UINT64_C(1) << 63;
}

static struct helped *find_cookie(uint64_t cookie)
{
	uint32_t used = __atomic_load_n(helped_used, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < used && i < SOCKETS; i++) {
		struct helped *helped = &helped_sockets[i];

		if (helped_get(helped, cookie) == cookie &&
		    helped_get(helped, tag) & DESCRIPTOR_HELPED)
			return helped;
	}
	return NULL;
}

/* Takes a place whose tag is `tag`, unless somebody else was quicker. Its next tag is returned. */
static uint32_t take(struct helped *helped, uint32_t tag)
{
	uint32_t next = (tag & ~(DESCRIPTOR_HELPED | (SOCKETS - 1))) + GENERATION;

	next = (next & ~DESCRIPTOR_HELPED) | (uint32_t)(helped - helped_sockets);
	if (!__atomic_compare_exchange_n(&helped->tag, &tag, next, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return 0;
	return next | DESCRIPTOR_HELPED;
}

/*
 * A place that never was used, unless that makes the table long; one whose descriptor was reused
 * (its socket can live on in a duplicate or a forked child, which then gets another place); and
 * when all are taken one after the other.
 */
static struct helped *find_place(uint32_t *tag)
{
	static uint32_t turn;
	uint32_t used = __atomic_load_n(helped_used, __ATOMIC_ACQUIRE);
	struct helped *helped;

	for (uint32_t i = 0; used >= SPARE && i < used && i < SOCKETS; i++) {
		helped = &helped_sockets[i];
		if (helped_is(helped, HELPED_CLOSED) &&
		    (*tag = take(helped, helped_get(helped, tag))))
			return helped;
	}
	for (int tries = 0; tries < 8; tries++) {
		if (used < SOCKETS)
			used = __atomic_fetch_add(helped_used, 1, __ATOMIC_ACQ_REL);
		if (used >= SOCKETS)
			used = __atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % SOCKETS;
		helped = &helped_sockets[used];
		if ((*tag = take(helped, helped_get(helped, tag))))
			return helped;
		used = __atomic_load_n(helped_used, __ATOMIC_ACQUIRE);
	}
	return NULL;
}

static struct helped *remember(uint64_t cookie, bool *remembered)
{
	struct helped *helped = cookie ? find_cookie(cookie) : NULL;
	uint32_t tag;

	*remembered = helped && helped_get(helped, state) != HELPED_FRESH;
	if (helped || !cookie || !(helped = find_place(&tag)))
		return helped;
	helped_set(helped, cookie, cookie);
	helped_set(helped, port, (in_port_t)0);
	helped_set(helped, state, (uint8_t)HELPED_FRESH);
	helped_set(helped, wanted, (uint8_t)0);
	/* The first choice when room is needed, until it turns out to be a server's. */
	helped_set(helped, flags, (uint8_t)HELPED_CLOSED);
	helped_set(helped, misses, (uint16_t)0);
	helped_set(helped, multicast_ifindex, 0u);
	__atomic_store_n(&helped->tag, tag, __ATOMIC_RELEASE);
	return helped;
}

struct helped *socket_remember(int fd)
{
	bool remembered;

	return start_ready() ? remember(cookie_of(fd), &remembered) : NULL;
}

/*
 * Sockets that were taken for clients and then helped through another number, perhaps in another
 * process: what PKTINFO brings has to be hidden here too.
 */
static void forget_clients(void)
{
	for (int fd = 0; (fd = descriptor_next_unbound(fd)) >= 0; fd++)
		if (find_cookie(cookie_of(fd)))
			descriptor_set(fd, DESCRIPTOR_UNKNOWN);
}

/* Two sockets on one port know each other's peers; they are marked: others need not look. */
static void mark_shared_port(struct helped *helped)
{
	uint32_t used = __atomic_load_n(helped_used, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < used && i < SOCKETS; i++) {
		struct helped *other = &helped_sockets[i];

		if (other != helped && helped_get(other, port) == helped_get(helped, port) &&
		    helped_get(other, tag) & DESCRIPTOR_HELPED) {
			helped_mark(other, HELPED_PORT_SHARED, true);
			helped_mark(helped, HELPED_PORT_SHARED, true);
		}
	}
}

/* Why the kernel is asked. */
enum reason {
	USED,	  /* the descriptor is used, and nothing is known of it */
	BOUND,	  /* the program bound it to a port */
	ANSWERED, /* a fresh socket answered a peer */
};

/* What the kernel says a descriptor is. Returns its struct helped, or NULL with *value set. */
static struct helped *ask_kernel(int fd, uint32_t *value, enum reason why)
{
	int type = option_get(fd, SOL_SOCKET, SO_TYPE), protocol;
	struct sockaddr_in6 name = { 0 };
	socklen_t length = sizeof(name);
	struct helped *helped;
	struct peer self;
	bool remembered;

	*value = type < 0 && errno == EBADF ? DESCRIPTOR_UNKNOWN : DESCRIPTOR_PLAIN;
	if (type != SOCK_DGRAM)
		return NULL;
	protocol = option_get(fd, SOL_SOCKET, SO_PROTOCOL);
	if ((protocol != IPPROTO_UDP && protocol != IPPROTO_UDPLITE) ||
	    getsockname(fd, (struct sockaddr *)&name, &length) || !peer_read(&self, &name, length))
		return NULL;
	if (!self.port) {
		*value = DESCRIPTOR_FRESH;
		options_clear(fd);
		return NULL;
	}
	/*
	 * A group as local address is no source either, but nothing can be learnt there: whatever
	 * arrives came to the group.
	 */
	if (!address_is_any(&self.host) && !address_is_multicast(&self.host)) {
		options_clear(fd);
		return NULL;
	}
	if (why != ANSWERED && !settings_port(&library.settings, self.port))
		return NULL;
	helped = remember(cookie_of(fd), &remembered);
	if (!helped)
		return NULL;
	helped_set(helped, family, (uint8_t)name.sin6_family);
	helped_set(helped, port, self.port);
	/* Until datagrams show how much comes: nobody saw all options that were set. */
	if (!remembered)
		helped_mark(helped, HELPED_MORE_CONTROL, true);
	if (!remembered && why != BOUND)
		__atomic_fetch_add(helped_epoch, 1, __ATOMIC_RELAXED);
	if (!options_enable(fd, helped, remembered))
		return NULL;
	helped_set(helped, state, (uint8_t)HELPED_WILDCARD);
	helped_mark(helped, HELPED_CLOSED | HELPED_BY_CONTROL | HELPED_MAPPED, false);
	mark_shared_port(helped);
	*value = helped_get(helped, tag);
	report_peer(LOG_DEBUG, fd, "is helped", &self, &self.host);
	return helped;
}

static struct helped *classify(int fd, enum reason why)
{
	struct helped *helped;
	uint32_t value;
	int e = errno;

	if (!start_ready())
		return NULL;
	helped = ask_kernel(fd, &value, why);
	descriptor_set(fd, value);
	errno = e;
	return helped;
}

struct helped *socket_classify(int fd)
{
	return classify(fd, USED);
}

struct helped *socket_adopt(int fd)
{
	return classify(fd, ANSWERED);
}

void socket_bound(int fd)
{
	classify(fd, BOUND);
}

struct helped *socket_reconsider(int fd)
{
	static uint32_t known_epoch;
	uint32_t value = descriptor_get(fd), epoch;
	int e = errno;

	if (value == DESCRIPTOR_FRESH)
		return socket_classify(fd);
	if (value != DESCRIPTOR_CLIENT || !start_ready())
		return NULL;
	epoch = __atomic_load_n(helped_epoch, __ATOMIC_RELAXED);
	if (epoch != __atomic_exchange_n(&known_epoch, epoch, __ATOMIC_RELAXED)) {
		forget_clients();
		errno = e;
		return socket_find(fd);
	}
	return NULL;
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
	struct helped *helped = socket_classify(fd);
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

void socket_connected(int fd, struct helped *helped, const struct local *by_control)
{
	int e = errno;

	if (!helped) {
		descriptor_set(fd, DESCRIPTOR_PLAIN);
		return;
	}
	if (by_control) {
		memcpy(&helped->source, &by_control->address, sizeof(helped->source));
		helped_set(helped, source_ifindex, by_control->ifindex);
		descriptor_set(fd, helped_get(helped, tag));
	}
	helped_mark(helped, HELPED_BY_CONTROL, by_control != NULL);
	helped_mark(helped, HELPED_MAPPED, is_mapped(fd));
	if (helped_get(helped, state) != HELPED_FRESH)
		options_restore(fd, helped);
	helped_set(helped, state, (uint8_t)HELPED_CONNECTED);
	errno = e;
}
