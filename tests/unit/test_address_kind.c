// SPDX-License-Identifier: MIT
// Which addresses can be the source of a datagram.

#include "unit.h"

static const struct kind {
	const char *address;
	bool unicast, multicast;
} kinds[] = {
	{ "192.0.2.1", true, false },
	{ "127.0.0.9", true, false },
	{ "0.0.0.1", true, false },
	{ "0.0.0.0", false, false },
	{ "255.255.255.255", false, false },
	/* A subnet's broadcast shows only in its route: here it is an address like others. */
	{ "192.0.2.255", true, false },
	{ "223.255.255.255", true, false },
	{ "224.0.0.1", false, true },
	{ "239.255.255.255", false, true },
	{ "240.0.0.1", true, false },
	{ "2001:db8::1", true, false },
	{ "::1", true, false },
	{ "fe80::1", true, false },
	{ "::", false, false },
	{ "feff::1", true, false },
	{ "ff02::1", false, true },
	{ "ff0e::db8", false, true },
};

static void tells_unicast(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct in6_addr address = address_of(kinds[i].address);

		if (address_is_unicast(&address) != kinds[i].unicast)
			fail_msg("%s", kinds[i].address);
	}
}

static void tells_multicast(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct in6_addr address = address_of(kinds[i].address);

		if (address_is_multicast(&address) != kinds[i].multicast)
			fail_msg("%s", kinds[i].address);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_unicast),
		cmocka_unit_test(tells_multicast),
	};

	return cmocka_run_group_tests_name("address: kind", tests, NULL, NULL);
}
