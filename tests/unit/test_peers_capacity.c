// SPDX-License-Identifier: MIT
// A table made for so many peers remembers nearly all of so many, and of twice as many most.

#include "bounds.h"
#include "table.h"

enum kind { PORTS, HOSTS, MIXED };

/* All ports of one host, one port of each host, or a few ports of each. */
static const struct crowd {
	const char *what;
	enum kind kind;
	uint32_t count, permille; /* of count, so many have to be found */
} crowds[] = {
	{ "as many ports", PORTS, PEERS_DEFAULT, 999 },
	{ "as many hosts", HOSTS, PEERS_DEFAULT, 999 },
	{ "as many, mixed", MIXED, PEERS_DEFAULT, 998 },
	{ "twice as many ports", PORTS, 2 * PEERS_DEFAULT, 900 },
	{ "twice as many hosts", HOSTS, 2 * PEERS_DEFAULT, 900 },
	{ "twice as many, mixed", MIXED, 2 * PEERS_DEFAULT, 900 },
};

static struct names nth_names(const struct crowd *crowd, uint32_t n)
{
	struct in_addr host = { htonl(0x0a000000 + n) };
	struct peer peer = { .host = address_map(host), .port = htons(53) };

	if (crowd->kind == PORTS) {
		peer.host = address_map((struct in_addr){ htonl(0xc0000201 + n / 65536) });
		peer.port = (in_port_t)n;
	}
	if (crowd->kind == MIXED && n % 2) {
		peer.host = address_map((struct in_addr){ htonl(0xc0000201 + n % 32) });
		peer.port = (in_port_t)(n / 2);
	}
	return names_of_peer(&table_key, peer, names_salt(&table_key, 1));
}

static void remembers_nearly_all(void **state)
{
	const struct crowd *crowd = *state;
	struct peers peers = table_make(PEERS_DEFAULT);
	struct local found;
	uint32_t count = 0;

	for (uint32_t n = 0; n < crowd->count; n++) {
		struct names names = nth_names(crowd, n);

		peers_confirm(&peers, &names, nth_local(n % 100));
	}
	for (uint32_t n = 0; n < crowd->count; n++) {
		struct names names = nth_names(crowd, n);
		struct local local = nth_local(n % 100);

		if (!peers_find(&peers, name_of_peer(&names), &found))
			continue;
		assert_true(is_same(&found, &local));
		count++;
	}
	print_message("%s: %u of %u found\n", crowd->what, count, crowd->count);
	assert_true(count >= (uint64_t)crowd->count * crowd->permille / 1000);
	table_drop(&peers);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(crowds) / sizeof(*crowds)];

	for (size_t i = 0; i < sizeof(crowds) / sizeof(*crowds); i++)
		tests[i] = (struct CMUnitTest){ .name = crowds[i].what,
						.test_func = remembers_nearly_all,
						.initial_state = (void *)(uintptr_t)&crowds[i] };
	return cmocka_run_group_tests_name("peers: capacity", tests, NULL, NULL);
}
