/* SPDX-License-Identifier: MIT */
/* What every unit test needs: cmocka in its prescribed order, and addresses to write tables with.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "wire/peer.h"

/* An address from its text; an IPv4 one comes v4-mapped, as the library keeps it. */
static inline struct in6_addr address_of(const char *text)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return address_map(v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6), 1);
	return v6;
}

static inline struct in_addr address_of_v4(const char *text)
{
	struct in_addr v4;

	assert_int_equal(inet_pton(AF_INET, text, &v4), 1);
	return v4;
}

#endif
