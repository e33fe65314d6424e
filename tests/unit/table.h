/* SPDX-License-Identifier: MIT */
/* A table of peers to test with, and names whose place in it the test chooses. */
#ifndef TABLE_H
#define TABLE_H

#include <stdlib.h>
#include <sys/mman.h>

#include "peers.h"
#include "unit.h"

static const struct hash_key table_key = { { 0x243f6a8885a308d3, 0x13198a2e03707344,
					     0xa4093822299f31d0, 0x082efa98ec4e6c89 } };

/* In memory that forked processes share, as the library's own. */
static inline struct peers table_make(size_t entries)
{
	size_t size = entries * sizeof(struct entry) + sizeof(uint32_t);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return (struct peers){ .entries = memory,
			       .mask = (uint32_t)entries - 1,
			       .clock = (uint32_t *)((struct entry *)memory + entries) };
}

static inline void table_drop(const struct peers *peers)
{
	munmap(peers->entries, ((size_t)peers->mask + 1) * sizeof(struct entry) + sizeof(uint32_t));
}

/* The n-th name whose home is the entry `home`: the library takes it from bit 8 on. */
static inline uint64_t name_at(uint32_t home, uint32_t n)
{
	return (uint64_t)n << 40 | (uint64_t)home << 8 | 2;
}

static inline struct local local_of(const char *address, uint32_t ifindex)
{
	return (struct local){ .address = address_of(address), .ifindex = ifindex };
}

static inline bool is_same(const struct local *one, const struct local *other)
{
	return one->ifindex == other->ifindex && IN6_ARE_ADDR_EQUAL(&one->address, &other->address);
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
