// SPDX-License-Identifier: MIT
// A peer is the same peer through whatever socket and sockaddr it came.

#include "unit.h"

struct twin {
	const char *host;
	int family;
	uint32_t scope, kept_scope;
};

/* IPv4 through AF_INET and v4-mapped through AF_INET6; the scope id is of link-local only. */
static const struct twin twins[] = {
	{ "192.0.2.1", AF_INET, 0, 0 },	   { "192.0.2.1", AF_INET6, 0, 0 },
	{ "192.0.2.1", AF_INET6, 7, 0 },   { "2001:db8::1", AF_INET6, 0, 0 },
	{ "2001:db8::1", AF_INET6, 7, 0 }, { "fe80::1", AF_INET6, 0, 0 },
	{ "fe80::1", AF_INET6, 7, 7 },	   { "febf::1", AF_INET6, 7, 7 },
	{ "fec0::1", AF_INET6, 7, 0 },
};

static size_t write_sockaddr(void *room, const struct twin *twin, uint16_t port, uint8_t noise)
{
	struct in6_addr host = address_of(twin->host);

	memset(room, noise, sizeof(struct sockaddr_storage));
	if (twin->family == AF_INET) {
		struct sockaddr_in *v4 = room;

		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		v4->sin_addr.s_addr = host.s6_addr32[3];
		return sizeof(*v4);
	}
	struct sockaddr_in6 *v6 = room;

	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	v6->sin6_addr = host;
	v6->sin6_scope_id = twin->scope;
	return sizeof(*v6);
}

/* sin_zero, the flow label and what lies behind the sockaddr are noise. */
static void reads_host_port_and_scope(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(twins) / sizeof(*twins); i++) {
		for (unsigned int noise = 0; noise < 256; noise += 85) {
			struct sockaddr_storage storage;
			struct in6_addr host = address_of(twins[i].host);
			struct peer peer;
			size_t length = write_sockaddr(&storage, &twins[i], 5353, (uint8_t)noise);

			assert_true(peer_read(&peer, &storage, length));
			assert_memory_equal(&peer.host, &host, sizeof(host));
			assert_int_equal(peer.port, htons(5353));
			assert_int_equal(peer.scope, twins[i].kept_scope);
		}
	}
}

/* udp_sendmsg() takes any length from a sockaddr_in on. */
static void reads_longer_sockaddr(void **state)
{
	struct sockaddr_storage storage;
	struct peer peer;

	(void)state;
	for (size_t i = 0; i < sizeof(twins) / sizeof(*twins); i++) {
		write_sockaddr(&storage, &twins[i], 53, 0);
		assert_true(peer_read(&peer, &storage, sizeof(storage)));
	}
}

static void refuses_short_sockaddr(void **state)
{
	struct sockaddr_storage storage;
	struct peer peer;

	(void)state;
	write_sockaddr(&storage, &twins[0], 53, 0);
	for (size_t length = 0; length < sizeof(struct sockaddr_in); length++)
		assert_false(peer_read(&peer, &storage, length));
	/* SIN6_LEN_RFC2133: a sockaddr_in6 that ends before its scope id. */
	write_sockaddr(&storage, &twins[6], 53, 0);
	for (size_t length = 0; length < 24; length++)
		assert_false(peer_read(&peer, &storage, length));
}

static void reads_sockaddr_without_scope(void **state)
{
	struct sockaddr_storage storage;
	struct peer peer;

	(void)state;
	write_sockaddr(&storage, &twins[6], 53, 0);
	assert_true(peer_read(&peer, &storage, 24));
	assert_int_equal(peer.scope, 0);
}

static void refuses_other_families(void **state)
{
	static const sa_family_t others[] = { AF_UNSPEC, AF_UNIX, AF_NETLINK, AF_PACKET, 0xffff };
	struct sockaddr_storage storage;
	struct peer peer;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		write_sockaddr(&storage, &twins[0], 53, 0);
		storage.ss_family = others[i];
		assert_false(peer_read(&peer, &storage, sizeof(storage)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_host_port_and_scope),
		cmocka_unit_test(reads_longer_sockaddr),
		cmocka_unit_test(refuses_short_sockaddr),
		cmocka_unit_test(reads_sockaddr_without_scope),
		cmocka_unit_test(refuses_other_families),
	};

	return cmocka_run_group_tests_name("address: canonical form", tests, NULL, NULL);
}
