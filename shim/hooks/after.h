/* SPDX-License-Identifier: MIT */
/*
 * The part of a hook that follows the kernel's answer, for the several calls that end in one system
 * call (bind() and syscall(SYS_bind)). Each function returns the result that it is given.
 */
#ifndef AFTER_H
#define AFTER_H

#include <sys/socket.h>

/* accept(), accept4(): `made` is the new descriptor, or -1. */
int after_accept(int made);

/* dup(), dup2(), dup3(): `made` is a descriptor of what `fd` is, or -1. */
int after_dup(int fd, int made);

int after_fcntl(int fd, int command, int result);

int after_bind(int fd, int result, const struct sockaddr *address, socklen_t length);

/* connect() of a descriptor that is not tracked, made with the program's own arguments. */
int after_connect(int fd, int result, const struct sockaddr *address);

int after_setsockopt(int fd, int result, int level, int name, const void *value, socklen_t length);
int after_getsockopt(int fd, int result, int level, int name, void *value, const socklen_t *length);

#endif
