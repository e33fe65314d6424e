// SPDX-License-Identifier: MIT
// The local address of a received datagram, as each kind of destination shows it.

#include "messages.h"
#include "wire/pktinfo.h"

/* One received datagram: what the kernel put into PKTINFO, and what follows from it. */
struct arrival {
	const char *v6;		 /* ipi6_addr, NULL: no IPV6_PKTINFO */
	const char *spec, *addr; /* ipi_spec_dst and ipi_addr, NULL: no IP_PKTINFO */
	enum pktinfo found;
	const char *local;
};

static const struct arrival arrivals[] = {
	/* unicast */
	{ NULL, "192.0.2.1", "192.0.2.1", PKTINFO_LOCAL, "192.0.2.1" },
	{ "2001:db8::1", NULL, NULL, PKTINFO_LOCAL, "2001:db8::1" },
	{ "fe80::1", NULL, NULL, PKTINFO_LOCAL, "fe80::1" },
	/* IPv4 on a dual-stack socket: one kind, or both */
	{ "::ffff:192.0.2.1", NULL, NULL, PKTINFO_LOCAL, "192.0.2.1" },
	{ "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1", PKTINFO_LOCAL, "192.0.2.1" },
	/* broadcast: only IP_PKTINFO tells that of a subnet */
	{ NULL, "192.0.2.1", "192.0.2.255", PKTINFO_UNDECIDED, NULL },
	{ NULL, "192.0.2.1", "255.255.255.255", PKTINFO_UNDECIDED, NULL },
	{ "::ffff:192.0.2.255", "192.0.2.1", "192.0.2.255", PKTINFO_UNDECIDED, NULL },
	{ "::ffff:255.255.255.255", NULL, NULL, PKTINFO_UNDECIDED, NULL },
	/* multicast */
	{ NULL, "192.0.2.1", "224.0.0.251", PKTINFO_UNDECIDED, NULL },
	{ "ff02::fb", NULL, NULL, PKTINFO_UNDECIDED, NULL },
	{ "::ffff:224.0.0.251", NULL, NULL, PKTINFO_UNDECIDED, NULL },
	/* queued before the option was on */
	{ NULL, "0.0.0.0", "192.0.2.1", PKTINFO_LOCAL, "192.0.2.1" },
	{ NULL, "0.0.0.0", "224.0.0.251", PKTINFO_UNDECIDED, NULL },
	{ NULL, "0.0.0.0", "0.0.0.0", PKTINFO_UNDECIDED, NULL },
	{ NULL, NULL, NULL, PKTINFO_NONE, NULL },
};

static void check(const struct arrival *row, const struct messages *messages)
{
	struct local local, expected = { .ifindex = 0 };

	memset(&local, UNTOUCHED, sizeof(local));
	if (row->local) {
		expected.address = address_of(row->local);
		expected.ifindex = 2;
	}
	assert_int_equal(pktinfo_read(messages->bytes, messages->length, &local), row->found);
	assert_memory_equal(&local, &expected, sizeof(local));
}

static void add(struct messages *messages, const struct arrival *row)
{
	if (row->v6)
		messages_add_v6(messages, row->v6, 2);
	if (row->addr)
		messages_add_v4(messages, row->spec, row->addr, 2);
}

static void reads_every_destination(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(arrivals) / sizeof(*arrivals); i++) {
		struct messages messages;

		messages_start(&messages);
		add(&messages, &arrivals[i]);
		check(&arrivals[i], &messages);
	}
}

static void reads_among_other_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(arrivals) / sizeof(*arrivals); i++) {
		struct messages messages;

		messages_start(&messages);
		messages_add_int(&messages, SOL_SOCKET, IP_PKTINFO, 1);
		messages_add(&messages, SOL_SOCKET, SO_TIMESTAMP, "0123456789abcdef", 16);
		add(&messages, &arrivals[i]);
		messages_add_int(&messages, IPPROTO_IP, IP_TTL, 64);
		check(&arrivals[i], &messages);
	}
}

/* Not all of it is there: then it says nothing. */
static void ignores_truncated_pktinfo(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t whole = i ? CMSG_LEN(20) : CMSG_LEN(12);

		for (size_t length = CMSG_LEN(0); length < whole; length++) {
			struct messages messages;
			struct local local;

			messages_start(&messages);
			add(&messages, &arrivals[i]);
			memcpy(messages.bytes, &length, sizeof(length));
			assert_int_equal(pktinfo_read(messages.bytes, length, &local),
					 PKTINFO_NONE);
		}
	}
}

/* RFC 2292's message is for the program that asked for it; nothing is learnt from it. */
static void ignores_other_kinds(void **state)
{
	struct in6_pktinfo old = { .ipi6_addr = address_of("2001:db8::1"), .ipi6_ifindex = 2 };
	struct messages messages;
	struct local local;

	(void)state;
	messages_start(&messages);
	messages_add(&messages, IPPROTO_IPV6, 2, &old, sizeof(old));
	assert_int_equal(pktinfo_read(messages.bytes, messages.length, &local), PKTINFO_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_destination),
		cmocka_unit_test(reads_among_other_messages),
		cmocka_unit_test(ignores_truncated_pktinfo),
		cmocka_unit_test(ignores_other_kinds),
	};

	return cmocka_run_group_tests_name("pktinfo: read", tests, NULL, NULL);
}
