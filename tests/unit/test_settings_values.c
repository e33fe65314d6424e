// SPDX-License-Identifier: MIT
// The settings with one value: what is allowed is taken, anything else leaves the default.

#include "base/limits.h"
#include "base/settings.h"
#include "unit.h"

static const struct settings defaults = SETTINGS_DEFAULT;

typedef bool settings_reader(struct settings *, const char *, struct settings_fault *);

static const struct value {
	settings_reader *read;
	const char *name, *value;
	struct settings expected;
} values[] = {
	{ settings_disable,
	  "DISABLE",
	  "1",
	  { .log = LOG_ERROR, .peers = 65536, .disabled = true } },
	{ settings_disable, "DISABLE", "0", { .log = LOG_ERROR, .peers = 65536 } },
	{ settings_statistics,
	  "STATS",
	  "1",
	  { .log = LOG_ERROR, .peers = 65536, .statistics = true } },
	{ settings_statistics, "STATS", "0", { .log = LOG_ERROR, .peers = 65536 } },
	{ settings_follow_tcp,
	  "FOLLOW_TCP",
	  "1",
	  { .log = LOG_ERROR, .peers = 65536, .follow_tcp = true } },
	{ settings_follow_tcp, "FOLLOW_TCP", "0", { .log = LOG_ERROR, .peers = 65536 } },
	{ settings_log, "LOG", "off", { .log = LOG_OFF, .peers = 65536 } },
	{ settings_log, "LOG", "error", { .log = LOG_ERROR, .peers = 65536 } },
	{ settings_log, "LOG", "info", { .log = LOG_INFO, .peers = 65536 } },
	{ settings_log, "LOG", "debug", { .log = LOG_DEBUG, .peers = 65536 } },
	/* Rounded up to a power of two. */
	{ settings_peers, "PEERS", "1024", { .log = LOG_ERROR, .peers = 1024 } },
	{ settings_peers, "PEERS", "1025", { .log = LOG_ERROR, .peers = 2048 } },
	{ settings_peers, "PEERS", "65536", { .log = LOG_ERROR, .peers = 65536 } },
	{ settings_peers, "PEERS", "65537", { .log = LOG_ERROR, .peers = 131072 } },
	{ settings_peers, "PEERS", "16777215", { .log = LOG_ERROR, .peers = 16777216 } },
	{ settings_peers, "PEERS", "16777216", { .log = LOG_ERROR, .peers = 16777216 } },
};

static const struct {
	settings_reader *read;
	const char *name, *bad[16];
} mistakes[] = {
	{ settings_disable,
	  "REPLYFROM_DISABLE",
	  { "2", "-1", "+1", "01", "00", "1 ", " 1", "yes", "true", "on", "1," } },
	{ settings_statistics,
	  "REPLYFROM_STATS",
	  { "2", "-1", "+1", "01", "00", "1 ", " 1", "yes", "true", "on", "1," } },
	{ settings_follow_tcp,
	  "REPLYFROM_FOLLOW_TCP",
	  { "2", "-1", "+1", "01", "00", "1 ", " 1", "yes", "true", "on", "1," } },
	{ settings_log,
	  "REPLYFROM_LOG",
	  { "Error", "ERROR", "err", "errors", "0", "3", " info", "info ", "warning",
	    "debug,info" } },
	{ settings_peers,
	  "REPLYFROM_PEERS",
	  { "0", "1", "1023", "16777217", "4294967296", "4294968320", "99999999999999999999999",
	    "-1024", "+2048", " 2048", "2048 ", "2048,", "64k", "0x800", "2048\n" } },
};

static void takes_allowed_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct settings settings = defaults;
		struct settings_fault fault;

		if (!values[i].read(&settings, values[i].value, &fault))
			fail_msg("%s=%s was refused", values[i].name, values[i].value);
		assert_int_equal(settings.disabled, values[i].expected.disabled);
		assert_int_equal(settings.statistics, values[i].expected.statistics);
		assert_int_equal(settings.log, values[i].expected.log);
		assert_int_equal(settings.peers, values[i].expected.peers);
		assert_int_equal(settings.follow_tcp, values[i].expected.follow_tcp);
		assert_false(settings.some_ports);
	}
}

static void refuses_other_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
		for (size_t j = 0; j < 16 && mistakes[i].bad[j]; j++) {
			struct settings settings = defaults;
			struct settings_fault fault = { .name = NULL };

			if (mistakes[i].read(&settings, mistakes[i].bad[j], &fault))
				fail_msg("%s=%s was taken", mistakes[i].name, mistakes[i].bad[j]);
			assert_memory_equal(&settings, &defaults, sizeof(settings));
			assert_string_equal(fault.name, mistakes[i].name);
			assert_string_equal(fault.value, mistakes[i].bad[j]);
			assert_non_null(fault.allowed);
		}
	}
}

static void takes_empty_as_not_set(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
		struct settings settings = defaults;
		struct settings_fault fault;

		assert_true(mistakes[i].read(&settings, NULL, &fault));
		assert_true(mistakes[i].read(&settings, "", &fault));
		assert_memory_equal(&settings, &defaults, sizeof(settings));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_allowed_values),
		cmocka_unit_test(refuses_other_values),
		cmocka_unit_test(takes_empty_as_not_set),
	};

	return cmocka_run_group_tests_name("settings: values", tests, NULL, NULL);
}
