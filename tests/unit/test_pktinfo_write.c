// SPDX-License-Identifier: MIT
// The control message that makes an address the source, byte for byte.

#include "messages.h"
#include "wire/pktinfo.h"

static const struct source {
	const char *address;
	uint32_t ifindex;
} sources[] = {
	{ "192.0.2.1", 0 },   { "192.0.2.1", 7 },   { "127.0.0.9", 0 },
	{ "2001:db8::1", 0 }, { "2001:db8::1", 7 }, { "fe80::1", 7 },
};

/* ipi_spec_dst is the source; ipi_addr means nothing on a send and is zero. */
static void writes_the_peers_family(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		struct in6_addr source = address_of(sources[i].address);
		struct messages written, expected;

		messages_start(&written);
		messages_start(&expected);
		if (address_is_v4(&source))
			messages_add_v4(&expected, sources[i].address, "0.0.0.0",
					(int)sources[i].ifindex);
		else
			messages_add_v6(&expected, sources[i].address, sources[i].ifindex);
		assert_int_equal(pktinfo_write(written.bytes, &source, sources[i].ifindex),
				 expected.length - MESSAGE_PADDING);
		assert_memory_equal(written.bytes, expected.bytes, sizeof(written.bytes));
	}
}

static void fits_its_room(void **state)
{
	struct messages written;

	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		struct in6_addr source = address_of(sources[i].address);

		messages_start(&written);
		assert_true(pktinfo_write(written.bytes, &source, 0) <= CONTROL_SOURCE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_peers_family),
		cmocka_unit_test(fits_its_room),
	};

	return cmocka_run_group_tests_name("pktinfo: write", tests, NULL, NULL);
}
