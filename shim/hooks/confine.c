// SPDX-License-Identifier: MIT
// Hook of prctl(2), for programs that confine themselves to some system calls.

#include <sys/prctl.h>

#include "base/memory.h"
#include "libc/libc.h"

/*
 * A filter of system calls may kill the program for a call of the library. PR_SET_NO_NEW_PRIVS
 * precedes a filter that seccomp(2) installs. The libc's function takes as many arguments as this
 * one.
 */
int hook_prctl(int option, unsigned long second, unsigned long third, unsigned long fourth,
	       unsigned long fifth)
{
	if (option == PR_SET_SECCOMP || option == PR_SET_NO_NEW_PRIVS)
		__atomic_store_n(&memory_confined, true, __ATOMIC_RELAXED);
	/* A variadic function has to be called as one: it may save its arguments in our frame. */
	return ((int (*)(int, ...))libc.prctl)(option, second, third, fourth, fifth);
}
