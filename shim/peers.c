// SPDX-License-Identifier: MIT
// The memory of peers: a lock-free set-associative table whose entries prove themselves.

#include "peers.h"

/*
 * A name lives in one of the WAYS entries from its home on (linear probing in a window). With the
 * table half full nearly all are found in the first cache line, two entries long.
 */
enum { WAYS = 16 };

/* An empty entry ends a search; one that was forgotten does not, and its place can be taken. */
enum { EMPTY = 0, FORGOTTEN = 1 };

_Static_assert(sizeof(struct entry) == 32, "two entries in a cache line");

void entry_write(struct entry *entry, uint64_t name, const struct local *local, uint32_t stamp)
{
	struct value value = value_of_local(local);

	entry_put(entry, name, &value, stamp);
}

/* The entry that holds a name, or NULL; *place: where it would go if put now. */
static struct entry *search(const struct peers *peers, uint64_t name, struct entry **place)
{
	uint32_t now = __atomic_load_n(peers->clock, __ATOMIC_RELAXED), oldest = 0;
	uint32_t home = (uint32_t)(name >> 8);
	struct local unused;
	bool open = false;

	for (uint32_t way = 0; way < WAYS; way++) {
		struct entry *entry = &peers->entries[(home + way) & peers->mask];
		uint64_t check = shared_load(&entry->check);
		uint32_t age;

		if (check > FORGOTTEN && entry_read(entry, name, &unused))
			return entry;
		age = now - __atomic_load_n(&entry->stamp, __ATOMIC_RELAXED);
		if (place && !open && (check <= FORGOTTEN || !way || age > oldest)) {
			*place = entry;
			oldest = age;
			open = check <= FORGOTTEN;
		}
		if (check == EMPTY)
			return NULL;
	}
	return NULL;
}

bool peers_find(const struct peers *peers, uint64_t name, struct local *local)
{
	const struct entry *entry = search(peers, name, NULL);

	return entry && entry_read(entry, name, local);
}

uint32_t peers_age(const struct peers *peers, uint64_t name)
{
	const struct entry *entry = search(peers, name, NULL);

	if (!entry)
		return UINT32_MAX;
	return __atomic_load_n(peers->clock, __ATOMIC_RELAXED) -
	       __atomic_load_n(&entry->stamp, __ATOMIC_RELAXED);
}

bool peers_put_value(struct peers *peers, uint64_t name, const struct value *value)
{
	struct entry *place = NULL, *entry = search(peers, name, &place);
	uint32_t now = __atomic_load_n(peers->clock, __ATOMIC_RELAXED);
	bool spare = true;

	if (entry && entry_is(entry, name, value)) {
		if (!peers_is_young(peers, entry))
			__atomic_store_n(&entry->stamp, now, __ATOMIC_RELAXED);
		return true;
	}
	if (entry)
		place = entry;
	else
		spare = shared_load(&place->check) <= FORGOTTEN;
	/* Lost counts do no harm: the clock only has to go on. */
	__atomic_store_n(peers->clock, now + 1, __ATOMIC_RELAXED);
	entry_put(place, name, value, now + 1);
	return spare;
}

bool peers_put(struct peers *peers, uint64_t name, const struct local *local)
{
	struct value value = value_of_local(local);

	return peers_put_value(peers, name, &value);
}

void peers_forget(struct peers *peers, uint64_t name)
{
	struct entry *entry = search(peers, name, NULL);

	if (entry)
		shared_store(&entry->check, FORGOTTEN);
}
