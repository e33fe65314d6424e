// SPDX-License-Identifier: MIT
// Ways in which a program was once treated worse than without the library.

#include <stdio.h>

#include "../../lib/host.h"
#include "../../lib/preload.h"
#include "effects.h"
#include "../../lib/side.h"

static const struct test_case cases[] = {
	{ "a blocked receive is not taken for another socket's", case_place_reused },
	{ "an address with port 0 that the program bound is the source", case_chosen_address },
	{ "a socket connected before anything was heard keeps its address", case_connected_before },
	{ "setsockopt() with no value", case_null_value },
	{ "no route, or a blackhole, is the program's error", case_no_route },
	{ "bound to a device, also after it turned to another peer", case_device_kept },
	{ "the program's own EINVAL leaves no option behind", case_own_error },
	{ "a pending error is the result of sendmmsg()", case_pending_error_vector },
	{ "control data cut off in recvmmsg() on a dual-stack socket", case_truncation_in_vector },
	{ "a socket that another process bound is helped and shows nothing", case_bound_by_child },
	{ "a constructor that waits for a thread's first calls", case_constructor_waits },
	{ "after MSG_MORE and write(), a removed address", case_finished_by_write },
	{ "one family's PKTINFO wanted, and handed on by exec", case_one_family_wanted },
	{ "handed on to a program without the library", case_handed_on_bare },
	{ "disconnected by one descriptor, right on the other", case_duplicate_disconnected },
	{ "connected, duplicated, disconnected: no control data", case_disconnected_by_twin },
	{ "a refused connect() leaves the old peer", case_refused_connect },
	{ "a port of the kernel's choice stays while it turns to another peer", case_port_kept },
	{ "connect() to no address is refused as ever", case_connect_to_nothing },
	{ "a pending EOPNOTSUPP is the result of recv()", case_pending_error_receive },
	{ "a pending ENETUNREACH is the result of sendto(), once", case_pending_error_send },
	{ "a new port used by sendmmsg() keeps its source", case_new_port_keeps_source },
	{ "a new socket for IPv4 sends nothing to IPv6 peers", case_new_socket_for_ipv4 },
	{ "a socket connected to an IPv4 peer sends nothing to IPv6 peers",
	  case_connected_to_ipv4 },
	{ "a reply after SO_BINDTODEVICE has the kernel's source", case_moved_before_reply },
	{ "connect() and send() by their inner names", case_inner_names },
	{ "a flag that sendmsg() refuses and sendto() does not", case_internal_flag },
	{ "connect() from a link-local address binds to no device", case_device_not_taken },
	{ "a plugin's own connect() under RTLD_DEEPBIND", case_deepbind_own_connect },
	{ "a plugin that serves under RTLD_DEEPBIND", case_deepbind_helped },
	{ "a plugin's table of addresses is read-only again", case_deepbind_read_only },
	{ "a plugin found by the program's RUNPATH", case_found_by_runpath },
	{ "the multicast interface, after thousands of sockets", case_multicast_interface },
	{ "a receive and an answer are one call of the kernel each", case_one_call },
	{ "a descriptor with a large number", case_high_descriptor },
	{ "very many sockets", case_many_sockets },
	{ "a worker whose vfork child is the first to use a descriptor", case_vfork_in_worker },
	{ "much control data of the program's own", case_much_control_data },
	{ "vectors with room for much, and no memory", case_no_memory },
	{ "a refused source on a small signal stack", case_refused_on_small_stack },
};

int main(int argc, char **argv)
{
	if (argc > 2)
		return shown_mode(argv[1], argv[2]);
	run_under_library(argv);
	return run_on_hosts(cases, sizeof(cases) / sizeof(*cases));
}
