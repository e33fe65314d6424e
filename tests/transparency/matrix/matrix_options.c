// SPDX-License-Identifier: MIT
// getsockopt() of all options there are, with all lengths.

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#include "matrix.h"
#include "outcome.h"

enum { PATTERN = 0xa5, ROOM = 64, NUMBERS = 256, UNTOUCHED_ERRNO = 4095 };

struct answer {
	unsigned char value[ROOM];
	socklen_t length;
	int result, error;
};

/* What names a socket or a processor, and so differs between any two. */
static bool is_of_its_own(int level, int name)
{
	return level == SOL_SOCKET &&
	       (name == SO_COOKIE || name == SO_NETNS_COOKIE || name == SO_INCOMING_CPU ||
		name == SO_INCOMING_NAPI_ID || name == SO_MEMINFO);
}

static void ask(const struct pair *pair, int side, int level, int name, socklen_t length,
		struct answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	memset(answer->value, PATTERN, sizeof(answer->value));
	answer->length = length;
	errno = UNTOUCHED_ERRNO;
	answer->result = sides[side]->getsockopt(pair->fd[side], level, name, answer->value,
						 &answer->length);
	answer->error = errno;
}

static void compare_option(const struct pair *pair, int level, int name, socklen_t length)
{
	struct answer answers[SIDES];

	for (int side = 0; side < SIDES; side++)
		ask(pair, side, level, name, length, &answers[side]);
	combinations++;
	if (memcmp(&answers[KERNEL], &answers[LIBRARY], sizeof(*answers)))
		differ(pair,
		       "getsockopt(%d, %d), room %u: kernel %d (errno %d), %u bytes, %#x..., "
		       "library %d (errno %d), %u bytes, %#x...",
		       level, name, length, answers[KERNEL].result, answers[KERNEL].error,
		       answers[KERNEL].length, answers[KERNEL].value[0], answers[LIBRARY].result,
		       answers[LIBRARY].error, answers[LIBRARY].length, answers[LIBRARY].value[0]);
}

static void compare_options(const struct pair *pair)
{
	static const socklen_t lengths[] = { 0, 1, 2, 3, 4, 5, 8, ROOM, (socklen_t)-1 };
	static const int levels[] = { SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_UDP };

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		for (int name = 0; name < NUMBERS; name++)
			for (size_t n = 0; n < sizeof(lengths) / sizeof(*lengths); n++)
				if (!is_of_its_own(levels[i], name))
					compare_option(pair, levels[i], name, lengths[n]);
}

/* setsockopt() too takes a byte, or more than an int, or nothing. */
static void compare_setting(const struct pair *pair, int level, int name)
{
	static const unsigned char values[][8] = {
		{ 0 }, { 1 }, { 0, 1 }, { 2 }, { 255, 255, 255, 255 }
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		for (socklen_t length = 0; length <= 8; length++) {
			int results[SIDES], errors[SIDES];

			for (int side = 0; side < SIDES; side++) {
				errno = UNTOUCHED_ERRNO;
				results[side] = sides[side]->setsockopt(pair->fd[side], level, name,
									values[i], length);
				errors[side] = errno;
			}
			combinations++;
			if (results[KERNEL] != results[LIBRARY] ||
			    errors[KERNEL] != errors[LIBRARY])
				differ(pair, "setsockopt(%d, %d), value %u, length %u", level, name,
				       values[i][0], length);
			compare_option(pair, level, name, sizeof(int));
			pair_feed(pair, 1, 1);
			compare(pair, &(struct shape){ .flags = MSG_DONTWAIT,
						       .count = 1,
						       .name = 28,
						       .payload = 1,
						       .control = 128 });
		}
}

void matrix_options(void)
{
	static const int names_v6[] = { IPV6_RECVPKTINFO, 2 /* IPV6_2292PKTINFO */ };

	for (int family = 0; family < FAMILIES; family++)
		for (int v4 = 0; v4 < OWN_STATES; v4++)
			for (int v6 = 0; v6 < (family == FAMILY_V4 ? 1 : OWN_STATES); v6++) {
				struct pair pair = { .family = (enum family)family,
						     .own_v4 = (enum own)v4,
						     .own_v6 = (enum own)v6 };

				pair_open(&pair);
				compare_options(&pair);
				compare_setting(&pair, IPPROTO_IP, IP_PKTINFO);
				for (int i = 0; i < 2; i++)
					compare_setting(&pair, IPPROTO_IPV6, names_v6[i]);
				pair_close(&pair);
			}
}
