/* SPDX-License-Identifier: MIT */
/* Test cases about descriptors and processes. */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

/* duplicates.c */
void case_duplicates(void);
void case_specific(void);
void case_many(void);

/* reuse_unix.c, reuse_inet.c: a number that was a wildcard UDP socket and is something else now */
void case_reuse_unix_datagram(void);
void case_reuse_unix_stream(void);
void case_reuse_tcp(void);
void case_reuse_pipe(void);
void case_reuse_udp(void);

/* passing.c */
void case_passed(void);
void case_inherited(void);
void case_exec(void);
void case_fork(void);
void case_vfork(void);

/* teaching.c */
void case_error_teaches_nothing(void);
void case_broadcast_forgets(void);
void case_address_removed(void);

/* startup.c */
void case_startup(void);

/* faults.c */
void case_faults(void);

/*
 * What the program does when a case starts it again: the mode is its first argument. Returns the
 * exit status, or -1 if there is no such mode.
 */
int passing_mode(const char *mode);
int startup_mode(const char *mode);

#endif
