/* SPDX-License-Identifier: MIT */
/* A filter of system calls (seccomp(2)). */
#ifndef FILTER_H
#define FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* From now on these calls have one action, SECCOMP_RET_*, and all others have another. */
static inline int filter_calls(const unsigned int *calls, size_t count, unsigned int action,
			       unsigned int others)
{
	struct sock_filter program[64] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog whole = { .filter = program };
	size_t at = 1;

	for (size_t i = 0; i < count; i++) {
		program[at++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	}
	program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others);
	whole.len = (unsigned short)at;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole);
}

#endif
