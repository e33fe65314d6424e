// SPDX-License-Identifier: MIT
// The local port is part of what is remembered: sockets on one port share it, others do not.

#include "table.h"

enum { FIRST = 1000, PORTS = 6 };

static struct peer_key on_port(struct peer_key key, uint16_t port)
{
	key.port = htons(port);
	return key;
}

static struct local at_port(struct local local, uint16_t port)
{
	local.port = htons(port);
	return local;
}

/* One peer in one bucket, an entry for each local port. */
static void ports_are_told_apart(void **state)
{
	struct peer_key key = key_at(5, 1);
	struct local found;

	for (uint16_t i = 0; i < PORTS; i++) {
		assert_false(peers_find(*state, on_port(key, FIRST + i), &found));
		peers_put(*state, on_port(key, FIRST + i), at_port(nth_local(i), FIRST + i));
		assert_int_equal(table_entries(*state), i + 1);
	}
	for (uint16_t i = 0; i < PORTS; i++) {
		struct local local = at_port(nth_local(i), FIRST + i);

		assert_true(table_has(*state, on_port(key, FIRST + i), local));
		assert_true(peers_knows(*state, on_port(key, FIRST + i), local));
	}
	assert_false(peers_find(*state, on_port(key, FIRST + PORTS), &found));
}

/* The same address on each port: nothing but the port is different. */
static void same_address_on_all_ports(void **state)
{
	struct peer_key key = key_at(5, 1);

	for (uint16_t i = 0; i < PORTS; i++)
		peers_put(*state, on_port(key, FIRST + i), at_port(nth_local(1), FIRST + i));
	assert_int_equal(table_entries(*state), PORTS);
	for (uint16_t i = 0; i < PORTS; i++)
		assert_true(table_has(*state, on_port(key, FIRST + i),
				      at_port(nth_local(1), FIRST + i)));
}

static void change_is_of_one_port(void **state)
{
	struct peer_key key = key_at(5, 1);
	struct local found;

	for (uint16_t i = 0; i < PORTS; i++)
		peers_put(*state, on_port(key, FIRST + i), at_port(nth_local(i), FIRST + i));
	for (uint32_t round = 0; round < 20; round++) {
		uint16_t port = FIRST + round % PORTS;

		table_wait(*state, 1);
		peers_put(*state, on_port(key, port), at_port(nth_local(100 + round), port));
		assert_int_equal(table_entries(*state), PORTS);
		assert_true(table_has(*state, on_port(key, port),
				      at_port(nth_local(100 + round), port)));
	}
	peers_forget(*state, on_port(key, FIRST));
	assert_int_equal(table_entries(*state), PORTS - 1);
	assert_false(peers_find(*state, on_port(key, FIRST), &found));
	for (uint16_t i = 1; i < PORTS; i++)
		assert_true(peers_find(*state, on_port(key, FIRST + i), &found));
}

/* Whatever the order of the slots. */
static void port_0_finds_the_youngest(void **state)
{
	struct peer_key key = key_at(5, 1), any = on_port(key, 0);
	struct local found;

	assert_false(peers_find(*state, any, &found));
	for (uint32_t round = 0; round < 200; round++) {
		uint16_t port = FIRST + (uint16_t)(round * 7 / 3 % PORTS);
		struct local local = at_port(nth_local(round % 5), port);

		table_wait(*state, 1);
		peers_put(*state, on_port(key, port), local);
		assert_true(table_has(*state, any, local));
	}
}

/* In any of the key's buckets. */
static void port_0_finds_the_youngest_in_each_bucket(void **state)
{
	enum { COUNT = 3 * SLOTS - 2 };
	struct peer_key key = key_at(5, 1), any = on_port(key, 0);

	for (uint32_t round = 0; round < 2; round++) {
		for (uint16_t i = 0; i < COUNT; i++) {
			struct local local = at_port(nth_local(i + round), FIRST + i);

			table_wait(*state, 1);
			peers_put(*state, on_port(key, FIRST + i), local);
			assert_true(table_has(*state, any, local));
		}
		assert_int_equal(table_entries(*state), COUNT);
	}
}

/* The state says whose conversation it is: a change of it alone is a change. */
static void state_is_part_of_an_entry(void **state)
{
	struct peer_key key = key_at(5, 1);

	for (uint16_t i = 0; i < 20; i++) {
		struct local local = nth_local(1);

		local.state = i % 4;
		peers_put(*state, key, local);
		for (uint16_t other = 0; other < 4; other++) {
			struct local another = local;

			another.state = other;
			assert_int_equal(table_has(*state, key, another), other == i % 4);
			assert_int_equal(peers_knows(*state, key, another), other == i % 4);
		}
		assert_int_equal(table_entries(*state), 1);
	}
}

/* No address, on a port: the program spoke first there, and no fresh socket is to reply. */
static void port_without_address_is_known(void **state)
{
	struct peer_key key = key_at(5, 1);
	struct local found;

	for (uint16_t i = 0; i < PORTS; i++) {
		struct local own = { .port = htons(FIRST + i), .state = 2 };

		peers_put(*state, on_port(key, FIRST + i), own);
		assert_true(table_has(*state, on_port(key, FIRST + i), own));
		assert_false(peers_find(*state, on_port(key, 0), &found));
	}
	assert_false(peers_find(*state, on_port(key, FIRST + PORTS), &found));
}

/* A key without a port, as of the other end of a TCP connection. */
static void name_without_port_is_one_entry(void **state)
{
	struct peer_key key = on_port(key_at(5, 1), 0);

	for (uint32_t i = 0; i < 20; i++) {
		struct local local = at_port(nth_local(i), 0);

		table_wait(*state, i % 3 == 0);
		peers_put(*state, key, local);
		assert_true(table_has(*state, key, local));
		assert_int_equal(table_entries(*state), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		table_test(ports_are_told_apart),
		table_test(same_address_on_all_ports),
		table_test(change_is_of_one_port),
		table_test(port_0_finds_the_youngest),
		table_test(port_0_finds_the_youngest_in_each_bucket),
		table_test(state_is_part_of_an_entry),
		table_test(port_without_address_is_known),
		table_test(name_without_port_is_one_entry),
	};

	return cmocka_run_group_tests_name("peers: local ports", tests, NULL, NULL);
}
