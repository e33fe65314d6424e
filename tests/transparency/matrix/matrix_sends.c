// SPDX-License-Identifier: MIT
// Sending: the same results, the same datagrams, from the address asked, and input is only read.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "matrix.h"
#include "outcome.h"
#include "sending.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static const size_t payloads[] = { 0, 1, 100, 65507, 65508, 70000 };
static const struct {
	socklen_t length;
	bool none;
} names[] = {
	{ 0, true },
	{ 28, true },
	{ 0, false },
	{ 1, false },
	{ 15, false },
	{ 16, false },
	{ 23, false },
	{ 24, false },
	{ 27, false },
	{ 28, false },
	{ 128, false },
	{ 129, false },
	{ (socklen_t)-1, false },
};
static const int all_flags[] = { 0, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_OOB, MSG_EOR, MSG_CONFIRM };

/* The address that pair_feed() asks, as the answer's source. */
static bool is_from_asked(const struct sockaddr_storage *from)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;

	if (from->ss_family == AF_INET)
		return v4->sin_addr.s_addr == inet_addr("127.0.0.53") &&
		       v4->sin_port == htons(PORT);
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) && v6->sin6_port == htons(PORT);
}

/* What arrived at the senders: as many and as long on both sides. Returns how many. */
static unsigned int compare_arrivals(const struct pair *pair, const struct sending *sending)
{
	struct sockaddr_storage from;
	unsigned int arrived = 0;
	ssize_t n[SIDES];

	do {
		for (int i = 0; i < SIDES; i++) {
			socklen_t length = sizeof(from);

			n[i] = kernel_side.recvfrom(pair_sender_descriptor(pair, i), NULL, 0,
						    MSG_DONTWAIT | MSG_TRUNC,
						    (struct sockaddr *)&from, &length);
		}
		if (n[KERNEL] != n[LIBRARY])
			differ(pair, "%s: datagram %u: kernel %zd bytes, library %zd bytes",
			       sending_describe(sending), arrived, n[KERNEL], n[LIBRARY]);
		else if (n[LIBRARY] >= 0 && sending->control != CONTROL_OWN_SOURCE &&
			 !is_from_asked(&from))
			differ(pair, "%s: the answer is not from the address that was asked",
			       sending_describe(sending));
		arrived++;
	} while (n[KERNEL] >= 0 || n[LIBRARY] >= 0);
	return arrived - 1;
}

static void compare_sending(const struct pair *pair, const struct sending *sending)
{
	sending_compare(pair, sending);
	pair_settle(pair);
	compare_arrivals(pair, sending);
}

static void compare_single(const struct pair *pair, enum send_call call)
{
	struct sending sending = { .call = call, .count = 1 };
	bool controls = call == CALL_SENDMSG || call == CALL_SENDMMSG;

	for (int control = 0; control < (controls ? CONTROLS : 1); control++)
		for (size_t p = 0; p < LENGTH(payloads); p++)
			for (size_t n = 0; n < LENGTH(names); n++)
				for (size_t f = 0; f < LENGTH(all_flags); f++) {
					sending.control = (enum send_control)control;
					sending.payload = payloads[p];
					sending.name = names[n].length;
					sending.no_name = names[n].none;
					sending.flags = all_flags[f];
					compare_sending(pair, &sending);
				}
}

/* Vectors, with a message in them that can't be sent. */
static void compare_vectors(const struct pair *pair, socklen_t name)
{
	static const unsigned int counts[] = { 0, 1, 2, 3, 40, 1023, 1024, 1025 };

	for (size_t c = 0; c < LENGTH(counts); c++)
		for (int wrong = 0; wrong < WRONGS; wrong++) {
			const unsigned int places[] = { 0, counts[c] / 2, counts[c] - 1 };

			for (size_t place = 0; counts[c] && place < LENGTH(places); place++)
				compare_sending(pair,
						&(struct sending){ .call = CALL_SENDMMSG,
								   .count = counts[c],
								   .name = name,
								   .payload = 10,
								   .wrong = (enum wrong)wrong,
								   .wrong_at = places[place] });
		}
	compare_sending(pair, &(struct sending){ .call = CALL_SENDMMSG, .name = name });
}

/* An error that waits on the socket is the next call's, once, whatever that sends. */
static void compare_pending_error(const struct pair *pair, socklen_t name)
{
	pair_set(pair, IPPROTO_IP, IP_RECVERR, 1);
	if (pair->family != FAMILY_V4)
		pair_set(pair, IPPROTO_IPV6, IPV6_RECVERR, 1);
	for (int call = 0; call < SEND_CALLS; call++)
		for (unsigned int count = 1; count < 4; count++) {
			struct sending sending = { .call = (enum send_call)call,
						   .count = count,
						   .name = name,
						   .payload = 10 };

			pair_provoke_error(pair);
			compare_sending(pair, &sending);
			compare_sending(pair, &sending);
		}
}

/* MSG_MORE: the datagram leaves with its last part. */
static void compare_parts(const struct pair *pair, socklen_t name)
{
	for (int call = 0; call < SEND_CALLS; call++)
		for (unsigned int parts = 1; parts < 4; parts++) {
			struct sending sending = { .call = (enum send_call)call,
						   .count = 1,
						   .name = name,
						   .payload = 10,
						   .flags = MSG_MORE };

			for (unsigned int i = 0; i < parts; i++)
				compare_sending(pair, &sending);
			sending.flags = 0;
			compare_sending(pair, &sending);
		}
}

void matrix_sends(void)
{
	for (int family = 0; family < FAMILIES; family++) {
		struct pair pair = { .family = (enum family)family };
		struct sockaddr_storage sender;
		socklen_t name = pair_sender(&pair, &sender);

		pair_open(&pair);
		for (int i = 0; i < SIDES; i++) {
			int size = 1 << 22;

			kernel_side.setsockopt(pair_sender_descriptor(&pair, i), SOL_SOCKET,
					       SO_RCVBUFFORCE, &size, sizeof(size));
		}
		pair_set(&pair, SOL_SOCKET, SO_SNDBUFFORCE, 1 << 22);
		pair_feed(&pair, 5, 1);
		compare(&pair, &(struct shape){ .flags = MSG_DONTWAIT,
						.count = 1,
						.name = sizeof(struct sockaddr_in6),
						.payload = 5 });
		for (int call = 0; call < SEND_CALLS; call++)
			compare_single(&pair, (enum send_call)call);
		compare_vectors(&pair, name);
		compare_parts(&pair, name);
		compare_pending_error(&pair, name);
		pair_close(&pair);
	}
}
