// SPDX-License-Identifier: MIT
// What kind of address it is.

#include "address.h"

bool address_is_multicast(const struct in6_addr *address)
{
	if (address_is_v4(address))
		return IN_MULTICAST(ntohl(address->s6_addr32[3]));
	return IN6_IS_ADDR_MULTICAST(address);
}

bool address_is_unicast(const struct in6_addr *address)
{
	if (address_is_v4(address)) {
		uint32_t v4 = ntohl(address->s6_addr32[3]);

		return v4 != INADDR_ANY && v4 != INADDR_BROADCAST && !IN_MULTICAST(v4);
	}
	return !IN6_IS_ADDR_UNSPECIFIED(address) && !address_is_multicast(address);
}
