// SPDX-License-Identifier: MIT
// REPLYFROM_SOURCE: at most one address a family, and nothing at all of what is not allowed.

#include <arpa/inet.h>

#include "base/limits.h"
#include "base/settings.h"
#include "unit.h"

static const struct settings defaults = SETTINGS_DEFAULT;

/* The addresses as they are kept; NULL: not set. */
static const struct {
	const char *value, *source[2];
} allowed[] = {
	{ "192.0.2.1", { "::ffff:192.0.2.1", NULL } },
	{ "2001:db8::1", { NULL, "2001:db8::1" } },
	{ "192.0.2.1,2001:db8::1", { "::ffff:192.0.2.1", "2001:db8::1" } },
	{ "2001:db8::1,192.0.2.1", { "::ffff:192.0.2.1", "2001:db8::1" } },
	{ "127.0.0.1,::1", { "::ffff:127.0.0.1", "::1" } },
	{ "240.0.0.1", { "::ffff:240.0.0.1", NULL } },
	{ "169.253.255.255", { "::ffff:169.253.255.255", NULL } },
	{ "169.255.0.0", { "::ffff:169.255.0.0", NULL } },
	{ "fd00::1", { NULL, "fd00::1" } },
	{ "64:ff9b::192.0.2.1", { NULL, "64:ff9b::c000:201" } },
	{ "2001:0DB8:0000:0000:0000:0000:0000:0001", { NULL, "2001:db8::1" } },
	{ "2001:0db8:ffff:ffff:ffff:ffff:255.255.255.255",
	  { NULL, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" } },
};

static const char *const bad[] = {
	"0.0.0.0",
	"::",
	"255.255.255.255",
	"224.0.0.1",
	"239.255.255.255",
	"ff02::1",
	"ff0e::1",
	"169.254.0.0",
	"169.254.255.255",
	"fe80::1",
	"febf::1",
	"fe80::1%lo",
	"2001:db8::1%1",
	"::ffff:192.0.2.1",
	"::ffff:0.0.0.0",
	"192.0.2.1,192.0.2.1",
	"192.0.2.1,192.0.2.2",
	"2001:db8::1,2001:db8::2",
	"192.0.2.1,2001:db8::1,192.0.2.2",
	"192.0.2.1,2001:db8::1,2001:db8::2",
	"192.0.2.1,0.0.0.0",
	"0.0.0.0,192.0.2.1",
	"192.0.2.1,ff02::1",
	"192.0.2.1,",
	",192.0.2.1",
	",",
	",,",
	"192.0.2.1,,2001:db8::1",
	"192.0.2.1,2001:db8::1,",
	" 192.0.2.1",
	"192.0.2.1 ",
	"192.0.2.1, 2001:db8::1",
	"192.0.2.1 2001:db8::1",
	"192.0.2.1;2001:db8::1",
	"192.0.2.1/32",
	"192.0.2.1:53",
	"[2001:db8::1]",
	"192.0.2",
	"192.0.2.256",
	"192.0.2.01",
	"0xc0000201",
	"3221225985",
	"192.0.2.1\n",
	"localhost",
	"2001:db8",
	"2001:db8:::1",
	"2001:db8::1::",
	"2001:0db8:0000:0000:0000:0000:0000:00001",
	"0000000000000000000000000000000000000000000000000000192.0.2.1",
	"1",
	"yes",
	"\xd9\xa1.0.0.1", /* an Arabic-Indic digit */
};

static void takes_one_address_a_family(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		struct settings settings = defaults;
		struct settings_fault fault;

		if (!settings_source(&settings, allowed[i].value, &fault))
			fail_msg("'%s' was refused", allowed[i].value);
		for (size_t j = 0; j < 2; j++) {
			struct in6_addr expected = IN6ADDR_ANY_INIT;

			if (allowed[i].source[j])
				assert_int_equal(
					inet_pton(AF_INET6, allowed[i].source[j], &expected), 1);
			assert_memory_equal(&settings.source[j], &expected, sizeof(expected));
		}
	}
}

static void refuses_what_is_not_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct settings settings = defaults;
		struct settings_fault fault = { .name = NULL };

		if (settings_source(&settings, bad[i], &fault))
			fail_msg("'%s' was taken", bad[i]);
		assert_string_equal(fault.name, "REPLYFROM_SOURCE");
		assert_string_equal(fault.value, bad[i]);
		assert_non_null(fault.allowed);
		assert_memory_equal(&settings, &defaults, sizeof(settings));
	}
}

/* One address of a value does not stay beside one of an earlier value. */
static void takes_a_value_as_a_whole(void **state)
{
	static const struct in6_addr unset;
	struct settings settings = defaults;
	struct settings_fault fault;

	(void)state;
	assert_true(settings_source(&settings, "192.0.2.1,2001:db8::1", &fault));
	assert_true(settings_source(&settings, "2001:db8::2", &fault));
	assert_memory_equal(&settings.source[0], &unset, sizeof(unset));
	assert_int_equal(settings.source[1].s6_addr[15], 2);
}

static void takes_empty_as_not_set(void **state)
{
	struct settings settings = defaults;
	struct settings_fault fault;

	(void)state;
	assert_true(settings_source(&settings, NULL, &fault));
	assert_true(settings_source(&settings, "", &fault));
	assert_memory_equal(&settings, &defaults, sizeof(settings));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_one_address_a_family),
		cmocka_unit_test(refuses_what_is_not_allowed),
		cmocka_unit_test(takes_a_value_as_a_whole),
		cmocka_unit_test(takes_empty_as_not_set),
	};

	return cmocka_run_group_tests_name("settings: source", tests, NULL, NULL);
}
