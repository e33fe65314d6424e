/* SPDX-License-Identifier: MIT */
/* replyfrom-probe: sends requests to servers, and shows from which address the replies come. */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { REQUEST_MOST = 512 };

struct request {
	size_t size;
	unsigned char bytes[REQUEST_MOST];
};

/*
 * Makes the request of this name, or of `hex:` and bytes in hexadecimal digits; with no name ("")
 * the one that servers at this port understand. Returns false for a name that there isn't.
 */
bool request_make(const char *name, unsigned int port, struct request *request);

/* The names that request_make() knows, for people. */
#define REQUEST_NAMES "dns, echo, ntp, radius, sip, snmp, tftp, or hex: and digits such as hex:00ff"

enum outcome { NO_ANSWER, RIGHT, WRONG, REFUSED };

struct target {
	const char *name; /* as it was given */
	struct sockaddr_storage address, answer;
	socklen_t length;
	struct request request;
	int fd;
	enum outcome outcome;
};

/* Prints what came out, as a table or as JSON. Returns false if stdout failed. */
bool report_print(const struct target *targets, size_t count, bool json);

#endif
