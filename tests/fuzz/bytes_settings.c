// SPDX-License-Identifier: MIT
// libFuzzer target: any text as the value of each setting.

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool (*const readers[])(struct settings *, const char *, struct settings_fault *) = {
		settings_disable, settings_statistics, settings_log,	    settings_peers,
		settings_ports,	  settings_source,     settings_follow_tcp,
	};
	const struct settings standard = SETTINGS_DEFAULT;
	char *value = malloc(size + 1);

	memcpy(value, data, size);
	value[size] = '\0';
	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
		struct settings settings = SETTINGS_DEFAULT;
		struct settings_fault fault = { 0 };
		bool allowed = readers[i](&settings, value, &fault);

		must(allowed || (fault.name && fault.value == value && fault.allowed), "fault");
		must(settings.log <= LOG_DEBUG, "log");
		must(settings.peers >= PEERS_MIN && settings.peers <= PEERS_MAX &&
			     !(settings.peers & (settings.peers - 1)),
		     "peers");
		must(!(settings.some_ports && settings_port(&settings, 0)), "port 0");
		must(IN6_IS_ADDR_UNSPECIFIED(&settings.source[0]) ||
			     IN6_IS_ADDR_V4MAPPED(&settings.source[0]),
		     "an IPv4 source");
		must(!IN6_IS_ADDR_V4MAPPED(&settings.source[1]), "an IPv6 source");
		if (allowed)
			continue;
		/* Of a list of ports that is refused, nothing counts. */
		must(settings.disabled == standard.disabled && settings.log == standard.log &&
			     settings.statistics == standard.statistics &&
			     settings.peers == standard.peers && !settings.some_ports &&
			     settings.follow_tcp == standard.follow_tcp &&
			     !memcmp(settings.source, standard.source, sizeof(standard.source)),
		     "a refused value changes nothing");
	}
	free(value);
	return 0;
}
