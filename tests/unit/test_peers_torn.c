// SPDX-License-Identifier: MIT
// An entry or a local address that is half-written, or garbage, is not believed.
//
// What is believed fits in 42 bits of the key's hash, and 36 bits of check: of 2^36 other local
// addresses one would fit. With the key of these tests none does.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "table.h"

/* The one slot of a table with one entry. */
static uint64_t *only_slot(const struct peers *peers)
{
	for (uint32_t bucket = 0; bucket < peers->count; bucket++)
		for (int i = 0; i < SLOTS; i++)
			if (peers->buckets[bucket].slot[i])
				return &peers->buckets[bucket].slot[i];
	fail_msg("no entry");
	return NULL;
}

/* Every bit counts but those of the tick, and of an index beyond the table of local addresses. */
static bool bit_counts(const struct peers *peers, unsigned int bit)
{
	return bit >= FINGERPRINT_SHIFT ||
	       (bit >= INDEX_SHIFT && bit < INDEX_SHIFT + 64u - peers->locals.shift);
}

static void flipped_bit_is_noticed(void **state)
{
	struct local found;

	for (uint32_t n = 0; n < 2000; n++) {
		struct local local = n < PAIRS ? local_of(pairs[n].first, 1) : nth_local(n);
		struct peer_key key = key_at(n % FIXED_BUCKETS, 1 + n);
		uint64_t *slot;

		peers_put(*state, key, local);
		slot = only_slot(*state);
		for (unsigned int bit = 0; bit < 64; bit++) {
			*slot ^= UINT64_C(1) << bit;
			assert_int_equal(peers_find(*state, key, &found), !bit_counts(*state, bit));
			assert_true(table_is_right(*state, key, local));
			*slot ^= UINT64_C(1) << bit;
		}
		peers_forget(*state, key);
		assert_int_equal(table_entries(*state), 0);
	}
}

/* The same where each index leads to some address that is in use. */
static void flipped_index_is_noticed_in_full_table(void **state)
{
	struct peers *peers = *state;
	struct local found;

	for (uint32_t n = 0; n < 4 * table_locals(peers); n++) {
		peers_put(peers, key_at(1, 1), nth_local(n));
		peers->state->local_tick = n / 1000;
	}
	for (uint32_t n = 0; n < 2000; n++) {
		uint64_t *slot;

		peers_put(peers, key_at(1, 1), nth_local(n));
		slot = only_slot(peers);
		assert_non_null(slot);
		for (unsigned int bit = INDEX_SHIFT;
		     slot && bit < FINGERPRINT_SHIFT && bit_counts(peers, bit); bit++) {
			*slot ^= UINT64_C(1) << bit;
			assert_false(peers_find(peers, key_at(1, 1), &found));
			*slot ^= UINT64_C(1) << bit;
		}
	}
}

/* The new slot over the old one, only those words of 32 bits whose bits are set. */
static struct local_slot tear(const struct local_slot *old, const struct local_slot *new,
			      unsigned int words)
{
	struct local_slot torn = *old;

	for (unsigned int i = 0; i < sizeof(torn) / 4; i++)
		if (words >> i & 1)
			memcpy((char *)&torn + 4 * i, (const char *)new + 4 * i, 4);
	return torn;
}

/* Makes an entry of `key` for `local` at the first slot; returns what that slot holds. */
static struct local_slot make_entry(struct peers *peers, struct peer_key key, struct local local,
				    uint32_t generation)
{
	struct local_slot filled = { .half = { local.half[0], local.half[1] },
				     .packed = local.packed,
				     .tick = generation,
				     .generation = generation };
	struct local_known known = {
		.check = local_check(&filled, local_hash(&peers->secret, local)),
	};

	peers_forget(peers, key);
	for (int i = 0; i < SLOTS; i++) {
		uint64_t *slot = &peers_bucket(peers, key.bucket_hash)->slot[i];

		if (!*slot) {
			*slot = peers_word(&known, 0) ^ (key.hash & FINGERPRINT_MASK);
			return filled;
		}
	}
	fail_msg("the bucket is full");
	return filled;
}

