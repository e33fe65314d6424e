// SPDX-License-Identifier: MIT
// REPLYFROM_PORTS: lists and ranges as written, and nothing at all of what is not allowed.

#include "base/limits.h"
#include "base/settings.h"
#include "unit.h"

static const struct settings defaults = SETTINGS_DEFAULT;

static const struct list {
	const char *value;
	uint16_t helped[4], others[6]; /* 0 ends */
} lists[] = {
	{ "53", { 53 }, { 52, 54, 1, 65535, 13568 } },
	{ "1", { 1 }, { 2, 8, 256 } },
	{ "65535", { 65535 }, { 65534, 1 } },
	{ "53,123", { 53, 123 }, { 52, 54, 122, 124 } },
	{ "5000-5010", { 5000, 5005, 5010 }, { 4999, 5011 } },
	{ "7-7", { 7 }, { 6, 8 } },
	{ "53,5000-5001,69", { 53, 5000, 5001, 69 }, { 4999, 5002, 68 } },
	{ "53,53,50-60", { 50, 53, 60 }, { 49, 61 } },
	{ "1-65535", { 1, 53, 32768, 65535 }, { 0 } },
	{ "00053", { 53 }, { 52 } },
	{ "0053-00054", { 53, 54 }, { 52, 55 } },
};

static const char *const bad[] = {
	"0",
	"65536",
	"99999999999999999999",
	"4294967349",
	"-",
	"-53",
	"+53",
	"53-",
	"-5-6",
	"6-5",
	"0-5",
	"5-0",
	"1-65536",
	"53,",
	",53",
	"53,,54",
	",",
	" 53",
	"53 ",
	"53, 54",
	"53;54",
	"53\n",
	"0x35",
	"5e3",
	"dns",
	"53-54-",
	"5-6-7",
	"5--6",
	"53,0",
	"53,65536",
	"5000-5010,6-5",
	"5000-5010x",
	"\t",
	"53,-1",
	"1.5",
	"\xd9\xa3", /* an Arabic-Indic digit */
};

static void helps_exactly_these_ports(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct settings settings = defaults;
		struct settings_fault fault;

		assert_true(settings_ports(&settings, lists[i].value, &fault));
		for (size_t j = 0; j < 4 && lists[i].helped[j]; j++)
			assert_true(settings_port(&settings, htons(lists[i].helped[j])));
		for (size_t j = 0; j < 6 && lists[i].others[j]; j++)
			assert_false(settings_port(&settings, htons(lists[i].others[j])));
		assert_false(settings_port(&settings, 0));
	}
}

static void refuses_what_is_not_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct settings settings = defaults;
		struct settings_fault fault = { .name = NULL };

		if (settings_ports(&settings, bad[i], &fault))
			fail_msg("'%s' was taken", bad[i]);
		assert_string_equal(fault.name, "REPLYFROM_PORTS");
		assert_string_equal(fault.value, bad[i]);
		assert_non_null(fault.allowed);
	}
}

/* The default stays: all ports, not those before the mistake. */
static void keeps_default_after_mistake(void **state)
{
	struct settings settings = defaults;
	struct settings_fault fault;

	(void)state;
	assert_false(settings_ports(&settings, "53,", &fault));
	for (uint32_t port = 1; port < 65536; port++)
		assert_true(settings_port(&settings, htons((uint16_t)port)));
}

static void takes_empty_as_not_set(void **state)
{
	struct settings settings = defaults;
	struct settings_fault fault;

	(void)state;
	assert_true(settings_ports(&settings, NULL, &fault));
	assert_true(settings_ports(&settings, "", &fault));
	assert_memory_equal(&settings, &defaults, sizeof(settings));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(helps_exactly_these_ports),
		cmocka_unit_test(refuses_what_is_not_allowed),
		cmocka_unit_test(keeps_default_after_mistake),
		cmocka_unit_test(takes_empty_as_not_set),
	};

	return cmocka_run_group_tests_name("settings: ports", tests, NULL, NULL);
}
