// SPDX-License-Identifier: MIT
// Control data: options in all combinations, by the size of the control buffer.

#include <netinet/in.h>

#include "matrix.h"
#include "outcome.h"

enum {
	SIZES = 360, /* more than all the options together bring */
	PAYLOAD = 12,
	STEP = 47,	/* between sizes where not every one is tried */
	FEW_OPTIONS = 2 /* up to so many, every size is */
};

static void compare_size(const struct pair *pair, size_t control, bool no_control, bool misaligned)
{
	pair_feed(pair, PAYLOAD, 1);
	compare(pair, &(struct shape){ .call = CALL_RECVMSG,
				       .flags = MSG_DONTWAIT,
				       .count = 1,
				       .name = sizeof(struct sockaddr_in6),
				       .payload = PAYLOAD,
				       .control = control,
				       .no_control = no_control,
				       .misaligned = misaligned });
}

static void compare_pair(struct pair *pair, unsigned int first, unsigned int step)
{
	static const size_t huge[] = { 4096, 65536, 1 << 20 };

	pair_open(pair);
	for (size_t size = first; size < SIZES; size += step)
		compare_size(pair, size, false, size % 3 == 1);
	compare_size(pair, 0, true, false);
	compare_size(pair, 64, true, false);
	for (size_t i = 0; step == 1 && i < sizeof(huge) / sizeof(*huge); i++)
		compare_size(pair, huge[i], false, false);
	pair_close(pair);
}

/* With all options on, the kernel has something to say to each: or some would not be tested. */
static void check_coverage(enum family family)
{
	static const unsigned int expected[FAMILIES] = {
		[FAMILY_V4] = 8, [FAMILY_V6] = 9, [FAMILY_DUAL] = 9, [FAMILY_MAPPED] = 9
	};
	struct pair pair = { .family = family, .own_v4 = OWN_AFTER_BIND, .own_v6 = OWN_AFTER_BIND };
	_Alignas(struct cmsghdr) unsigned char control[1024];
	struct msghdr message = { .msg_control = control, .msg_controllen = sizeof(control) };
	unsigned int found = 0;

	for (unsigned int i = 0; i < option_count; i++)
		if (option_table[i].families & 1u << family)
			pair.options |= UINT32_C(1) << i;
	pair_open(&pair);
	pair_feed(&pair, PAYLOAD, 1);
	kernel_side.recvmsg(pair.fd[KERNEL], &message, MSG_DONTWAIT);
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header))
		found++;
	if (found != expected[family])
		differ(&pair, "%u control messages, not %u: is an option without effect?", found,
		       expected[family]);
	pair_close(&pair);
}

/* Each combination of options; with many of them some sizes, others for the next combination. */
static void compare_options(struct pair *pair)
{
	uint32_t possible = 0, options = 0;
	unsigned int number = 0;

	for (unsigned int i = 0; i < option_count; i++)
		if (option_table[i].families & 1u << pair->family)
			possible |= UINT32_C(1) << i;
	do {
		pair->options = options;
		if (__builtin_popcount(options) <= FEW_OPTIONS)
			compare_pair(pair, 0, 1);
		else
			compare_pair(pair, number++ % STEP, STEP);
		options = (options - possible) & possible; /* the next subset */
	} while (options);
}

void matrix_control(void)
{
	struct pair pair;

	for (int family = 0; family < FAMILIES; family++) {
		check_coverage((enum family)family);
		for (int v4 = 0; v4 < OWN_STATES; v4++)
			for (int v6 = 0; v6 < (family == FAMILY_V4 ? 1 : OWN_STATES); v6++) {
				pair = (struct pair){ .family = (enum family)family,
						      .own_v4 = (enum own)v4,
						      .own_v6 = (enum own)v6 };
				compare_options(&pair);
			}
	}
}
