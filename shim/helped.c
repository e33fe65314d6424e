// SPDX-License-Identifier: MIT
// The table of helped sockets, in memory that forked processes share.

#include "helped.h"
#include "start.h"

struct helped *helped_sockets;
static uint32_t none;
uint32_t *helped_used = &none, *helped_turn = &none, *helped_epoch = &none, *helped_twins = &none;

/* Some programs use a new socket for everything: so many places before any is used again. */
enum { SPARE = 256 };

/* Others want the same place: so often it is tried again. */
enum { TRIES = 8 };

/* The tag: the index in the low 12 bits, a generation above, so that a reused place shows. */
enum { GENERATION = SOCKETS };
_Static_assert((SOCKETS & (SOCKETS - 1)) == 0, "an index is some bits of the tag");

struct helped *helped_find(uint64_t cookie)
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

/* The tag that comes after `tag` in that place. */
static uint32_t next_tag(const struct helped *helped, uint32_t tag)
{
	uint32_t next = (tag & ~(DESCRIPTOR_HELPED | (SOCKETS - 1))) + GENERATION;

	return (next & ~DESCRIPTOR_HELPED) | (uint32_t)(helped - helped_sockets);
}

/* Takes a place whose tag is `tag`, unless somebody else was quicker. Its next tag is returned. */
static uint32_t take(struct helped *helped, uint32_t tag)
{
	uint32_t next = next_tag(helped, tag);

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
	uint32_t used = __atomic_load_n(helped_used, __ATOMIC_ACQUIRE);
	struct helped *helped;

	for (uint32_t i = 0; used >= SPARE && i < used && i < SOCKETS; i++) {
		helped = &helped_sockets[i];
		/* The tag first: while it is the same, the mark is about that socket. */
		*tag = __atomic_load_n(&helped->tag, __ATOMIC_ACQUIRE);
		if (*tag & DESCRIPTOR_HELPED && helped_is(helped, HELPED_CLOSED) &&
		    (*tag = take(helped, *tag)))
			return helped;
	}
	for (int tries = 0; tries < TRIES; tries++) {
		if (used < SOCKETS)
			used = __atomic_fetch_add(helped_used, 1, __ATOMIC_ACQ_REL);
		if (used >= SOCKETS)
			used = __atomic_fetch_add(helped_turn, 1, __ATOMIC_RELAXED) % SOCKETS;
		helped = &helped_sockets[used];
		if ((*tag = take(helped, helped_get(helped, tag))))
			return helped;
		used = __atomic_load_n(helped_used, __ATOMIC_ACQUIRE);
	}
	return NULL;
}

/*
 * Keeps a place that others may take: those who saw it with this tag can't any more. Returns false
 * if somebody was quicker.
 */
static bool keep(struct helped *helped, uint32_t *tag)
{
	uint32_t next = next_tag(helped, *tag) | DESCRIPTOR_HELPED;

	if (!__atomic_compare_exchange_n(&helped->tag, tag, next, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return false;
	helped_mark(helped, HELPED_CLOSED, false);
	*tag = next;
	return true;
}

/* A new place for a socket. */
static struct helped *make(uint64_t cookie, uint32_t *tag)
{
	struct helped *helped = find_place(tag);

	if (!helped)
		return NULL;
	helped_set(helped, cookie, cookie);
	helped_set(helped, salt, names_salt(&library.peers.key, cookie));
	helped_set(helped, port, (in_port_t)0);
	helped_set(helped, state, (uint8_t)HELPED_FRESH);
	helped_set(helped, wanted, (uint8_t)0);
	helped_set(helped, flags, (uint8_t)0);
	helped_set(helped, misses, (uint16_t)0);
	helped_set(helped, multicast_ifindex, 0u);
	__atomic_store_n(&helped->tag, *tag, __ATOMIC_RELEASE);
	return helped;
}

struct helped *helped_remember(uint64_t cookie, uint32_t *tag, bool *remembered)
{
	*remembered = false;
	if (!cookie)
		return NULL;
	for (int tries = 0; tries < TRIES; tries++) {
		struct helped *helped = helped_find(cookie);

		if (!helped)
			return make(cookie, tag);
		*tag = helped_get(helped, tag);
		if (!(*tag & DESCRIPTOR_HELPED) || helped_get(helped, cookie) != cookie)
			continue;
		if (helped_is(helped, HELPED_CLOSED) && !keep(helped, tag))
			continue;
		*remembered = helped_get(helped, state) != HELPED_FRESH;
		return helped;
	}
	return NULL;
}

void helped_release(struct helped *helped, uint32_t tag)
{
	if (helped_get(helped, tag) == tag)
		helped_mark(helped, HELPED_CLOSED, true);
}

void helped_share_port(struct helped *helped)
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
