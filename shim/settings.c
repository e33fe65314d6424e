// SPDX-License-Identifier: MIT
// Reads the settings' values: no locale, no allocation, nothing but what is allowed.

#include <string.h>

#include "bounds.h"
#include "settings.h"

static bool refuse(struct settings_fault *fault, const char *name, const char *value,
		   const char *allowed)
{
	*fault = (struct settings_fault){ .name = name, .value = value, .allowed = allowed };
	return false;
}

/* Reads a decimal number up to `most` at *text and moves on. Returns false if there is none. */
static bool number(const char **text, uint32_t most, uint32_t *result)
{
	uint32_t sum = 0;

	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; ++*text) {
		sum = 10 * sum + (uint32_t)(**text - '0');
		if (sum > most)
			return false;
	}
	*result = sum;
	return true;
}

static bool is_set(const char *value)
{
	return value && *value;
}

/* 0 or 1 */
static bool yes_or_no(const char *name, bool *setting, const char *value,
		      struct settings_fault *fault)
{
	if (!is_set(value))
		return true;
	if (strcmp(value, "0") && strcmp(value, "1"))
		return refuse(fault, name, value, "0 or 1");
	*setting = *value == '1';
	return true;
}

bool settings_disable(struct settings *settings, const char *value, struct settings_fault *fault)
{
	return yes_or_no("REPLYFROM_DISABLE", &settings->disabled, value, fault);
}

bool settings_statistics(struct settings *settings, const char *value, struct settings_fault *fault)
{
	return yes_or_no("REPLYFROM_STATS", &settings->statistics, value, fault);
}

bool settings_log(struct settings *settings, const char *value, struct settings_fault *fault)
{
	static const char *const names[] = { "off", "error", "info", "debug" };

	if (!is_set(value))
		return true;
	for (unsigned int level = 0; level < sizeof(names) / sizeof(*names); level++) {
		if (!strcmp(value, names[level])) {
			settings->log = (enum log_level)level;
			return true;
		}
	}
	return refuse(fault, "REPLYFROM_LOG", value, "off, error, info or debug");
}

bool settings_peers(struct settings *settings, const char *value, struct settings_fault *fault)
{
	const char *text = value;
	uint32_t peers, rounded = PEERS_MIN;

	if (!is_set(value))
		return true;
	if (!number(&text, PEERS_MAX, &peers) || *text || peers < PEERS_MIN)
		return refuse(fault, "REPLYFROM_PEERS", value, "a number from 1024 to 16777216");
	while (rounded < peers)
		rounded *= 2;
	settings->peers = rounded;
	return true;
}

bool settings_ports(struct settings *settings, const char *value, struct settings_fault *fault)
{
	const char *text = value;
	uint32_t first, last;

	if (!is_set(value))
		return true;
	memset(settings->ports, 0, sizeof(settings->ports));
	do {
		if (!number(&text, 65535, &first))
			break;
		last = first;
		if (*text == '-' && (text++, !number(&text, 65535, &last)))
			break;
		if (!first || last < first)
			break;
		for (uint32_t port = first; port <= last; port++)
			settings->ports[port / 8] |= (uint8_t)(1 << port % 8);
		if (!*text) {
			settings->some_ports = true;
			return true;
		}
	} while (*text++ == ',');
	return refuse(fault, "REPLYFROM_PORTS", value,
		      "ports and ranges of ports from 1 to 65535 such as 53,5000-5010");
}
