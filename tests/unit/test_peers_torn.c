// SPDX-License-Identifier: MIT
// An entry read in the middle of a write, or left half-written, is never believed.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "table.h"

/* The new entry over the old one, only those words of it whose bits are set. */
static struct entry tear(const struct entry *old, const struct entry *new, unsigned int words)
{
	struct entry torn = *old;

	for (unsigned int i = 0; i < sizeof(torn) / sizeof(long); i++) {
		if (words >> i & 1)
			memcpy((char *)&torn + i * sizeof(long),
			       (const char *)new + i * sizeof(long), sizeof(long));
	}
	return torn;
}

/* Any mixture of the words gives one of the two values whole, or nothing. */
static void mixture_is_whole_or_nothing(void **state)
{
	unsigned int masks = 1u << sizeof(struct entry) / sizeof(long);

	(void)state;
	for (size_t i = 0; i < TWINS; i++) {
		struct local first = local_of(twins[i].first, 1);
		struct local second = local_of(twins[i].second, 2), found;
		struct entry old, new;

		entry_write(&old, name_at(1, 1), &first, 10);
		entry_write(&new, name_at(1, 1), &second, 11);
		for (unsigned int mask = 0; mask < masks; mask++) {
			struct entry torn = tear(&old, &new, mask);

			if (entry_read(&torn, name_at(1, 1), &found))
				assert_true(is_same(&found, &first) || is_same(&found, &second));
		}
	}
}

/* Another name's entry being put over this one's: the other's value is not ours. */
static void mixture_of_names_is_told_apart(void **state)
{
	unsigned int masks = 1u << sizeof(struct entry) / sizeof(long);

	(void)state;
	for (size_t i = 0; i < TWINS; i++) {
		struct local first = local_of(twins[i].first, 1);
		struct local second = local_of(twins[i].second, 2), found;
		struct entry old, new;

		entry_write(&old, name_at(1, 1), &first, 10);
		entry_write(&new, name_at(1, 2), &second, 11);
		for (unsigned int mask = 0; mask < masks; mask++) {
			struct entry torn = tear(&old, &new, mask);

			if (entry_read(&torn, name_at(1, 1), &found))
				assert_true(is_same(&found, &first));
			if (entry_read(&torn, name_at(1, 2), &found))
				assert_true(is_same(&found, &second));
		}
	}
}

/* Every single bit counts, but those of the stamp, which is no part of what is believed. */
static void flipped_bit_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < TWINS; i++) {
		struct local local = local_of(twins[i].first, 1), found;
		struct entry entry;

		for (unsigned int bit = 0; bit < 8 * offsetof(struct entry, stamp); bit++) {
			entry_write(&entry, name_at(1, 1), &local, 10);
			((unsigned char *)&entry)[bit / 8] ^= (unsigned char)(1 << bit % 8);
			assert_false(entry_read(&entry, name_at(1, 1), &found));
		}
	}
}

static void garbage_is_not_believed(void **state)
{
	uint64_t random = 88172645463325252, words[sizeof(struct entry) / 8] = { 0 };
	struct entry entry;
	struct local found;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		for (size_t word = 0; word < sizeof(words) / 8; word++) {
			random ^= random << 13; /* xorshift64 */
			random ^= random >> 7;
			random ^= random << 17;
			words[word] = random;
		}
		memcpy(&entry, words, sizeof(entry));
		assert_false(entry_read(&entry, name_at(1, 1), &found));
	}
}

static void write_for_ever(struct peers *peers, int ready)
{
	struct local first = local_of("192.0.2.1", 1), second = local_of("2001:db8::1", 2);

	peers_put(peers, name_at(1, 1), &first);
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;) {
		peers_put(peers, name_at(1, 1), &second);
		peers_put(peers, name_at(1, 1), &first);
	}
}

/* Killed at any point, a writer leaves one of its values or nothing, and the place is usable. */
static void killed_writer_does_no_harm(void **state)
{
	struct local first = local_of("192.0.2.1", 1), second = local_of("2001:db8::1", 2);
	struct local third = local_of("198.51.100.1", 3), found;
	struct peers peers = table_make(64);

	(void)state;
	for (int round = 0; round < 100; round++) {
		int ready[2];
		pid_t writer;
		char byte;

		assert_int_equal(pipe(ready), 0);
		writer = fork();
		assert_true(writer >= 0);
		if (!writer)
			write_for_ever(&peers, ready[1]);
		assert_int_equal(read(ready[0], &byte, 1), 1);
		kill(writer, SIGKILL);
		waitpid(writer, NULL, 0);
		close(ready[0]);
		close(ready[1]);
		if (peers_find(&peers, name_at(1, 1), &found))
			assert_true(is_same(&found, &first) || is_same(&found, &second));
		peers_put(&peers, name_at(1, 1), &third);
		assert_true(peers_find(&peers, name_at(1, 1), &found));
		assert_true(is_same(&found, &third));
	}
	table_drop(&peers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mixture_is_whole_or_nothing),
		cmocka_unit_test(mixture_of_names_is_told_apart),
		cmocka_unit_test(flipped_bit_is_noticed),
		cmocka_unit_test(garbage_is_not_believed),
		cmocka_unit_test(killed_writer_does_no_harm),
	};

	return cmocka_run_group_tests_name("peers: torn entries", tests, NULL, NULL);
}
