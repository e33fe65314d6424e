// SPDX-License-Identifier: MIT
// A thread's last receive: a signal handler that receives or answers in the middle of another
// receive or answer never finds a local address that was not the peer's.

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

#include "peers/last_recv.h"
#include "unit.h"

/* Each peer is received at a local address of its own. */
enum { NOBODY, FIRST, SECOND, PEERS };

enum { SALT = 7 };

static struct peer nth_peer(uint64_t peer)
{
	return (struct peer){ .half = { peer * 3, ~peer }, .scope = 0, .port = (uint32_t)peer };
}

static struct local local_of_peer(uint64_t peer)
{
	struct local local = { .ifindex = (uint32_t)peer, .port = (in_port_t)(50 + peer) };

	local.half[0] = peer * UINT64_C(0x0101010101010101);
	local.half[1] = ~local.half[0];
	return local;
}

/* Receives are written as on a simple socket. */
static bool is_fast;

static void receive_nth(struct last_recv *last_recv, uint64_t n)
{
	struct peer peer = nth_peer(n);

	if (is_fast)
		last_recv_write_as(last_recv, LAST_RECV_NO_TAG, 0, &peer, SALT, local_of_peer(n));
	else
		last_recv_write(last_recv, &peer, SALT, local_of_peer(n));
}

static bool is_local_of(const struct local *local, uint64_t peer)
{
	struct local expected = local_of_peer(peer);

	return local->half[0] == expected.half[0] && local->half[1] == expected.half[1] &&
	       local->packed == expected.packed;
}

static bool is_last(const struct last_recv *last_recv, uint64_t n, uint64_t salt, in_port_t port)
{
	struct peer peer = nth_peer(n);
	struct local local;

	return last_recv_read(last_recv, &peer, salt, port, &local) && is_local_of(&local, n);
}

static void last_is_known(void **state)
{
	struct last_recv last_recv = { .flags = 0 };

	(void)state;
	for (int i = 0; i < 10; i++) {
		uint64_t peer = FIRST + (uint64_t)i % 2, other = FIRST + SECOND - peer;
		in_port_t port = local_of_peer(peer).port;

		receive_nth(&last_recv, peer);
		assert_true(is_last(&last_recv, peer, SALT, port));
		assert_false(is_last(&last_recv, peer, SALT, (in_port_t)(port + 1)));
		assert_false(is_last(&last_recv, peer, SALT + 1, port));
		assert_false(is_last(&last_recv, other, SALT, local_of_peer(other).port));
	}
}

/* Every part of a peer makes another one. */
static void other_peers_are_told_apart(void **state)
{
	struct last_recv last_recv = { .flags = 0 };
	in_port_t port = local_of_peer(FIRST).port;
	struct peer peer,
		others[] = { nth_peer(FIRST), nth_peer(FIRST), nth_peer(FIRST), nth_peer(FIRST) };
	struct local local;

	(void)state;
	others[0].half[0]++;
	others[1].half[1]++;
	others[2].scope++;
	others[3].port++;
	receive_nth(&last_recv, FIRST);
	peer = nth_peer(FIRST);
	assert_true(last_recv_read(&last_recv, &peer, SALT, port, &local));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(last_recv_read(&last_recv, &others[i], SALT, port, &local));
}

static void forgotten_is_not_known(void **state)
{
	struct last_recv last_recv = { .flags = 0 };
	in_port_t port = local_of_peer(FIRST).port;

	(void)state;
	receive_nth(&last_recv, FIRST);
	last_recv_clear(&last_recv);
	assert_false(is_last(&last_recv, FIRST, SALT, port));
	assert_false(last_recv_is_open(&last_recv));
	receive_nth(&last_recv, FIRST);
	assert_true(is_last(&last_recv, FIRST, SALT, port));
}

/* A receive waits for its reply until that is sent; what a fork copied does not wait. */
static void receive_is_open_until_replied(void **state)
{
	static const uint32_t closed[] = { LAST_RECV_REPLIED, LAST_RECV_INHERITED,
					   LAST_RECV_REPLIED | LAST_RECV_PEEKED,
					   LAST_RECV_INHERITED | LAST_RECV_PUBLISHED };
	static const uint32_t open[] = { 0, LAST_RECV_PUBLISHED, LAST_RECV_PEEKED };
	struct last_recv last_recv = { .flags = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++) {
		last_recv.flags = closed[i];
		assert_false(last_recv_is_open(&last_recv));
		receive_nth(&last_recv, FIRST);
		assert_true(last_recv_is_open(&last_recv));
		assert_int_equal(last_recv.flags, 0);
	}
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++) {
		last_recv.flags = open[i];
		assert_true(last_recv_is_open(&last_recv));
	}
}

