// SPDX-License-Identifier: MIT
// MSG_ERRQUEUE with an error queued, and the error itself on the next call.

#include <netinet/in.h>

#include "matrix.h"
#include "outcome.h"

enum { SIZES = 300, PAYLOAD = 32 };

static const size_t names[] = { 0, 4, 16, 28, 64 };

/*
 * The error is the call's own first (ECONNREFUSED), in the queue still; a datagram behind it.
 * Then the queue's, with the control data's room of `control`.
 */
static void compare_error(const struct pair *pair, size_t control, size_t name, enum call call)
{
	struct shape shape = { .call = call,
			       .flags = MSG_DONTWAIT,
			       .count = 1,
			       .name = name,
			       .payload = PAYLOAD,
			       .control = control };

	pair_provoke_error(pair);
	pair_feed(pair, PAYLOAD, 1);
	compare(pair, &shape);
	shape.flags = MSG_DONTWAIT | MSG_ERRQUEUE;
	compare(pair, &shape);
	compare(pair, &shape); /* nothing left: EAGAIN */
	shape.flags = MSG_DONTWAIT;
	compare(pair, &shape);
	compare(pair, &shape);
}

static void compare_pair(struct pair *pair)
{
	pair_open(pair);
	pair_set(pair, IPPROTO_IP, IP_RECVERR, 1);
	if (pair->family != FAMILY_V4)
		pair_set(pair, IPPROTO_IPV6, IPV6_RECVERR, 1);
	for (size_t control = 0; control < SIZES; control++)
		compare_error(pair, control, names[control % 5], CALL_RECVMSG);
	for (int call = 0; call < CALLS; call++)
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			compare_error(pair, 128, names[i], (enum call)call);
	pair_close(pair);
}

void matrix_errors(void)
{
	const uint32_t more = option_bit(SOL_SOCKET, SO_TIMESTAMP) |
			      option_bit(IPPROTO_IP, IP_RECVTTL) |
			      option_bit(IPPROTO_IP, IP_RECVTOS);

	for (int family = 0; family < FAMILIES; family++)
		for (int own = 0; own < OWN_STATES; own++)
			for (int options = 0; options < 2; options++) {
				struct pair pair = { .family = (enum family)family,
						     .own_v4 = (enum own)own,
						     .own_v6 = (enum own)(own / 2),
						     .options = options ? more : 0 };

				compare_pair(&pair);
			}
}
