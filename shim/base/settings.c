// SPDX-License-Identifier: MIT
// Reads the settings' values: no locale, no allocation, nothing but what is allowed.

#include <arpa/inet.h>
#include <string.h>

#include "base/address.h"
#include "base/limits.h"
#include "base/settings.h"

static bool refuse_value(struct settings_fault *fault, const char *name, const char *value,
			 const char *allowed)
{
	*fault = (struct settings_fault){ .name = name, .value = value, .allowed = allowed };
	return false;
}

/* Reads a decimal number up to `most` at *text and moves on. Returns false if there is none. */
static bool read_number(const char **text, uint32_t most, uint32_t *result)
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

static bool value_is_set(const char *value)
{
	return value && *value;
}

/* Reads 0 or 1. */
static bool read_yes_or_no(const char *name, bool *setting, const char *value,
			   struct settings_fault *fault)
{
	if (!value_is_set(value))
		return true;
	if (strcmp(value, "0") && strcmp(value, "1"))
		return refuse_value(fault, name, value, "0 or 1");
	*setting = *value == '1';
	return true;
}

bool settings_disable(struct settings *settings, const char *value, struct settings_fault *fault)
{
	return read_yes_or_no("REPLYFROM_DISABLE", &settings->disabled, value, fault);
}

bool settings_statistics(struct settings *settings, const char *value, struct settings_fault *fault)
{
	return read_yes_or_no("REPLYFROM_STATS", &settings->statistics, value, fault);
}

bool settings_follow_tcp(struct settings *settings, const char *value, struct settings_fault *fault)
{
	return read_yes_or_no("REPLYFROM_FOLLOW_TCP", &settings->follow_tcp, value, fault);
}

bool settings_log(struct settings *settings, const char *value, struct settings_fault *fault)
{
	static const char *const names[] = { "off", "error", "info", "debug" };

	if (!value_is_set(value))
		return true;
	for (unsigned int level = 0; level < sizeof(names) / sizeof(*names); level++) {
		if (!strcmp(value, names[level])) {
			settings->log = (enum log_level)level;
			return true;
		}
	}
	return refuse_value(fault, "REPLYFROM_LOG", value, "off, error, info or debug");
}

bool settings_peers(struct settings *settings, const char *value, struct settings_fault *fault)
{
	const char *text = value;
	uint32_t peers, rounded = PEERS_MIN;

	if (!value_is_set(value))
		return true;
	if (!read_number(&text, PEERS_MAX, &peers) || *text || peers < PEERS_MIN)
		return refuse_value(fault, "REPLYFROM_PEERS", value,
				    "a number from 1024 to 16777216");
	while (rounded < peers)
		rounded *= 2;
	settings->peers = rounded;
	return true;
}

bool settings_ports(struct settings *settings, const char *value, struct settings_fault *fault)
{
	const char *text = value;
	uint32_t first, last;

	if (!value_is_set(value))
		return true;
	memset(settings->ports, 0, sizeof(settings->ports));
	do {
		if (!read_number(&text, 65535, &first))
			break;
		last = first;
		if (*text == '-' && (text++, !read_number(&text, 65535, &last)))
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
	return refuse_value(fault, "REPLYFROM_PORTS", value,
			    "ports and ranges of ports from 1 to 65535 such as 53,5000-5010");
}

/* A link-local IPv6 address needs an interface; an IPv4 one is no source for other networks. */
static bool address_is_link_local(const struct in6_addr *address)
{
	if (address_is_v4(address))
		return (ntohl(address->s6_addr32[3]) & 0xffff0000) == 0xa9fe0000; /* 169.254/16 */
	return IN6_IS_ADDR_LINKLOCAL(address);
}

/* Reads one address, in the form it is kept in. Returns its index in settings->source, else -1. */
static int read_source(const char *text, struct in6_addr *address)
{
	bool is_v6 = strchr(text, ':');
	struct in_addr v4;

	if (is_v6) {
		/* A v4-mapped address would be IPv4 in the place of IPv6. */
		if (inet_pton(AF_INET6, text, address) != 1 || address_is_v4(address))
			return -1;
	} else {
		if (inet_pton(AF_INET, text, &v4) != 1)
			return -1;
		*address = address_map(v4);
	}
	return address_is_unicast(address) && !address_is_link_local(address) ? is_v6 : -1;
}

bool settings_source(struct settings *settings, const char *value, struct settings_fault *fault)
{
	struct in6_addr source[2] = { IN6ADDR_ANY_INIT, IN6ADDR_ANY_INIT }, address;
	const char *text = value;

	if (!value_is_set(value))
		return true;
	for (;;) {
		char one[INET6_ADDRSTRLEN];
		size_t length = strcspn(text, ",");
		int family;

		if (length >= sizeof(one))
			break;
		memcpy(one, text, length);
		one[length] = '\0';
		family = read_source(one, &address);
		if (family < 0 || !IN6_IS_ADDR_UNSPECIFIED(&source[family]))
			break;
		source[family] = address;
		if (!text[length]) {
			memcpy(settings->source, source, sizeof(source));
			return true;
		}
		text += length + 1;
	}
	return refuse_value(fault, "REPLYFROM_SOURCE", value,
			    "one unicast address, or an IPv4 and an IPv6 one, such as "
			    "192.0.2.1,2001:db8::1, and none that is link-local");
}
