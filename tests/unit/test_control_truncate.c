// SPDX-License-Identifier: MIT
// Too little room: the same partial message, length and MSG_CTRUNC as put_cmsg() makes.

#include "wire/cmsg.h"
#include "messages.h"

/*
 * Received: IP_PKTINFO (hidden), IP_TTL (an int), IP_TOS (a byte). The program's view, worked out
 * by hand from put_cmsg() in net/core/scm.c for a header of H and an alignment of A bytes:
 *
 *   IP_TTL: cmsg_len H + 4, space H + 8 or H + 4 (A is 8 or 4)
 *   IP_TOS: cmsg_len H + 1, space H + 8 or H + 4
 */
enum { H = sizeof(struct cmsghdr), A = sizeof(long), TTL = 64, TOS = 0x10 };

struct expectation {
	size_t room;   /* of the program */
	size_t first;  /* cmsg_len of IP_TTL, 0: not written */
	size_t second; /* cmsg_len of IP_TOS, 0: not written */
	size_t used;   /* msg_controllen afterwards */
	int flags;
};

static const struct expectation expectations[] = {
	/* Less room than a header: nothing. */
	{ 0, 0, 0, 0, MSG_CTRUNC },
	{ 1, 0, 0, 0, MSG_CTRUNC },
	{ H - 1, 0, 0, 0, MSG_CTRUNC },
	/* Less than CMSG_LEN: a partial message of all the room. */
	{ H, H, 0, H, MSG_CTRUNC },
	{ H + 1, H + 1, 0, H + 1, MSG_CTRUNC },
	{ H + 3, H + 3, 0, H + 3, MSG_CTRUNC },
	/* The first fits, without its padding or with; no header's room is left for the second. */
	{ H + 4, H + 4, 0, H + 4, MSG_CTRUNC },
	{ H + A - 1, H + A == H + 4 ? H + 3 : H + 4, 0, H + A - 1, MSG_CTRUNC },
	{ H + A, H + 4, 0, H + A, MSG_CTRUNC },
	{ H + A + 1, H + 4, 0, H + A, MSG_CTRUNC },
	{ H + A + H - 1, H + 4, 0, H + A, MSG_CTRUNC },
	/* The second's header alone. */
	{ H + A + H, H + 4, H, H + A + H, MSG_CTRUNC },
	/* Both, the last without its padding, with some, with all, and with more room. */
	{ H + A + H + 1, H + 4, H + 1, H + A + H + 1, 0 },
	{ H + A + H + 2, H + 4, H + 1, H + A + H + 2, 0 },
	{ H + A + H + A - 1, H + 4, H + 1, H + A + H + A - 1, 0 },
	{ H + A + H + A, H + 4, H + 1, H + A + H + A, 0 },
	{ H + A + H + A + 1, H + 4, H + 1, H + A + H + A, 0 },
	{ 200, H + 4, H + 1, H + A + H + A, 0 },
};

static void receive(struct messages *received)
{
	messages_start(received);
	messages_add_v4(received, "192.0.2.1", "192.0.2.1", 2);
	messages_add_int(received, IPPROTO_IP, IP_TTL, TTL);
	messages_add(received, IPPROTO_IP, IP_TOS, &(unsigned char){ TOS }, 1);
}

/* As much of one message as its cmsg_len says, at a place of the program's buffer. */
static void put_partial(unsigned char *place, int type, const void *payload, size_t length)
{
	struct cmsghdr header = { .cmsg_level = IPPROTO_IP, .cmsg_type = type };

	if (!length)
		return;
	header.cmsg_len = length;
	memcpy(place, &header, sizeof(header));
	memcpy(place + sizeof(header), payload, length - sizeof(header));
}

static void truncates_like_put_cmsg(void **state)
{
	const int ttl = TTL;
	const unsigned char tos = TOS;

	(void)state;
	for (size_t i = 0; i < sizeof(expectations) / sizeof(*expectations); i++) {
		const struct expectation *row = &expectations[i];
		struct messages received, expected, given;
		struct msghdr from = { .msg_control = received.bytes };
		struct msghdr to = { .msg_control = given.bytes, .msg_controllen = row->room };

		receive(&received);
		messages_start(&expected);
		messages_start(&given);
		put_partial(expected.bytes, IP_TTL, &ttl, row->first);
		put_partial(expected.bytes + H + A, IP_TOS, &tos, row->second);
		from.msg_controllen = received.length;
		assert_int_equal(control_deliver(&to, &from, INFO_V4), row->flags);
		assert_int_equal(to.msg_controllen, row->used);
		assert_memory_equal(given.bytes, expected.bytes, sizeof(given.bytes));
	}
}

/* A length without a buffer is no room: ____sys_recvmsg() takes the pointer as it is. */
static void truncates_without_buffer(void **state)
{
	struct messages received;
	struct msghdr from = { .msg_control = received.bytes };
	struct msghdr to = { .msg_control = NULL, .msg_controllen = 64 };

	(void)state;
	receive(&received);
	from.msg_controllen = received.length;
	assert_int_equal(control_deliver(&to, &from, INFO_V4), MSG_CTRUNC);
}

/* PKTINFO that the program wants itself is cut like any other message. */
static void truncates_wanted_pktinfo(void **state)
{
	(void)state;
	for (size_t room = 0; room < 80; room++) {
		struct messages received, given;
		struct msghdr from = { .msg_control = received.bytes };
		struct msghdr to = { .msg_control = given.bytes, .msg_controllen = room };
		struct cmsghdr header;

		messages_start(&given);
		messages_start(&received);
		messages_add_v4(&received, "192.0.2.1", "192.0.2.1", 2);
		from.msg_controllen = received.length;
		assert_int_equal(control_deliver(&to, &from, INFO_V6),
				 room < H + 12 ? MSG_CTRUNC : 0);
		assert_int_equal(to.msg_controllen, room < H		     ? 0
						    : room < received.length ? room
									     : received.length);
		if (room < H) {
			assert_int_equal(given.bytes[0], UNTOUCHED);
			continue;
		}
		memcpy(&header, given.bytes, sizeof(header));
		assert_int_equal(header.cmsg_len, room < H + 12 ? room : H + 12);
		assert_memory_equal(given.bytes + H, received.bytes + H, header.cmsg_len - H);
		assert_int_equal(given.bytes[header.cmsg_len], UNTOUCHED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truncates_like_put_cmsg),
		cmocka_unit_test(truncates_without_buffer),
		cmocka_unit_test(truncates_wanted_pktinfo),
	};

	return cmocka_run_group_tests_name("control: truncate", tests, NULL, NULL);
}
