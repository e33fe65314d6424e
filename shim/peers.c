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

/* Shared memory is read and written in words that no compiler tears or invents. */
typedef unsigned long word;
enum { ENTRY_WORDS = sizeof(struct entry) / sizeof(word) };
_Static_assert(sizeof(struct entry) == 32, "two entries in a cache line");

static inline struct entry load(const struct entry *entry)
{
	union {
		struct entry entry;
		word words[ENTRY_WORDS];
	} copy;

	for (int i = 0; i < ENTRY_WORDS; i++)
		copy.words[i] =
			__atomic_load_n((const word *)(const void *)entry + i, __ATOMIC_RELAXED);
	return copy.entry;
}

static inline void store(struct entry *entry, const struct entry *from)
{
	for (int i = 0; i < ENTRY_WORDS; i++)
		__atomic_store_n((word *)(void *)entry + i, ((const word *)(const void *)from)[i],
				 __ATOMIC_RELAXED);
}

/* Folded 64 x 64 -> 128 bit multiplication: every bit of either side reaches every bit. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	uint64_t ah = a >> 32, al = (uint32_t)a, bh = b >> 32, bl = (uint32_t)b;
	uint64_t low = al * bl, mid = ah * bl + (low >> 32), mid2 = al * bh + (uint32_t)mid;

	return ((mid2 << 32) | (uint32_t)low) ^ (ah * bh + (mid >> 32) + (mid2 >> 32));
#endif
}

/* Never one of the two values that mean no name. */
static inline uint64_t valid(uint64_t name)
{
	return name | 2;
}

uint64_t name_on_socket(const struct hash_key *key, uint64_t anywhere, uint64_t socket)
{
	return valid(fold(anywhere ^ key->word[2], socket ^ key->word[3]));
}

void names_of_peer(struct names *names, const struct hash_key *key, const struct peer *peer,
		   uint64_t socket)
{
	uint64_t half[2], host;

	memcpy(half, &peer->host, sizeof(half));
	host = fold(half[0] ^ key->word[0], half[1] ^ key->word[1]) ^ peer->scope;
	names->host = name_on_socket(key, host, socket);
	names->anywhere = valid(fold(host ^ key->word[3], peer->port ^ key->word[2]));
	names->peer = name_on_socket(key, names->anywhere, socket);
}

/* What has to be in the entry of that name for its value to be believed. */
static inline uint64_t check_of(uint64_t name, const struct entry *entry)
{
	uint64_t half[2], check;

	memcpy(half, &entry->address, sizeof(half));
	check = name ^ half[0] * 0x9e3779b97f4a7c15 ^ half[1] * 0xc2b2ae3d27d4eb4f ^
		entry->ifindex * 0x165667b19e3779f9;
	return check > FORGOTTEN ? check : 2;
}

bool entry_read(const struct entry *entry, uint64_t name, struct local *local)
{
	struct entry copy = load(entry);

	if (copy.check != check_of(name, &copy))
		return false;
	local->address = copy.address;
	local->ifindex = copy.ifindex;
	return true;
}

void entry_write(struct entry *entry, uint64_t name, const struct local *local, uint32_t stamp)
{
	struct entry made = {.address = local->address, .ifindex = local->ifindex, .stamp = stamp};

	made.check = check_of(name, &made);
	store(entry, &made);
}

/* The entry that holds a name, or NULL; *place: where it would go if put now. */
static struct entry *search(const struct peers *peers, uint64_t name, struct entry **place)
{
	uint32_t now = __atomic_load_n(peers->clock, __ATOMIC_RELAXED), oldest = 0;
	uint32_t home = (uint32_t)(name >> 8);
	bool open = false;

	for (uint32_t way = 0; way < WAYS; way++) {
		struct entry *entry = &peers->entries[(home + way) & peers->mask];
		struct entry copy = load(entry);

		if (copy.check == check_of(name, &copy))
			return entry;
		if (!place) {
			if (copy.check == EMPTY)
				return NULL;
			continue;
		}
		if (!open && (copy.check <= FORGOTTEN || !way || now - copy.stamp > oldest)) {
			*place = entry;
			oldest = now - copy.stamp;
			open = copy.check <= FORGOTTEN;
		}
		if (copy.check == EMPTY)
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

bool peers_put(struct peers *peers, uint64_t name, const struct local *local)
{
	struct entry *place = NULL, *entry = search(peers, name, &place);
	uint32_t now = __atomic_load_n(peers->clock, __ATOMIC_RELAXED);
	struct local known;
	bool spare = true;

	if (entry) {
		if (entry_read(entry, name, &known) && known.ifindex == local->ifindex &&
		    IN6_ARE_ADDR_EQUAL(&known.address, &local->address)) {
			/* Old enough to be chosen before others that were heard less lately? */
			if (now - __atomic_load_n(&entry->stamp, __ATOMIC_RELAXED) >
			    peers->mask / 16)
				__atomic_store_n(&entry->stamp, now, __ATOMIC_RELAXED);
			return true;
		}
		place = entry;
	} else {
		spare = load(place).check <= FORGOTTEN;
	}
	/* Lost counts do no harm: the clock only has to go on. */
	__atomic_store_n(peers->clock, now + 1, __ATOMIC_RELAXED);
	entry_write(place, name, local, now + 1);
	return spare;
}

void peers_forget(struct peers *peers, uint64_t name)
{
	struct entry *entry = search(peers, name, NULL);

	if (entry)
		store(entry, &(struct entry){.check = FORGOTTEN});
}
