// SPDX-License-Identifier: MIT
// Neighbours spread over the table as if by chance, whatever the key: nobody's bucket is crowded.

#include "table.h"

enum { KEYS = 60, COUNT = 65536, BINS = 1024 };

/* The sum of squares of a spread by chance is BINS - 1, and seldom this much more: 8 deviations. */
static const double bound = BINS - 1 + 8 * 45.2;

static struct hash_secret nth_key(uint32_t n)
{
	uint64_t random = UINT64_C(0x2545f4914f6cdd1d) * (n + 1);
	struct hash_secret secret;

	for (int i = 0; i < 4; i++)
		secret.word[i] = random_next(&random);
	return secret;
}

/* Hosts beside each other, hosts a network apart, in IPv6 the same, and ports of one host. */
enum kind { V4, V4_APART, V6, V6_APART, PORTS, PORTS_TURNED, KINDS };

static struct peer nth_peer(enum kind kind, uint32_t n)
{
	struct peer peer = { .host = address_of("192.0.2.1"), .port = htons(53) };

	switch (kind) {
	case V4:
	case V4_APART:
		peer.host = address_map((struct in_addr){ htonl(kind == V4 ? n : n << 16) });
		break;
	case V6:
	case V6_APART:
		peer.host = address_of("2001:db8::");
		peer.host.s6_addr32[kind == V6 ? 3 : 1] = htonl(n);
		break;
	default:
		peer.port = kind == PORTS ? n : htons((uint16_t)n);
	}
	return peer;
}

/*
 * The bits of the hash of the host, after `shift`, that choose the first bucket. All ports of a
 * host are there at first; where they go from there shows in how many the table holds.
 */
static double deviation(const struct hash_secret *secret, enum kind kind, int shift)
{
	uint64_t salt = peer_salt(secret, 7, 0);
	uint32_t bins[BINS] = { 0 };
	double sum = 0;

	for (uint32_t n = 0; n < COUNT; n++) {
		struct peer_hash hash = peer_hash_of(secret, nth_peer(kind, n), salt);

		bins[hash.host >> shift & (BINS - 1)]++;
	}
	for (uint32_t i = 0; i < BINS; i++) {
		double difference = bins[i] - (double)COUNT / BINS;

		sum += difference * difference / ((double)COUNT / BINS);
	}
	return sum;
}

/* The bits that choose the bucket, from the highest down, and those of the fingerprint. */
static void spread_evenly(void **state)
{
	static const int shifts[] = { 54, 44, 32, FINGERPRINT_SHIFT };
	double most = 0;

	(void)state;
	for (uint32_t n = 0; n < KEYS; n++) {
		struct hash_secret secret = nth_key(n);

		for (enum kind kind = V4; kind < PORTS; kind++) {
			for (int i = n % 2; i < 4; i += 2) {
				double sum = deviation(&secret, kind, shifts[i]);

				if (sum > bound)
					fail_msg("key %u, kind %d, bits from %d: %f", n, kind,
						 shifts[i], sum);
				most = sum > most ? sum : most;
			}
		}
	}
	print_message("at most %.0f, allowed are %.0f\n", most, bound);
}

/* The same from the table's side: so many neighbours use no fewer buckets than others do. */
static void table_holds_all_kinds(void **state)
{
	enum { PEERS = 2048, LEAST = PEERS / 100 * 99 };

	(void)state;
	for (uint32_t n = 0; n < 20; n++) {
		struct hash_secret secret = nth_key(n);
		struct local found;

		for (enum kind kind = V4; kind < KINDS; kind++) {
			struct peers peers = table_make_with(PEERS, &secret);
			uint64_t salt = peer_salt(&secret, 7, 0);
			uint32_t count = 0;

			for (uint32_t i = 0; i < PEERS; i++) {
				struct peer_hash hash =
					peer_hash_of(&secret, nth_peer(kind, i), salt);

				table_learn(&peers, key_of_peer(&hash, htons(PORT)), nth_local(1));
			}
			for (uint32_t i = 0; i < PEERS; i++) {
				struct peer_hash hash =
					peer_hash_of(&secret, nth_peer(kind, i), salt);

				count +=
					peers_find(&peers, key_of_peer(&hash, htons(PORT)), &found);
			}
			if (count < LEAST)
				fail_msg("key %u, kind %d: %u of %u", n, kind, count, PEERS);
			table_drop(&peers);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spread_evenly),
		cmocka_unit_test(table_holds_all_kinds),
	};

	return cmocka_run_group_tests_name("peers: spread", tests, NULL, NULL);
}
