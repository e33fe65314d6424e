// SPDX-License-Identifier: MIT
// The settings, read by the library's own code, but strictly: the library keeps a default where the
// wrapper refuses to start.

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "settings.h"
#include "./check.h"

static const struct {
	const char *name, *option;
	bool (*read)(struct settings *settings, const char *value, struct settings_fault *fault);
} known[] = {
	{ "REPLYFROM_DISABLE", NULL, settings_disable },
	{ "REPLYFROM_LOG", "--log", settings_log },
	{ "REPLYFROM_PEERS", "--peers", settings_peers },
	{ "REPLYFROM_PORTS", "--ports", settings_ports },
	{ "REPLYFROM_STATS", "--stats", settings_statistics },
};

#define KNOWN (sizeof(known) / sizeof(*known))

extern char **environ;

/* A misspelt setting would be silence where the user expects an effect. */
static void refuse_unknown(const char *variable)
{
	size_t length = strcspn(variable, "=");

	if (strncmp(variable, "REPLYFROM_", strlen("REPLYFROM_")))
		return;
	for (size_t i = 0; i < KNOWN; i++)
		if (strlen(known[i].name) == length && !strncmp(variable, known[i].name, length))
			return;
	fail(EXIT_OURS,
	     "%.*s is no setting; allowed are REPLYFROM_LOG, REPLYFROM_PORTS, "
	     "REPLYFROM_PEERS, REPLYFROM_STATS and REPLYFROM_DISABLE",
	     (int)length, variable);
}

bool settings_check(void)
{
	static struct settings settings = SETTINGS_DEFAULT;
	struct settings_fault fault;

	for (char **variable = environ; *variable; variable++)
		refuse_unknown(*variable);
	for (size_t i = 0; i < KNOWN; i++) {
		if (known[i].read(&settings, getenv(known[i].name), &fault))
			continue;
		fail(EXIT_OURS, "%s%s%s%s is '%s'; allowed: %s", fault.name,
		     known[i].option ? " (" : "", known[i].option ? known[i].option : "",
		     known[i].option ? ")" : "", fault.value, fault.allowed);
	}
	return settings.disabled;
}