#if (defined(__x86_64__) || defined(__i386__)) && !defined(__SANITIZE_THREAD__)
/* Returns how many peers are found with a local address that is not theirs. */
static int count_wrong(const struct last_recv *last_recv)
{
	int wrong = 0;

	for (uint64_t n = FIRST; n < PEERS; n++) {
		struct peer peer = nth_peer(n);
		struct local local;
		struct last_recv copy;

		if (last_recv_read(last_recv, &peer, SALT, local_of_peer(n).port, &local) &&
		    !is_local_of(&local, n))
			wrong++;
		if (last_recv_copy(last_recv, &copy) && copy.peer.port == n &&
		    (!is_local_of(&copy.local, n) || copy.peer.half[1] != peer.half[1]))
			wrong++;
	}
	return wrong;
}

/*
 * The processor's trap flag: a signal after every instruction. At one of them, another at each
 * round, the handler receives or answers.
 */
enum { TRAP_FLAG = 0x100 };

static struct last_recv interrupted;
static volatile int step, stop_at, look_at = -1, wrong;
static volatile bool stepping, receives;

static void at_instruction(int signal, siginfo_t *information, void *context)
{
	greg_t *flags = &((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL];

	(void)signal;
	(void)information;
	if (!stepping) {
		*flags &= ~(greg_t)TRAP_FLAG;
		return;
	}
	*flags |= TRAP_FLAG;
	if (step == look_at)
		wrong += count_wrong(&interrupted);
	if (step++ != stop_at)
		return;
	wrong += count_wrong(&interrupted);
	if (receives)
		receive_nth(&interrupted, SECOND);
	wrong += count_wrong(&interrupted);
}

/* Runs `act` with the handler at its n-th instruction; returns false when it has not so many. */
static bool interrupt(int n, void (*act)(void))
{
	step = 0;
	stop_at = n;
	stepping = true;
	/* The handler sets the flag, which holds from where it returns to. */
	raise(SIGTRAP);
	act();
	stepping = false;
	return step > n;
}

static void receive(void)
{
	receive_nth(&interrupted, FIRST);
}

static void answer(void)
{
	wrong += count_wrong(&interrupted);
}

static int catch_traps(void **state)
{
	struct sigaction action = { .sa_sigaction = at_instruction, .sa_flags = SA_SIGINFO };

	(void)state;
	return sigaction(SIGTRAP, &action, NULL);
}

static int catch_traps_fast(void **state)
{
	is_fast = true;
	return catch_traps(state);
}

static int stop_catching(void **state)
{
	(void)state;
	is_fast = false;
	signal(SIGTRAP, SIG_DFL);
	return 0;
}

static void interrupt_everywhere(void (*act)(void), uint64_t last)
{
	for (int handler = 0; handler < 2; handler++) {
		bool more = true;

		receives = handler;
		for (int n = 0; more; n++) {
			assert_true(n < 100000);
			receive_nth(&interrupted, last);
			wrong = 0;
			more = interrupt(n, act);
			assert_int_equal(wrong, 0);
			assert_int_equal(count_wrong(&interrupted), 0);
			if (!n && step < 10) {
				print_message("no trap after each instruction here\n");
				skip();
			}
		}
	}
}

/* One handler receives, and a second one answers before the first receive has come to its end. */
static void interrupted_twice_is_right(void **state)
{
	(void)state;
	receives = true;
	for (int first = 0; first < 120; first++) {
		for (int second = first + 1; second < first + 60; second++) {
			receive_nth(&interrupted, SECOND);
			wrong = 0;
			look_at = second;
			interrupt(first, receive);
			assert_int_equal(wrong, 0);
		}
	}
	look_at = -1;
}

static void interrupted_receive_is_right(void **state)
{
	(void)state;
	interrupt_everywhere(receive, SECOND);
	interrupt_everywhere(receive, FIRST);
}

static void interrupted_answer_is_right(void **state)
{
	(void)state;
	interrupt_everywhere(answer, FIRST);
	interrupt_everywhere(answer, SECOND);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_is_known),
		cmocka_unit_test(other_peers_are_told_apart),
		cmocka_unit_test(forgotten_is_not_known),
		cmocka_unit_test(receive_is_open_until_replied),
#if (defined(__x86_64__) || defined(__i386__)) && !defined(__SANITIZE_THREAD__)
		cmocka_unit_test_setup_teardown(interrupted_receive_is_right, catch_traps,
						stop_catching),
		cmocka_unit_test_setup_teardown(interrupted_answer_is_right, catch_traps,
						stop_catching),
		cmocka_unit_test_setup_teardown(interrupted_twice_is_right, catch_traps,
						stop_catching),
		{ "interrupted_fast_receive_is_right", interrupted_receive_is_right,
		  catch_traps_fast, stop_catching, NULL },
		{ "interrupted_fast_answer_is_right", interrupted_answer_is_right, catch_traps_fast,
		  stop_catching, NULL },
		{ "fast_interrupted_twice_is_right", interrupted_twice_is_right, catch_traps_fast,
		  stop_catching, NULL },
#endif
	};

	return cmocka_run_group_tests_name("source: the last receive", tests, NULL, NULL);
}
