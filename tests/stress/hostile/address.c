// SPDX-License-Identifier: MIT
// Addresses from the command line.

#include <arpa/inet.h>

#include "hostile.h"

struct in6_addr read_address(const char *text)
{
	struct in6_addr address;
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return mapped(ntohl(v4.s_addr));
	if (inet_pton(AF_INET6, text, &address) != 1) {
		fprintf(stderr, "%s is no address\n", text);
		exit(2);
	}
	return address;
}
