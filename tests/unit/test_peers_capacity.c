// SPDX-License-Identifier: MIT
// A table made for so many peers remembers nearly all of so many.

#include "bounds.h"
#include "table.h"

/* Peers of one host, and each of a host of its own: those have two names each, so no room to spare.
 */
struct crowd {
	const char *what;
	bool one_host;
	uint32_t count, least; /* of count, so many have to be found */
};

static const struct crowd crowds[] = {
	{ "all ports of one host", true, PEERS_DEFAULT, PEERS_DEFAULT / 100 * 99 },
	{ "one port of half as many hosts", false, PEERS_DEFAULT / 2, PEERS_DEFAULT / 200 * 99 },
	{ "one port of as many hosts", false, PEERS_DEFAULT, PEERS_DEFAULT / 100 * 75 },
};

static struct peer nth_peer(const struct crowd *crowd, uint32_t n)
{
	struct in_addr host = { htonl(crowd->one_host ? 0xc0000201 : 0x0a000000 + n) };

	return (struct peer){ .host = address_map(host),
			      .port = crowd->one_host ? (in_port_t)n : htons(53) };
}

static struct local nth_local(uint32_t n)
{
	return (struct local){ .address = address_map((struct in_addr){ htonl(0xc6336400 + n) }),
			       .ifindex = n % 7 };
}

static void remembers_nearly_all(void **state)
{
	const struct crowd *crowd = *state;
	struct peers peers = table_make(peers_entries(PEERS_DEFAULT));
	struct local local, found;
	struct names names;
	uint32_t count = 0;

	for (uint32_t n = 0; n < crowd->count; n++) {
		struct peer peer = nth_peer(crowd, n);

		local = nth_local(n);
		names_of_peer(&names, &table_key, &peer, 1);
		peers_put(&peers, names.peer, &local);
		peers_put(&peers, names.host, &local);
	}
	for (uint32_t n = 0; n < crowd->count; n++) {
		struct peer peer = nth_peer(crowd, n);

		local = nth_local(n);
		names_of_peer(&names, &table_key, &peer, 1);
		if (!peers_find(&peers, names.peer, &found))
			continue;
		assert_true(is_same(&found, &local));
		count++;
	}
	print_message("%s: %u of %u found\n", crowd->what, count, crowd->count);
	assert_in_range(count, crowd->least, crowd->count);
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
