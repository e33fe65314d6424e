// SPDX-License-Identifier: MIT
// Walking control data: every message once, and no step beyond it whatever its lengths say.

#include "wire/cmsg.h"
#include "messages.h"

static void walks_every_message(void **state)
{
	struct messages messages;
	struct cmsghdr *header;
	size_t offset = 0;
	int seen = 0;

	(void)state;
	messages_start(&messages);
	messages_add_int(&messages, SOL_SOCKET, SO_RXQ_OVFL, 1);
	messages_add(&messages, IPPROTO_IP, IP_TOS, "\x10", 1);
	messages_add_v4(&messages, "192.0.2.1", "192.0.2.1", 2);
	while ((header = control_next(messages.bytes, messages.length, &offset))) {
		static const int levels[] = { SOL_SOCKET, IPPROTO_IP, IPPROTO_IP };

		assert_int_equal(header->cmsg_level, levels[seen]);
		seen++;
	}
	assert_int_equal(seen, 3);
	assert_int_equal(offset, messages.length);
}

/* The last message may lack its padding: put_cmsg() with little room leaves it so. */
static void takes_last_without_padding(void **state)
{
	struct messages messages;
	size_t offset = 0;

	(void)state;
	messages_start(&messages);
	messages_add(&messages, IPPROTO_IP, IP_TOS, "\x10", 1);
	assert_non_null(control_next(messages.bytes, CMSG_LEN(1), &offset));
	assert_null(control_next(messages.bytes, CMSG_LEN(1), &offset));
}

/* A header and nothing else is a message, up to the very end. */
static void takes_message_without_payload(void **state)
{
	struct messages messages;
	size_t offset = 0;

	(void)state;
	messages_start(&messages);
	messages_add(&messages, SOL_SOCKET, SCM_RIGHTS, "", 0);
	assert_int_equal(messages.length, sizeof(struct cmsghdr));
	assert_non_null(control_next(messages.bytes, messages.length, &offset));
	assert_int_equal(offset, messages.length);
	assert_null(control_next(messages.bytes, messages.length, &offset));
}

static void ends_without_control(void **state)
{
	size_t offset = 0;

	(void)state;
	assert_null(control_next(NULL, 0, &offset));
	assert_null(control_next(NULL, 64, &offset));
	assert_int_equal(offset, 0);
}

static void ends_where_no_header_fits(void **state)
{
	struct messages messages;

	(void)state;
	messages_start(&messages);
	messages_add_int(&messages, IPPROTO_IP, IP_TTL, 64);
	for (size_t length = 0; length < sizeof(struct cmsghdr); length++) {
		size_t offset = 0;

		assert_null(control_next(messages.bytes, length, &offset));
	}
}

/* CMSG_OK() in include/linux/socket.h: from a header's length to what is left. */
static void ends_at_malformed_length(void **state)
{
	static const size_t wrong[] = {
		0, 1, sizeof(struct cmsghdr) - 1, 25, 64, SIZE_MAX / 2, SIZE_MAX - 7, SIZE_MAX
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct messages messages;
		size_t offset = 0, length;

		messages_start(&messages);
		messages_add_int(&messages, IPPROTO_IP, IP_TTL, 64);
		length = messages.length;
		messages_add_length(&messages, IPPROTO_IP, IP_TOS, "", 1, wrong[i]);
		assert_non_null(control_next(messages.bytes, messages.length, &offset));
		assert_int_equal(offset, length);
		assert_null(control_next(messages.bytes, length + CMSG_SPACE(1), &offset));
		assert_int_equal(offset, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_every_message),
		cmocka_unit_test(takes_last_without_padding),
		cmocka_unit_test(takes_message_without_payload),
		cmocka_unit_test(ends_without_control),
		cmocka_unit_test(ends_where_no_header_fits),
		cmocka_unit_test(ends_at_malformed_length),
	};

	return cmocka_run_group_tests_name("control: walk", tests, NULL, NULL);
}
