// SPDX-License-Identifier: MIT
// The library's settings at random.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "environment.h"

enum { VALUES = 8, BITS = 3 };

/* Half of the time a setting is not made. The last of each are not allowed. */
static const struct {
	const char *name, *values[VALUES / 2];
	bool hinders;
} rows[] = {
	{ "REPLYFROM_LOG", { "debug", "info", "off", "louder" }, false },
	{ "REPLYFROM_STATS", { "1", "0", "", "2" }, false },
	{ "REPLYFROM_PEERS", { "1024", "2000", "16384", "-1" }, true },
	{ "REPLYFROM_PORTS", { "20000-24999", "1,21000-29999", "53", "25000-" }, true },
	{ "REPLYFROM_DISABLE", { "0", "", "1", "yes please" }, true },
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

uint32_t environment_random(uint64_t round)
{
	uint64_t mixed = round * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(mixed >> 40) & ((1u << ROWS * BITS) - 1);
}

static const char *value_of(uint32_t environment, unsigned int row)
{
	uint32_t choice = environment >> row * BITS & (VALUES - 1);

	return choice < VALUES / 2 ? NULL : rows[row].values[choice - VALUES / 2];
}

void environment_set(uint32_t environment)
{
	for (unsigned int row = 0; row < ROWS; row++) {
		const char *value = value_of(environment, row);

		if (value)
			setenv(rows[row].name, value, 1);
		else
			unsetenv(rows[row].name);
	}
}

bool environment_hinders(uint32_t environment)
{
	for (unsigned int row = 0; row < ROWS; row++)
		if (rows[row].hinders && value_of(environment, row))
			return true;
	return false;
}

const char *environment_text(uint32_t environment)
{
	static char text[512];

	*text = '\0';
	for (unsigned int row = 0; row < ROWS; row++) {
		const char *value = value_of(environment, row);

		if (value)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), " %s='%s'",
				 rows[row].name, value);
	}
	return text;
}
