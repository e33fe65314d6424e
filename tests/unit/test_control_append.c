// SPDX-License-Identifier: MIT
// Where a source may be appended to a program's control data, and where the program has chosen.

#include "wire/cmsg.h"
#include "messages.h"
#include "wire/pktinfo.h"

static void appends_to_nothing(void **state)
{
	size_t end = 99;

	(void)state;
	assert_true(control_appendable(NULL, 0, &end));
	assert_int_equal(end, 0);
}

/* The new message begins aligned, even when the program's last one lacks its padding. */
static void appends_behind_padding(void **state)
{
	struct messages messages;
	size_t end;

	(void)state;
	messages_start(&messages);
	messages_add(&messages, IPPROTO_IP, IP_TOS, "\x10", 1);
	assert_true(control_appendable(messages.bytes, messages.length, &end));
	assert_int_equal(end, messages.length);
	assert_true(control_appendable(messages.bytes, CMSG_LEN(1), &end));
	assert_int_equal(end, messages.length);
}

/* Byte for byte what the kernel reads: the program's message, then ours, in the peer's family. */
static void appended_source_is_exact(void **state)
{
	static const char *const sources[] = { "192.0.2.9", "2001:db8::9" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct in6_addr source = address_of(sources[i]);
		struct messages sent, expected;
		size_t end;

		messages_start(&sent);
		messages_start(&expected);
		messages_add_int(&sent, IPPROTO_IP, IP_TTL, 3);
		messages_add_int(&expected, IPPROTO_IP, IP_TTL, 3);
		if (address_is_v4(&source))
			messages_add_v4(&expected, sources[i], "0.0.0.0", 0);
		else
			messages_add_v6(&expected, sources[i], 0);
		assert_true(control_appendable(sent.bytes, sent.length, &end));
		end += pktinfo_write(sent.bytes + end, &source, 0);
		assert_int_equal(end, expected.length - MESSAGE_PADDING);
		assert_memory_equal(sent.bytes, expected.bytes, sizeof(sent.bytes));
	}
}

struct choice {
	const char *address;
	int ifindex;
	bool appendable;
};

/* An unspecified address without an interface names no source (nfs-ganesha and unbound send it). */
static void respects_programs_choice(void **state)
{
	static const struct choice choices[] = {
		{ "0.0.0.0", 0, true }, { "0.0.0.0", 2, false }, { "192.0.2.1", 0, false },
		{ "::", 0, true },	{ "::", 2, false },	 { "2001:db8::1", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
		struct messages messages;
		size_t end;

		messages_start(&messages);
		messages_add_int(&messages, IPPROTO_IP, IP_TTL, 3);
		if (strchr(choices[i].address, ':'))
			messages_add_v6(&messages, choices[i].address,
					(unsigned int)choices[i].ifindex);
		else
			messages_add_v4(&messages, choices[i].address, "192.0.2.7",
					choices[i].ifindex);
		assert_int_equal(control_appendable(messages.bytes, messages.length, &end),
				 choices[i].appendable);
	}
}

/* A PKTINFO too short for its kind: the kernel answers EINVAL, and shall. */
static void leaves_short_pktinfo_to_kernel(void **state)
{
	struct messages messages;
	size_t end;

	(void)state;
	messages_start(&messages);
	messages_add(&messages, IPPROTO_IP, IP_PKTINFO, "\0\0\0\0\0\0\0", 8);
	assert_false(control_appendable(messages.bytes, messages.length, &end));
	messages_start(&messages);
	messages_add(&messages, IPPROTO_IPV6, IPV6_PKTINFO, "\0\0\0\0\0\0\0", 8);
	assert_false(control_appendable(messages.bytes, messages.length, &end));
}

/* Lengths that make sendmsg() fail with EINVAL fail as before: nothing is appended. */
static void leaves_malformed_to_kernel(void **state)
{
	static const size_t wrong[] = { 0, 1, sizeof(struct cmsghdr) - 1, 1000, SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct messages messages;
		size_t end;

		messages_start(&messages);
		messages_add_length(&messages, IPPROTO_IP, IP_TTL, "\3\0\0", 4, wrong[i]);
		assert_false(control_appendable(messages.bytes, messages.length, &end));
	}
}

/*
 * Less than a header behind the last message: the kernel does not look at it, but for a 32-bit
 * program on a 64-bit kernel (cmsghdr_from_user_compat_to_kern()), where it answers EINVAL.
 */
static void looks_at_a_short_rest_as_the_kernel(void **state)
{
	struct messages messages;
	size_t end;

	(void)state;
	messages_start(&messages);
	messages_add_int(&messages, IPPROTO_IP, IP_TTL, 3);
	for (size_t rest = 0; rest < sizeof(struct cmsghdr); rest++) {
		assert_int_equal(control_appendable(messages.bytes, messages.length + rest, &end),
				 !rest || sizeof(void *) > 4);
		assert_int_equal(end, messages.length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_to_nothing),
		cmocka_unit_test(appends_behind_padding),
		cmocka_unit_test(appended_source_is_exact),
		cmocka_unit_test(respects_programs_choice),
		cmocka_unit_test(leaves_short_pktinfo_to_kernel),
		cmocka_unit_test(leaves_malformed_to_kernel),
		cmocka_unit_test(looks_at_a_short_rest_as_the_kernel),
	};

	return cmocka_run_group_tests_name("control: append", tests, NULL, NULL);
}
