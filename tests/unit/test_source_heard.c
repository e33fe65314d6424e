// SPDX-License-Identifier: MIT
// A thread's last receive: a signal handler that receives or answers in the middle of another
// receive or answer never finds a local address that was not the peer's.

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

#include "source.h"
#include "unit.h"

/* Names are hashes: to these addresses the peers came. */
enum { NOBODY, FIRST, SECOND, PEERS };

static struct local local_of_peer(uint64_t peer)
{
	struct local local = { .ifindex = (uint32_t)peer };

	local.half[0] = peer * UINT64_C(0x0101010101010101);
	local.half[1] = ~local.half[0];
	return local;
}

static void hear(struct heard *heard, uint64_t peer)
{
	heard_write(heard, peer, 7, local_of_peer(peer));
}

static bool is_local_of(const struct local *local, uint64_t peer)
{
	struct local expected = local_of_peer(peer);

	return local->half[0] == expected.half[0] && local->half[1] == expected.half[1] &&
	       local->ifindex == expected.ifindex;
}

/* How many peers are found with an address that is not theirs. */
static int count_wrong(const struct heard *heard)
{
	int wrong = 0;

	for (uint64_t peer = FIRST; peer < PEERS; peer++) {
		struct local local;

		if (heard_read(heard, peer, &local) && !is_local_of(&local, peer))
			wrong++;
	}
	return wrong;
}

static void last_is_known(void **state)
{
	struct heard heard = { .check = 0 };
	struct local local;

	(void)state;
	for (int i = 0; i < 10; i++) {
		uint64_t peer = FIRST + (uint64_t)i % 2;

		hear(&heard, peer);
		assert_true(heard_read(&heard, peer, &local));
		assert_true(is_local_of(&local, peer));
		assert_false(heard_read(&heard, FIRST + SECOND - peer, &local));
	}
}

/* source_forget() takes the check away. */
static void forgotten_is_not_known(void **state)
{
	struct heard heard = { .check = 0 };
	struct local local;

	(void)state;
	hear(&heard, FIRST);
	heard.check = 0;
	assert_false(heard_read(&heard, FIRST, &local));
	hear(&heard, FIRST);
	assert_true(heard_read(&heard, FIRST, &local));
}

#if (defined(__x86_64__) || defined(__i386__)) && !defined(__SANITIZE_THREAD__)
/*
 * The processor's trap flag: a signal after every instruction. At one of them, another at each
 * round, the handler receives or answers.
 */
enum { TRAP_FLAG = 0x100 };

static struct heard interrupted;
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
		hear(&interrupted, SECOND);
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
	hear(&interrupted, FIRST);
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

static int stop_catching(void **state)
{
	(void)state;
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
			hear(&interrupted, last);
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
			hear(&interrupted, SECOND);
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
		cmocka_unit_test(forgotten_is_not_known),
#if (defined(__x86_64__) || defined(__i386__)) && !defined(__SANITIZE_THREAD__)
		cmocka_unit_test_setup_teardown(interrupted_receive_is_right, catch_traps,
						stop_catching),
		cmocka_unit_test_setup_teardown(interrupted_answer_is_right, catch_traps,
						stop_catching),
		cmocka_unit_test_setup_teardown(interrupted_twice_is_right, catch_traps,
						stop_catching),
#endif
	};

	return cmocka_run_group_tests_name("source: the last receive", tests, NULL, NULL);
}
