/* SPDX-License-Identifier: MIT */
/* Ways of a program to reach the kernel that are not the libc's socket functions. */
#ifndef NUMBERS_H
#define NUMBERS_H

/* handles.c */
void case_found_by_handle(void);
void case_callers(void);
void case_deepbind_direct(void);

#endif
