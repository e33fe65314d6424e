// SPDX-License-Identifier: MIT
// The quick readings of PKTINFO say what the thorough one says, or nothing.

#include <stdlib.h>

#include "messages.h"
#include "wire/pktinfo.h"

/* Destinations and addresses of this host, unicast and others; NULL: no such message. */
static const char *const v4[] = {
	NULL,	       "192.0.2.1",	  "192.0.2.2",	     "192.0.2.255",
	"127.0.0.1",   "0.0.0.0",	  "0.0.0.1",	     "255.255.255.255",
	"224.0.0.251", "224.0.0.0",	  "223.255.255.255", "239.1.2.3",
	"240.0.0.1",   "169.254.169.254",
};
static const char *const v6[] = {
	NULL,
	"2001:db8::1",
	"fe80::1",
	"::1",
	"::",
	"::192.0.2.1",
	"::1:0:0",
	"::ffff:192.0.2.1",
	"::ffff:192.0.2.255",
	"::ffff:224.0.0.251",
	"::ffff:255.255.255.255",
	"::ffff:0.0.0.0",
	"::fffe:192.0.2.1",
	"ff02::fb",
	"ff0e::1",
	"feff::1",
	"0:0:0:1::",
};
enum {
	V4 = sizeof(v4) / sizeof(*v4),
	V6 = sizeof(v6) / sizeof(*v6),
};

typedef bool usual_reader(const void *control, size_t length, struct local *local);

static bool read_usual(const void *control, size_t length, struct local *local)
{
	return pktinfo_read_fast(control, length, local);
}

static bool read_usual_v6(const void *control, size_t length, struct local *local)
{
	return pktinfo_read_fast_v6(control, length, local);
}

static usual_reader *const readers[] = { read_usual, read_usual_v6 };

/* In memory of just that length, so that a sanitizer sees what is read behind it. */
static void check(usual_reader *read, const struct messages *messages, size_t length)
{
	void *control = memcpy(malloc(length ? length : 1), messages->bytes, length);
	struct local fast, thorough;

	memset(&fast, UNTOUCHED, sizeof(fast));
	if (read(control, length, &fast)) {
		assert_int_equal(pktinfo_read(control, length, &thorough), PKTINFO_LOCAL);
		assert_memory_equal(&fast.address, &thorough.address, sizeof(fast.address));
		assert_int_equal(fast.ifindex, thorough.ifindex);
	}
	free(control);
}

/* Whole, and cut off everywhere. */
static void check_all_lengths(const struct messages *messages)
{
	for (size_t length = 0; length <= messages->length; length++)
		for (int i = 0; i < 2; i++)
			check(readers[i], messages, length);
}

static void add_v4(struct messages *messages, const char *spec, const char *destination)
{
	if (spec && destination)
		messages_add_v4(messages, spec, destination, 2);
}

static void add_v6(struct messages *messages, const char *destination)
{
	if (destination)
		messages_add_v6(messages, destination, 3);
}

/* As the kernel orders them and the other way round, of IPv4 every source with every destination.
 */
static void agree_on_every_destination(void **state)
{
	(void)state;
	for (int i = 0; i < V6; i++) {
		for (int j = 0; j < V4 * V4; j++) {
			struct messages messages;

			messages_start(&messages);
			add_v6(&messages, v6[i]);
			add_v4(&messages, v4[j / V4], v4[j % V4]);
			check_all_lengths(&messages);
			messages_start(&messages);
			add_v4(&messages, v4[j / V4], v4[j % V4]);
			add_v6(&messages, v6[i]);
			check_all_lengths(&messages);
		}
	}
}

static void add_other(struct messages *messages, int which)
{
	if (which == 1)
		messages_add_int(messages, IPPROTO_IP, IP_TTL, 64);
	else if (which == 2)
		messages_add(messages, SOL_SOCKET, SO_TIMESTAMP, "0123456789abcdef", 16);
	else if (which == 3)
		messages_add_int(messages, SOL_SOCKET, IP_PKTINFO, 1);
	else if (which == 4)
		messages_add(messages, IPPROTO_IPV6, IP_PKTINFO, "0123456789ab", 12);
	else if (which == 5)
		messages_add(messages, IPPROTO_IP, IPV6_PKTINFO, "0123456789abcdef0123", 20);
}

static void agree_among_other_messages(void **state)
{
	(void)state;
	for (int which = 0; which < 6 * 6 * 6; which++) {
		for (int i = 0; i < V6; i++) {
			struct messages messages;

			messages_start(&messages);
			add_other(&messages, which % 6);
			add_v6(&messages, v6[i]);
			add_other(&messages, which / 6 % 6);
			add_v4(&messages, v4[1 + i % 2], v4[1]);
			add_other(&messages, which / 36);
			check_all_lengths(&messages);
		}
	}
}

/* cmsg_len says less or more than there is. */
static void agree_on_wrong_lengths(void **state)
{
	const struct in_pktinfo one = { .ipi_ifindex = 2,
					.ipi_spec_dst = address_of_v4("192.0.2.1"),
					.ipi_addr = address_of_v4("192.0.2.1") };
	const struct in6_pktinfo two = { .ipi6_addr = address_of("2001:db8::1"),
					 .ipi6_ifindex = 3 };

	(void)state;
	for (size_t length = 0; length < 80; length++) {
		struct messages messages;

		messages_start(&messages);
		messages_add_length(&messages, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one), length);
		check_all_lengths(&messages);
		messages_start(&messages);
		messages_add_length(&messages, IPPROTO_IPV6, IPV6_PKTINFO, &two, sizeof(two),
				    length);
		add_v4(&messages, v4[1], v4[1]);
		check_all_lengths(&messages);
		messages_start(&messages);
		add_v6(&messages, v6[7]);
		messages_add_length(&messages, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one), length);
		check_all_lengths(&messages);
	}
}

/* They are of use: what nearly all datagrams bring is read by them. */
static void usual_ones_are_read(void **state)
{
	struct messages messages;
	struct local local;

	(void)state;
	messages_start(&messages);
	add_v4(&messages, "192.0.2.1", "192.0.2.1");
	assert_true(read_usual(messages.bytes, messages.length, &local));
	assert_true(read_usual(messages.bytes, messages.length - MESSAGE_PADDING, &local));
	messages_start(&messages);
	add_v6(&messages, "2001:db8::1");
	assert_true(read_usual_v6(messages.bytes, messages.length, &local));
	messages_start(&messages);
	add_v6(&messages, "fe80::1");
	assert_true(read_usual_v6(messages.bytes, messages.length, &local));
	messages_start(&messages);
	add_v6(&messages, "::ffff:192.0.2.1");
	add_v4(&messages, "192.0.2.1", "192.0.2.1");
	assert_true(read_usual_v6(messages.bytes, messages.length, &local));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agree_on_every_destination),
		cmocka_unit_test(agree_among_other_messages),
		cmocka_unit_test(agree_on_wrong_lengths),
		cmocka_unit_test(usual_ones_are_read),
	};

	return cmocka_run_group_tests_name("pktinfo: the fast path", tests, NULL, NULL);
}
