// SPDX-License-Identifier: MIT
// Threads and signals: cancellation, interruption, small stacks, and nobody waits for another.

#include "../../lib/cases.h"
#include "../../lib/preload.h"
#include "../../lib/side.h"
#include "threads.h"

static const struct test_case cases[] = {
	{ "cancelled while it waits", case_cancel_blocked },
	{ "cancelled before it receives", case_cancel_pending },
	{ "cancelled again and again", case_cancel_often },
	{ "interrupted: EINTR", case_interrupted },
	{ "interrupted with SA_RESTART: goes on", case_restarted },
	{ "a signal handler receives and sends in the middle", case_handler },
	{ "a thread that waits delays no other", case_blocked },
	{ "the smallest stack is enough", case_smallest_stack },
	{ "many threads wait for long vectors", case_many_threads },
	{ "errno is untouched on success", case_errno },
	{ "before constructors and after destructors", case_early },
};

int main(int argc, char **argv)
{
	if (argc > 1)
		return early_mode(argv[1]);
	run_under_library(argv);
	make_sides(false);
	enter(&library_side);
	return run_cases(cases, sizeof(cases) / sizeof(*cases));
}
