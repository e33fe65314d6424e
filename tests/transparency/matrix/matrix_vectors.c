// SPDX-License-Identifier: MIT
// recvmmsg(): lengths of the vector and the queue, flags and timeouts.

#include <errno.h>
#include <netinet/in.h>

#include "matrix.h"
#include "outcome.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

enum { PAYLOAD = 8, NOBODY_WAITS = 1000, LONG = 65, DATAGRAM = 1280 };

static const unsigned int counts[] = { 0, 1, 2, 3, 10, 64, 65, 500, 1023, 1024, 1025 };
static const struct {
	size_t size;
	bool none;
} controls[] = {
	{ 0, true },   { 48, true },  { 0, false },   { 8, false },   { 20, false },
	{ 32, false }, { 72, false }, { 256, false }, { 512, false },
};

static void drain(const struct pair *pair)
{
	const struct shape rest = { .call = CALL_RECVMMSG,
				    .flags = MSG_DONTWAIT,
				    .count = 64,
				    .name = 28,
				    .payload = PAYLOAD,
				    .control = 64 };

	while (compare(pair, &rest) > 0)
		;
}

/*
 * With `queued` datagrams there. A call that waits for more than there are is not made, but for
 * MSG_WAITFORONE, and for a timeout that is over when the first datagram is there.
 */
static void compare_vector(const struct pair *pair, struct shape *shape, unsigned int queued)
{
	static const struct timespec over = { 0, 0 }, wrong = { 0, -1 }, wrong_too = { -1, 0 };
	static const struct timespec ample = { NOBODY_WAITS, 0 };
	static const struct timespec *const timeouts[] = { NULL, &over, &wrong, &wrong_too,
							   &ample };
	static const int all_flags[] = { MSG_DONTWAIT, MSG_WAITFORONE, 0,
					 MSG_DONTWAIT | MSG_WAITFORONE, MSG_PEEK | MSG_DONTWAIT };

	for (size_t f = 0; f < LENGTH(all_flags); f++)
		for (size_t t = 0; t < LENGTH(timeouts); t++) {
			bool waits = !(all_flags[f] & MSG_DONTWAIT) && shape->count &&
				     (!queued || (!all_flags[f] && queued < shape->count));
			bool refused = timeouts[t] == &wrong || timeouts[t] == &wrong_too;

			if (waits && !refused && !(queued && timeouts[t] == &over))
				continue;
			/* Long vectors take long to compare. */
			if (shape->count > LONG && (t || f > 2))
				continue;
			shape->flags = all_flags[f];
			shape->timeout = timeouts[t];
			pair_feed(pair, PAYLOAD, queued);
			compare(pair, shape);
			drain(pair);
		}
}

/* How many datagrams the queues hold; more than net.core.rmem_max takes root's rights. */
static unsigned int make_room(const struct pair *pair)
{
	int size = 0;
	socklen_t length = sizeof(size);

	pair_set(pair, SOL_SOCKET, SO_RCVBUF, 1 << 22);
	pair_set(pair, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22);
	kernel_side.getsockopt(pair->fd[KERNEL], SOL_SOCKET, SO_RCVBUF, &size, &length);
	return (unsigned int)size / DATAGRAM;
}

static void compare_pair(struct pair *pair)
{
	unsigned int room;

	pair_open(pair);
	room = make_room(pair);
	for (size_t n = 0; n < LENGTH(counts); n++)
		for (size_t c = 0; c < LENGTH(controls); c++) {
			if (counts[n] > LONG && (c % 3 != n % 3 || pair->own_v4 != OWN_OFF))
				continue;
			for (unsigned int queued = 0; queued < 4; queued++) {
				const unsigned int lengths[] = { 0, 1, counts[n], counts[n] + 2 };
				struct shape shape = { .call = CALL_RECVMMSG,
						       .count = counts[n],
						       .name = c % 2 ? 28 : 0,
						       .no_name = c % 4 == 2,
						       .payload = PAYLOAD,
						       .control = controls[c].size,
						       .no_control = controls[c].none };

				if (queued < 2 || (lengths[queued] > 1 && lengths[queued] < room))
					compare_vector(pair, &shape, lengths[queued]);
			}
		}
	pair_close(pair);
}

/* Options whose control data comes before PKTINFO, behind it, and both. */
void matrix_vectors(void)
{
	const uint32_t before = option_bit(SOL_SOCKET, SO_TIMESTAMPNS);
	const uint32_t behind[FAMILIES] = {
		[FAMILY_V4] = option_bit(IPPROTO_IP, IP_RECVTTL),
		[FAMILY_V6] = option_bit(IPPROTO_IPV6, IPV6_RECVHOPLIMIT),
		[FAMILY_DUAL] = option_bit(IPPROTO_IPV6, IPV6_RECVTCLASS),
		[FAMILY_MAPPED] = option_bit(IPPROTO_IP, IP_RECVTTL),
	};

	for (int family = 0; family < FAMILIES; family++)
		for (int options = 0; options < 4; options++)
			for (int own = OWN_OFF; own <= OWN_BEFORE_BIND; own++) {
				struct pair pair = {
					.family = (enum family)family,
					.own_v4 = (enum own)own,
					.own_v6 = OWN_OFF,
					.options = (options & 1 ? before : 0) |
						   (options & 2 ? behind[family] : 0),
				};

				compare_pair(&pair);
			}
}
