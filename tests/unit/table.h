/* SPDX-License-Identifier: MIT */
/* A table of peers to test with, names whose place in it the test chooses, and local addresses. */
#ifndef TABLE_H
#define TABLE_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "peers.h"
#include "unit.h"

static const struct hash_key table_key = { { 0x243f6a8885a308d3, 0x13198a2e03707344,
					     0xa4093822299f31d0, 0x082efa98ec4e6c89 } };

/* The least table there can be in use: it has all its sets from the start, and never grows. */
enum { FIXED_PEERS = SETS_LEAST * SLOTS / 4, FIXED_SLOTS = SETS_LEAST * SLOTS };
_Static_assert(FIXED_PEERS * 4 / SLOTS == SETS_LEAST, "peers_sets()");

struct table_memory {
	struct peers_state state;
	struct local_place locals[LOCALS];
	struct peer_set sets[];
};

static inline size_t table_size(const struct peers *peers)
{
	return sizeof(struct table_memory) + ((size_t)peers->last + 1) * sizeof(struct peer_set);
}

static inline struct table_memory *table_memory(const struct peers *peers)
{
	return (struct table_memory *)((char *)peers->sets - offsetof(struct table_memory, sets));
}

static inline size_t table_page(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

/* All of its pages, from the first. */
static inline char *table_start(const struct peers *peers, size_t *whole)
{
	size_t size = table_size(peers);

	*whole = table_page(size);
	return (char *)table_memory(peers) + size - *whole;
}

/* From now on a write ends the test, or not any more. */
static inline void table_protect(const struct peers *peers, bool protected)
{
	size_t whole;
	char *start = table_start(peers, &whole);

	assert_int_equal(mprotect(start, whole, protected ? PROT_READ : PROT_READ | PROT_WRITE), 0);
}

/* In memory that forked processes share, as the library's own; behind it is none. */
static inline struct peers table_make_with(size_t count, const struct hash_key *key)
{
	size_t size = sizeof(struct table_memory) + peers_sets(count) * sizeof(struct peer_set);
	size_t whole = table_page(size);
	struct table_memory *memory;
	struct peers peers;
	char *start = mmap(NULL, whole + table_page(1), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(start, MAP_FAILED);
	assert_int_equal(mprotect(start + whole, table_page(1), PROT_NONE), 0);
	memory = (struct table_memory *)(start + whole - size);
	peers_start(&peers, count, key, memory->sets, memory->locals, &memory->state);
	return peers;
}

static inline struct peers table_make(size_t count)
{
	return table_make_with(count, &table_key);
}

static inline void table_drop(const struct peers *peers)
{
	size_t whole;
	char *start = table_start(peers, &whole);

	munmap(start, whole + table_page(1));
}

/* The fixed table, made and dropped around a test. */
static inline int table_setup(void **state)
{
	struct peers *peers = malloc(sizeof(*peers));

	*peers = table_make(FIXED_PEERS);
	*state = peers;
	return 0;
}

static inline int table_teardown(void **state)
{
	table_drop(*state);
	free(*state);
	return 0;
}

#define table_test(test) cmocka_unit_test_setup_teardown(test, table_setup, table_teardown)

static inline uint32_t table_extent(const struct peers *peers)
{
	return (uint32_t)peers_extent(peers);
}

/* How many slots are taken in all the sets that there can be. */
static inline uint32_t table_entries(const struct peers *peers)
{
	uint32_t count = 0;

	for (uint32_t set = 0; set <= peers->last; set++)
		for (int i = 0; i < SLOTS; i++)
			count += peers->sets[set].slot[i] != 0;
	return count;
}

/* The set whose content is another than in `before`; -1: none. */
static inline int table_changed(const struct peers *peers, const struct peer_set *before)
{
	for (uint32_t set = 0; set <= peers->last; set++)
		if (memcmp(&peers->sets[set], &before[set], sizeof(*before)))
			return (int)set;
	return -1;
}

/* Time goes on without entries made. */
static inline void table_wait(const struct peers *peers, uint32_t ticks)
{
	peers->state->tick += ticks;
}

/* xorshift64 */
static inline uint64_t random_next(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* The n-th name that is at home in that set; its other sets are anywhere. */
static inline struct name name_at(uint32_t set, uint32_t n)
{
	uint64_t mixed = hash_fold(n + UINT64_C(0x9e3779b97f4a7c15), set ^ table_key.word[2]);

	return (struct name){ .hash = (uint64_t)n << TAG_SHIFT | (mixed & ~TAG_MASK),
			      .home = (uint64_t)set << SETS_SHIFT };
}

/* The n-th name (1 to 2^25 - 1) whose sets are all the first one: of these 8 have room. */
static inline struct name name_of_first_set(uint32_t n)
{
	return (struct name){ .hash = (uint64_t)n << TAG_SHIFT };
}

static inline struct local local_of(const char *address, uint32_t ifindex)
{
	return (struct local){ .address = address_of(address), .ifindex = ifindex };
}

/* As many local addresses as wanted, of either family. */
static inline struct local nth_local(uint32_t n)
{
	struct local local = { .ifindex = 1 + n % 7 };

	if (n % 2)
		local.address = address_map((struct in_addr){ htonl(0x0a000000 + n) });
	else
		local.address = (struct in6_addr){ .s6_addr32 = { htonl(0x20010db8), 0, 0, n } };
	return local;
}

static inline bool is_same(const struct local *one, const struct local *other)
{
	return one->ifindex == other->ifindex && IN6_ARE_ADDR_EQUAL(&one->address, &other->address);
}

/* Is it found, with that very local address? */
static inline bool table_has(const struct peers *peers, struct name name, struct local local)
{
	struct local found;

	return peers_find(peers, name, &found) && is_same(&found, &local);
}

/* Not found or, when it is, with no other local address. */
static inline bool table_is_right(const struct peers *peers, struct name name, struct local local)
{
	struct local found;

	return !peers_find(peers, name, &found) || is_same(&found, &local);
}

/* v4/v6 twins of two local addresses that a peer asks one after the other. */
struct twin {
	const char *first, *second;
};
static const struct twin twins[] = {
	{ "192.0.2.1", "198.51.100.9" },
	{ "2001:db8::1", "2001:db8:ffff::9" },
	{ "192.0.2.1", "2001:db8::1" },
	{ "fe80::1", "fe80::2" },
};
enum { TWINS = sizeof(twins) / sizeof(*twins) };

#endif
