/* SPDX-License-Identifier: MIT */
/* For C and for assembly: the numbers of system calls that a hook of syscall(2) looks at. */
#ifndef SYSCALL_H
#define SYSCALL_H

/* All are below this (the last is pidfd_getfd, 438), on each architecture of hooks/jump.S. */
#define SYSCALL_KINDS 512

#endif
