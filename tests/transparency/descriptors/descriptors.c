// SPDX-License-Identifier: MIT
// Descriptors and processes: what a number refers to, who inherits it, and nothing of the library's
// own.

#include "../../lib/cases.h"
#include "descriptors.h"
#include "../../lib/preload.h"
#include "../../lib/side.h"

static const struct test_case cases[] = {
	{ "duplicates are helped, and survive the original", case_duplicates },
	{ "a specifically bound socket is left alone", case_specific },
	{ "thousands of sockets, one after the other", case_many },
	{ "reused for a UNIX datagram socket: nothing lost, nothing leaked",
	  case_reuse_unix_datagram },
	{ "reused for a UNIX stream socket", case_reuse_unix_stream },
	{ "reused for a TCP socket", case_reuse_tcp },
	{ "reused for a pipe", case_reuse_pipe },
	{ "reused for another UDP socket", case_reuse_udp },
	{ "passed over a UNIX socket", case_passed },
	{ "inherited as descriptor 0, 1 or 2", case_inherited },
	{ "kept across exec, with and without the library", case_exec },
	{ "kept across fork", case_fork },
	{ "vfork and posix_spawn children change nothing in the parent", case_vfork },
	{ "an error in the queue teaches nothing", case_error_teaches_nothing },
	{ "a broadcast takes back what was known", case_broadcast_forgets },
	{ "the address is gone: the answer is not", case_address_removed },
	{ "start-up adds no descriptor, thread, signal handler, output or variable", case_startup },
	{ "bad pointers get EFAULT on sockets that are none of ours", case_faults },
};

int main(int argc, char **argv)
{
	int status;

	if (argc > 1) {
		status = startup_mode(argv[1]);
		return status >= 0 ? status : passing_mode(argv[1]);
	}
	run_under_library(argv);
	make_sides(false);
	enter(&library_side);
	return run_cases(cases, sizeof(cases) / sizeof(*cases));
}
