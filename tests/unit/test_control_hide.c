// SPDX-License-Identifier: MIT
// Hiding PKTINFO: what is left is what the kernel would have given with the options off.

#include "wire/cmsg.h"
#include "messages.h"

/* The kernel's order: timestamps and counts, then IPV6_PKTINFO, then IP_PKTINFO, TTL, TOS. */
static void receive_all(struct messages *messages)
{
	struct in6_pktinfo old = { .ipi6_addr = address_of("2001:db8::1"), .ipi6_ifindex = 3 };

	messages_start(messages);
	messages_add_int(messages, SOL_SOCKET, SO_RXQ_OVFL, 9);
	messages_add_v6(messages, "2001:db8::1", 3);
	messages_add(messages, IPPROTO_IPV6, 2 /* IPV6_2292PKTINFO */, &old, sizeof(old));
	messages_add_v4(messages, "192.0.2.1", "192.0.2.1", 3);
	messages_add(messages, IPPROTO_IP, IP_TOS, "\x10", 1);
}

static void expect(struct messages *expected, unsigned int hidden)
{
	struct in6_pktinfo old = { .ipi6_addr = address_of("2001:db8::1"), .ipi6_ifindex = 3 };

	messages_start(expected);
	messages_add_int(expected, SOL_SOCKET, SO_RXQ_OVFL, 9);
	if (!(hidden & INFO_V6))
		messages_add_v6(expected, "2001:db8::1", 3);
	if (!(hidden & INFO_V6_OLD))
		messages_add(expected, IPPROTO_IPV6, 2, &old, sizeof(old));
	if (!(hidden & INFO_V4))
		messages_add_v4(expected, "192.0.2.1", "192.0.2.1", 3);
	messages_add(expected, IPPROTO_IP, IP_TOS, "\x10", 1);
}

/* All eight sets of hidden kinds; what no message wrote has to be as the program left it. */
static void leaves_exactly_the_others(void **state)
{
	(void)state;
	for (unsigned int hidden = 0; hidden < 8; hidden++) {
		struct messages received, expected, given;
		struct msghdr from = { .msg_control = received.bytes };
		struct msghdr to = { .msg_control = given.bytes,
				     .msg_controllen = sizeof(given.bytes) };

		receive_all(&received);
		expect(&expected, hidden);
		messages_start(&given);
		from.msg_controllen = received.length;
		assert_int_equal(control_deliver(&to, &from, hidden), 0);
		assert_int_equal(to.msg_controllen, expected.length);
		assert_memory_equal(given.bytes, expected.bytes, sizeof(given.bytes));
	}
}

/* A program without a control buffer, which would have got nothing, gets no MSG_CTRUNC either. */
static void needs_no_room_for_what_is_hidden(void **state)
{
	struct messages received;
	struct msghdr from = { .msg_control = received.bytes }, to = { .msg_controllen = 0 };

	(void)state;
	messages_start(&received);
	messages_add_v6(&received, "2001:db8::1", 3);
	messages_add_v4(&received, "192.0.2.1", "192.0.2.1", 3);
	from.msg_controllen = received.length;
	assert_int_equal(control_deliver(&to, &from, INFO_V4 | INFO_V6), 0);
	assert_int_equal(to.msg_controllen, 0);
}

static void gives_nothing_of_nothing(void **state)
{
	struct messages given;
	struct msghdr from = { .msg_controllen = 0 };
	struct msghdr to = { .msg_control = given.bytes, .msg_controllen = sizeof(given.bytes) };

	(void)state;
	messages_start(&given);
	assert_int_equal(control_deliver(&to, &from, INFO_V4), 0);
	assert_int_equal(to.msg_controllen, 0);
	assert_int_equal(given.bytes[0], UNTOUCHED);
}

/* The same numbers at another level are other messages. */
static void hides_by_level_and_type(void **state)
{
	struct messages received, given;
	struct msghdr from = { .msg_control = received.bytes };
	struct msghdr to = { .msg_control = given.bytes, .msg_controllen = sizeof(given.bytes) };

	(void)state;
	messages_start(&given);
	messages_start(&received);
	messages_add_int(&received, SOL_SOCKET, IP_PKTINFO, 1);
	messages_add_int(&received, IPPROTO_IPV6, IP_PKTINFO, 2);
	messages_add_int(&received, IPPROTO_IP, IPV6_PKTINFO, 3);
	messages_add_int(&received, IPPROTO_IP, 2, 4);
	from.msg_controllen = received.length;
	assert_int_equal(control_deliver(&to, &from, INFO_V4 | INFO_V6 | INFO_V6_OLD), 0);
	assert_memory_equal(given.bytes, received.bytes, sizeof(given.bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_exactly_the_others),
		cmocka_unit_test(needs_no_room_for_what_is_hidden),
		cmocka_unit_test(gives_nothing_of_nothing),
		cmocka_unit_test(hides_by_level_and_type),
	};

	return cmocka_run_group_tests_name("control: hide", tests, NULL, NULL);
}
