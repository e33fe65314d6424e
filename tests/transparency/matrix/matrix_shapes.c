// SPDX-License-Identifier: MIT
// The receiving calls with all kinds of name, payload and control buffers and flags.

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>

#include "matrix.h"
#include "outcome.h"

/* A way to give a buffer: its room, whether it is NULL, and the length that is claimed of it. */
struct room {
	size_t size;
	bool none;
	size_t claimed;
};

static const struct room names[] = {
	{ 0, true, 0 },
	{ 16, true, 0 },
	{ 0, false, 0 },
	{ 1, false, 0 },
	{ 2, false, 0 },
	{ 7, false, 0 },
	{ 8, false, 0 },
	{ 15, false, 0 },
	{ 16, false, 0 },
	{ 17, false, 0 },
	{ 24, false, 0 },
	{ 27, false, 0 },
	{ 28, false, 0 },
	{ 29, false, 0 },
	{ 128, false, 0 },
	{ 128, false, 4096 },
	{ 28, false, (socklen_t)-1 },
	{ 28, false, 1u << 31 },
	{ 28, true, (socklen_t)-1 },
};
static const struct room payloads[] = {
	{ 0, true, 0 },		  { 0, false, 0 },
	{ 1, false, 0 },	  { 4, false, 0 },
	{ 99, false, 0 },	  { 100, false, 0 },
	{ 101, false, 0 },	  { 2048, false, 0 },
	{ 128, false, INT_MAX },  { 128, false, (size_t)SSIZE_MAX },
	{ 128, false, SIZE_MAX }, { 16, true, 0 },
};
static const struct room controls[] = {
	{ 0, true, 0 },	  { 64, true, 0 },  { 0, false, 0 },
	{ 15, false, 0 }, { 24, false, 0 }, { 100, false, 0 },
};
static const size_t datagrams[] = { 0, 1, 100 };
static const int all_flags[] = {
	0,
	MSG_PEEK,
	MSG_TRUNC,
	MSG_PEEK | MSG_TRUNC,
	MSG_CMSG_CLOEXEC,
	MSG_OOB,
	MSG_ERRQUEUE,
	MSG_WAITALL | MSG_NOSIGNAL,
	MSG_PEEK | MSG_CTRUNC,
};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* The queues must be alike afterwards, and empty for what comes next. */
static void drain(const struct pair *pair)
{
	const struct shape rest = { .call = CALL_RECVMSG,
				    .flags = MSG_DONTWAIT,
				    .count = 1,
				    .name = 28,
				    .payload = 128,
				    .control = 128 };

	while (compare(pair, &rest) >= 0)
		;
}

static void compare_call(const struct pair *pair, struct shape *shape)
{
	for (size_t d = 0; d < LENGTH(datagrams); d++)
		for (size_t f = 0; f < LENGTH(all_flags); f++) {
			shape->flags = MSG_DONTWAIT | all_flags[f];
			/* First with nothing there: EAGAIN, or what is wrong with the buffers. */
			if (!d)
				compare(pair, shape);
			pair_feed(pair, datagrams[d], 1);
			compare(pair, shape);
			drain(pair);
		}
}

static void compare_shapes(const struct pair *pair, enum call call, size_t n, size_t p, size_t c)
{
	struct shape shape = { .call = call,
			       .count = 1,
			       .name = names[n].size,
			       .no_name = names[n].none,
			       .name_claimed = (socklen_t)names[n].claimed,
			       .payload = payloads[p].size,
			       .no_payload = payloads[p].none,
			       .payload_claimed = payloads[p].claimed,
			       .control = controls[c].size,
			       .no_control = controls[c].none };

	compare_call(pair, &shape);
	if (call != CALL_RECVFROM && call != CALL_RECVFROM_CHECKED)
		return;
	shape.no_name_length = true;
	compare_call(pair, &shape);
}

/* Every name with a usual payload, every payload with a usual name; control data with both. */
static void compare_pair(struct pair *pair)
{
	pair_open(pair);
	for (int call = 0; call < CALLS; call++) {
		bool has_control = call == CALL_RECVMSG || call == CALL_RECVMMSG;

		for (size_t c = 0; c < (has_control ? LENGTH(controls) : 1); c++) {
			for (size_t n = 0; n < LENGTH(names); n++)
				compare_shapes(pair, (enum call)call, n, 7, c);
			for (size_t p = 0; p < LENGTH(payloads); p++)
				compare_shapes(pair, (enum call)call, 12, p, c);
		}
	}
	pair_close(pair);
}

void matrix_shapes(void)
{
	uint32_t times = option_bit(SOL_SOCKET, SO_TIMESTAMP) | option_bit(IPPROTO_IP, IP_RECVTTL) |
			 option_bit(IPPROTO_IPV6, IPV6_RECVHOPLIMIT);

	for (int family = 0; family < FAMILIES; family++)
		for (int own = OWN_OFF; own <= OWN_BEFORE_BIND; own++)
			for (int more = 0; more < 2; more++) {
				struct pair pair = { .family = (enum family)family,
						     .own_v4 = (enum own)own,
						     .own_v6 = (enum own)own };
				for (unsigned int i = 0; more && i < option_count; i++)
					if (option_table[i].families & 1u << family)
						pair.options |= times & UINT32_C(1) << i;
				compare_pair(&pair);
			}
}
