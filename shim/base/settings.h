/* SPDX-License-Identifier: MIT */
/* The settings: environment variables REPLYFROM_*, read once at the start. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_OFF, LOG_ERROR, LOG_INFO, LOG_DEBUG };

struct settings {
	bool disabled;	    /* REPLYFROM_DISABLE */
	bool statistics;    /* REPLYFROM_STATS */
	enum log_level log; /* REPLYFROM_LOG */
	uint32_t peers;	    /* REPLYFROM_PEERS, a power of two */
	bool some_ports;    /* REPLYFROM_PORTS: a bit for each port, else all */
	uint8_t ports[65536 / 8];
	bool follow_tcp;	   /* REPLYFROM_FOLLOW_TCP */
	struct in6_addr source[2]; /* REPLYFROM_SOURCE: IPv4, v4-mapped; IPv6. All zero: not set */
};

/* A setting with a value that is not allowed; `allowed` says in words what is. */
struct settings_fault {
	const char *name, *value, *allowed;
};

/*
 * Read the value of one setting; NULL or an empty value counts as unset. Return false for a value
 * that is not allowed, and fill in *fault; the setting then keeps its default.
 */
bool settings_disable(struct settings *settings, const char *value, struct settings_fault *fault);
bool settings_statistics(struct settings *settings, const char *value,
			 struct settings_fault *fault);
bool settings_log(struct settings *settings, const char *value, struct settings_fault *fault);
bool settings_peers(struct settings *settings, const char *value, struct settings_fault *fault);
bool settings_ports(struct settings *settings, const char *value, struct settings_fault *fault);
bool settings_source(struct settings *settings, const char *value, struct settings_fault *fault);
bool settings_follow_tcp(struct settings *settings, const char *value,
			 struct settings_fault *fault);

#define SETTINGS_DEFAULT                                 \
	{                                                \
		.log = LOG_ERROR, .peers = PEERS_DEFAULT \
	}

/* Returns true if a source is set for messages to peers that sent no request. */
static inline bool settings_has_source(const struct settings *settings)
{
	return !IN6_IS_ADDR_UNSPECIFIED(&settings->source[0]) ||
	       !IN6_IS_ADDR_UNSPECIFIED(&settings->source[1]);
}

/* Returns true if sockets of this local port (network byte order) are to be tracked. */
static inline bool settings_port(const struct settings *settings, in_port_t port)
{
	uint16_t number = ntohs(port);

	return !settings->some_ports || settings->ports[number / 8] >> number % 8 & 1;
}

#endif
