// SPDX-License-Identifier: MIT
// The requests: harmless ones to which a server of the kind replies for any client.

#include "config.h"

#include <string.h>

#include "./probe.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

static const struct {
	const char *name;
	unsigned int port;
	const char *bytes;
	size_t size;
} known[] = {
	/* The name servers of the root, without recursion (RFC 1035). */
	{ "dns", 53, BYTES("rf\0\0\0\1\0\0\0\0\0\0\0\0\2\0\1") },
	{ "echo", 7, BYTES("replyfrom\n") },
	/* A client's version 4 (RFC 5905). */
	{ "ntp", 123,
	  BYTES("\x23\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		"\0\0\0"
		"\0\0\0\0\0") },
	/* An Access-Request for the user "replyfrom" without a password (RFC 2865). */
	{ "radius", 1812, BYTES("\1\1\0\x1f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x0breplyfrom") },
	/* RFC 3261; rport (RFC 3581): reply to the source port of the request. */
	{ "sip", 5060,
	  BYTES("OPTIONS sip:replyfrom@invalid SIP/2.0\r\n"
		"Via: SIP/2.0/UDP replyfrom.invalid;rport;branch=z9hG4bKreplyfrom\r\n"
		"Max-Forwards: 70\r\n"
		"From: <sip:replyfrom@invalid>;tag=replyfrom\r\n"
		"To: <sip:replyfrom@invalid>\r\n"
		"Call-ID: replyfrom@invalid\r\n"
		"CSeq: 1 OPTIONS\r\n"
		"Content-Length: 0\r\n\r\n") },
	/* Version 3, "which engine are you?" (RFC 3414, section 4): needs no community. */
	{ "snmp", 161,
	  BYTES("\x30\x3a\2\1\3\x30\x0f\2\2rf\2\3\0\xff\xe3\4\1\4\2\1\3\4\x10\x30\x0e\4\0\2\1\0\2\1"
		"\0"
		"\4\0\4\0\4\0\x30\x12\4\0\4\0\xa0\x0c\2\2rf\2\1\0\2\1\0\x30\0") },
	/* A file that isn't there (RFC 1350). */
	{ "tftp", 69, BYTES("\0\1replyfrom-probe\0octet\0") },
};

enum { ECHO_REQUEST = 1, KNOWN = sizeof(known) / sizeof(*known) };

static int digit(char letter)
{
	const char *digits = "0123456789abcdef", *found = strchr(digits, letter | 0x20);

	return letter && found && *found ? (int)(found - digits) : -1;
}

static bool make_hex(const char *digits, struct request *request)
{
	request->size = 0;
	for (; *digits; digits += 2) {
		int high = digit(digits[0]), low = high < 0 ? -1 : digit(digits[1]);

		if (low < 0 || request->size == sizeof(request->bytes))
			return false;
		request->bytes[request->size++] = (unsigned char)(high << 4 | low);
	}
	return true;
}

bool request_make(const char *name, unsigned int port, struct request *request)
{
	size_t i;

	if (!strncmp(name, "hex:", 4))
		return make_hex(name + 4, request);
	for (i = 0; i < KNOWN; i++)
		if (*name ? !strcmp(known[i].name, name) : known[i].port == port)
			break;
	if (i == KNOWN && *name)
		return false;
	if (i == KNOWN)
		i = ECHO_REQUEST;
	request->size = known[i].size;
	memcpy(request->bytes, known[i].bytes, known[i].size);
	return true;
}
