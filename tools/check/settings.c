// SPDX-License-Identifier: MIT
// The settings, read by the library's own code, but strictly: the library keeps a default where the
// wrapper refuses to start.

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/settings.h"
#include "../environment.h"
#include "../options.h"
#include "./check.h"

static const struct {
	const char *name;
	bool (*read)(struct settings *settings, const char *value, struct settings_fault *fault);
} known[] = {
	{ "REPLYFROM_LOG", settings_log },
	{ "REPLYFROM_PORTS", settings_ports },
	{ "REPLYFROM_PEERS", settings_peers },
	{ "REPLYFROM_SOURCE", settings_source },
	{ "REPLYFROM_FOLLOW_TCP", settings_follow_tcp },
	{ "REPLYFROM_STATS", settings_statistics },
	{ "REPLYFROM_DISABLE", settings_disable },
};

#define KNOWN (sizeof(known) / sizeof(*known))

/* A misspelt setting would be silence where the user expects an effect. */
static _Noreturn void refuse_unknown(const char *entry)
{
	char allowed[256] = "";

	for (size_t i = 0; i < KNOWN; i++)
		snprintf(allowed + strlen(allowed), sizeof(allowed) - strlen(allowed), "%s%s",
			 !i		 ? ""
			 : i + 1 < KNOWN ? ", "
					 : " and ",
			 known[i].name);
	message_fail(EXIT_OURS, "%.*s is no setting; allowed are %s", (int)strcspn(entry, "="),
		     entry, allowed);
}

static void read_setting(struct settings *settings, const char *entry)
{
	size_t length = strcspn(entry, "=");
	struct settings_fault fault;
	const char *option;

	for (size_t i = 0; i < KNOWN; i++) {
		if (strlen(known[i].name) != length || strncmp(entry, known[i].name, length))
			continue;
		if (!entry[length] || known[i].read(settings, entry + length + 1, &fault))
			return;
		option = options_of_setting(known[i].name);
		message_fail(EXIT_OURS, "%s%s%s%s is '%s'; allowed: %s", fault.name,
			     option ? " (" : "", option ? option : "", option ? ")" : "",
			     fault.value, fault.allowed);
	}
	refuse_unknown(entry);
}

bool settings_check(void)
{
	static struct settings settings = SETTINGS_DEFAULT;
	const char *disable = getenv("REPLYFROM_DISABLE");

	for (char **entry = environ; entry && *entry; entry++)
		if (!strncmp(*entry, "REPLYFROM_", strlen("REPLYFROM_")))
			read_setting(&settings, *entry);
	/* Of two entries the library takes the first, as getenv(3) does. */
	return disable && !strcmp(disable, "1");
}
