/* SPDX-License-Identifier: MIT */
/* A table of peers to test with, keys whose slot in it the test chooses, and local addresses. */
#ifndef TABLE_H
#define TABLE_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "peers/peer_table.h"
#include "unit.h"

static const struct hash_secret table_secret = { { 0x243f6a8885a308d3, 0x13198a2e03707344,
						   0xa4093822299f31d0, 0x082efa98ec4e6c89 } };

/* The least table that the settings allow. */
enum {
	FIXED_PEERS = PEERS_MIN,
	FIXED_SLOTS = FIXED_PEERS * 5 / 4,
	FIXED_BUCKETS = FIXED_SLOTS / SLOTS,
};

/* The local port of keys and local addresses here. */
enum { PORT = 53 };

/* Returns the size of the shared memory for so many peers: as in shim/sockets/state.c. */
static inline size_t table_size(size_t count)
{
	return sizeof(struct peers_state) + peers_bucket_count(count) * sizeof(struct peer_bucket) +
	       (sizeof(struct local_slot) << peers_locals_bits(count));
}

static inline size_t table_locals(const struct peers *peers)
{
	return (size_t)1 << (64 - peers->locals.shift);
}

static inline size_t table_page(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

/* Returns the first of the table's pages, and the size of all. */
static inline char *table_start(const struct peers *peers, size_t *whole)
{
	size_t size = sizeof(struct peers_state) + peers->count * sizeof(struct peer_bucket) +
		      table_locals(peers) * sizeof(struct local_slot);

	*whole = table_page(size);
	return (char *)peers->state + size - *whole;
}

/* From now on a write ends the test, or does so no more. */
static inline void table_protect(const struct peers *peers, bool protected)
{
	size_t whole;
	char *start = table_start(peers, &whole);

	assert_int_equal(mprotect(start, whole, protected ? PROT_READ : PROT_READ | PROT_WRITE), 0);
}

/* Makes a table in memory that forked processes share, as the library does; no page follows it. */
static inline struct peers table_make_with(size_t count, const struct hash_secret *secret)
{
	size_t size = table_size(count), whole = table_page(size);
	struct peers_state *state;
	struct peer_bucket *buckets;
	struct peers peers;
	char *start = mmap(NULL, whole + table_page(1), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(start, MAP_FAILED);
	assert_int_equal(mprotect(start + whole, table_page(1), PROT_NONE), 0);
	state = (struct peers_state *)(void *)(start + whole - size);
	buckets = (struct peer_bucket *)(void *)(state + 1);
	peers_start(&peers, count, secret, buckets,
		    (struct local_slot *)(void *)(buckets + peers_bucket_count(count)), state);
	return peers;
}

static inline struct peers table_make(size_t count)
{
	return table_make_with(count, &table_secret);
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

/* Returns the number of slots that are taken. */
static inline uint32_t table_entries(const struct peers *peers)
{
	uint32_t count = 0;

	for (uint32_t bucket = 0; bucket < peers->count; bucket++)
		for (int i = 0; i < SLOTS; i++)
			count += peers->buckets[bucket].slot[i] != 0;
	return count;
}

/* Returns the bucket whose content is another than in `before`; -1: none. */
static inline int table_changed(const struct peers *peers, const struct peer_bucket *before)
{
	for (uint32_t bucket = 0; bucket < peers->count; bucket++)
		if (memcmp(&peers->buckets[bucket], &before[bucket], sizeof(*before)))
			return (int)bucket;
	return -1;
}

/* Returns how many ticks ago an entry of that key was written; UINT32_MAX: there is none. */
static inline uint32_t table_age(const struct peers *peers, struct peer_key key)
{
	for (uint32_t i = 0; i < peers->count * SLOTS; i++) {
		uint64_t word = peers->buckets[i / SLOTS].slot[i % SLOTS];
		struct local local;

		if (word &&
		    peers_fingerprint(peers, word, &local) == (key.hash & FINGERPRINT_MASK) &&
		    local.port == key.port)
			return (peers_tick(peers) - (uint32_t)word) & TICK_MASK;
	}
	return UINT32_MAX;
}

/* Time goes on without entries and local addresses made. */
static inline void table_wait(const struct peers *peers, uint32_t ticks)
{
	peers->state->tick += ticks;
	peers->state->local_tick += ticks;
}

/* xorshift64 */
static inline uint64_t random_next(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* Returns a hash that leads to that bucket of the fixed table. */
static inline uint64_t hash_of_bucket(uint32_t bucket)
{
	return (((uint64_t)bucket << 32) + FIXED_BUCKETS - 1) / FIXED_BUCKETS << 32;
}

/* The n-th key whose first bucket is that one of the fixed table; its other buckets are anywhere.
 */
static inline struct peer_key key_at(uint32_t bucket, uint32_t n)
{
	uint64_t mixed = hash_fold(n + UINT64_C(0x9e3779b97f4a7c15), bucket ^ table_secret.word[2]);

	return (struct peer_key){ .hash = (uint64_t)n << FINGERPRINT_SHIFT |
					  (mixed & ~FINGERPRINT_MASK),
				  .bucket_hash = hash_of_bucket(bucket),
				  .port = htons(PORT) };
}

/* The n-th key whose three buckets are all the first of the fixed table: of these 8 have room. */
static inline struct peer_key key_of_first_bucket(uint32_t n)
{
	enum { MOST = 256 };
	static uint64_t hashes[MOST], random = 1;
	static uint32_t count;

	assert_true(n < MOST);
	while (count <= n) {
		struct peer_key key = { .hash = random_next(&random) };

		if (key_bucket_hash(&key, 1) < hash_of_bucket(1) &&
		    key_bucket_hash(&key, 2) < hash_of_bucket(1))
			hashes[count++] = key.hash;
	}
	return (struct peer_key){ .hash = hashes[n], .port = htons(PORT) };
}

static inline struct local local_of(const char *address, uint32_t ifindex)
{
	return (struct local){ .address = address_of(address),
			       .ifindex = ifindex,
			       .port = htons(PORT) };
}

/* As many local addresses as wanted, of either family. */
static inline struct local nth_local(uint32_t n)
{
	struct local local = { .ifindex = 1 + n % 7, .port = htons(PORT) };

	if (n % 2)
		local.address = address_map((struct in_addr){ htonl(0x0a000000 + n) });
	else
		local.address = (struct in6_addr){ .s6_addr32 = { htonl(0x20010db8), 0, 0, n } };
	return local;
}

static inline bool is_same(const struct local *one, const struct local *other)
{
	return one->half[0] == other->half[0] && one->half[1] == other->half[1] &&
	       one->packed == other->packed;
}

/* A datagram was received: what source_learn() does with it. */
static inline void table_learn(struct peers *peers, struct peer_key key, struct local local)
{
	if (!peers_knows(peers, key, local))
		peers_put(peers, key, local);
}

/* Returns true if the key is found with that very local address. */
static inline bool table_has(const struct peers *peers, struct peer_key key, struct local local)
{
	struct local found;

	return peers_find(peers, key, &found) && is_same(&found, &local);
}

/* Returns true if the key is not found with another local address. */
static inline bool table_is_right(const struct peers *peers, struct peer_key key,
				  struct local local)
{
	struct local found;

	return !peers_find(peers, key, &found) || is_same(&found, &local);
}

/* Two local addresses that a peer asks one after the other, of either family. */
struct address_pair {
	const char *first, *second;
};
static const struct address_pair pairs[] = {
	{ "192.0.2.1", "198.51.100.9" },
	{ "2001:db8::1", "2001:db8:ffff::9" },
	{ "192.0.2.1", "2001:db8::1" },
	{ "fe80::1", "fe80::2" },
};
enum { PAIRS = sizeof(pairs) / sizeof(*pairs) };

#endif