/*
 * One address taking another's slot, read at any moment: of either's entries each is found with
 * its own, or not at all.
 */
static void half_written_local_is_not_believed(void **state)
{
	struct peers *peers = *state;
	unsigned int masks = 1u << sizeof(struct local_slot) / 4;

	for (uint32_t i = 0; i < 500; i++) {
		struct local first = i < PAIRS ? local_of(pairs[i].first, 1) : nth_local(i);
		struct local second = i < PAIRS ? local_of(pairs[i].second, 2) : nth_local(i / 2);
		struct peer_key one = key_at(1, 1), other = key_at(1, 2);
		struct local_slot old, new;

		memset(peers->buckets, 0, sizeof(*peers->buckets) * FIXED_BUCKETS);
		old = make_entry(peers, one, first, i);
		new = make_entry(peers, other, second, i + 1);
		for (unsigned int mask = 0; mask < masks; mask++) {
			peers->locals.slots[0] = tear(&old, &new, mask);
			assert_true(table_is_right(peers, one, first));
			assert_true(table_is_right(peers, other, second));
		}
		peers->locals.slots[0] = old;
		assert_true(table_has(peers, one, first));
		peers->locals.slots[0] = new;
		assert_true(table_has(peers, other, second));
	}
}

static void garbage_is_not_believed(void **state)
{
	struct peers *peers = *state;
	uint64_t random = 88172645463325252;
	struct local found;

	for (uint32_t n = 0; n < table_locals(peers); n++) {
		peers->locals.slots[n].half[0] = random_next(&random);
		peers->locals.slots[n].half[1] = random_next(&random);
		peers->locals.slots[n].packed = random_next(&random);
		peers->locals.slots[n].generation = (uint32_t)random_next(&random);
	}
	for (int round = 0; round < 2000; round++) {
		for (int bucket = 0; bucket < FIXED_BUCKETS; bucket++)
			for (int i = 0; i < SLOTS; i++)
				peers->buckets[bucket].slot[i] = random_next(&random);
		for (uint32_t n = 0; n < FIXED_BUCKETS; n++)
			assert_false(peers_find(peers, key_at(n, n), &found));
	}
}

static void write_for_ever(struct peers *peers, int ready)
{
	peers_put(peers, key_at(1, 1), nth_local(1));
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (uint32_t n = 0;; n++) {
		peers_put(peers, key_at(1, 1), nth_local(n % 2 + 1));
		peers_put(peers, key_at(n % 50, n), nth_local(n));
		table_wait(peers, 1);
	}
}

static void kill_writer(struct peers *peers)
{
	int ready[2];
	pid_t writer;
	char byte;

	assert_int_equal(pipe(ready), 0);
	writer = fork();
	assert_true(writer >= 0);
	if (!writer)
		write_for_ever(peers, ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

/* Killed at any point, a writer leaves one of its values or nothing, and the slot is usable. */
static void killed_writer_does_no_harm(void **state)
{
	const struct local first = nth_local(1), second = nth_local(2);
	struct local found;

	for (int round = 0; round < 100; round++) {
		kill_writer(*state);
		if (peers_find(*state, key_at(1, 1), &found))
			assert_true(is_same(&found, &first) || is_same(&found, &second));
		peers_put(*state, key_at(1, 1), nth_local(3));
		assert_true(table_has(*state, key_at(1, 1), nth_local(3)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		table_test(flipped_bit_is_noticed),
		table_test(flipped_index_is_noticed_in_full_table),
		table_test(half_written_local_is_not_believed),
		table_test(garbage_is_not_believed),
		table_test(killed_writer_does_no_harm),
	};

	return cmocka_run_group_tests_name("peers: torn entries", tests, NULL, NULL);
}
