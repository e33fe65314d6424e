/* SPDX-License-Identifier: MIT */
/* Test cases, each of a way in which a program was once treated worse than without the library. */
#ifndef REGRESS_H
#define REGRESS_H

/* sources.c */
void case_chosen_address(void);
void case_connected_before(void);
void case_connected_to_ipv4(void);
void case_moved_before_reply(void);
void case_duplicate_disconnected(void);
void case_new_port_keeps_source(void);
void case_new_socket_for_ipv4(void);
void case_inner_names(void);
void case_internal_flag(void);

/* connecting.c */
void case_device_kept(void);
void case_device_not_taken(void);
void case_connect_to_nothing(void);
void case_port_kept(void);
void case_refused_connect(void);
void case_multicast_interface(void);

/* errors.c */
void case_no_route(void);
void case_own_error(void);
void case_pending_error_vector(void);
void case_pending_error_send(void);
void case_pending_error_receive(void);
void case_finished_by_write(void);
void case_refused_on_small_stack(void);

/* shown.c */
void case_null_value(void);
void case_truncation_in_vector(void);
void case_bound_by_child(void);
void case_one_family_wanted(void);
void case_handed_on_bare(void);
void case_disconnected_by_twin(void);
void case_place_reused(void);

/* kernelcalls.c */
void case_one_call(void);
/* many.c */
void case_high_descriptor(void);
void case_many_sockets(void);
void case_vfork_in_worker(void);
void case_much_control_data(void);
void case_no_memory(void);

/* loading.c */
void case_constructor_waits(void);
void case_deepbind_helped(void);
void case_deepbind_own_connect(void);
void case_deepbind_read_only(void);
void case_found_by_runpath(void);

/* What the program does when a case starts it again. Returns the exit status. */
int shown_mode(const char *mode, const char *descriptor);

#endif
