/* SPDX-License-Identifier: MIT */
/*
 * The one table of what is hooked. The resolver, the exports and the test of the exports are made
 * from it: HOOK(return type, name, parameters, arguments).
 *
 * close() and its many relatives are not in it on purpose: no table is kept that a close would have
 * to clear (docs/design.md, "Descriptors and records").
 */
#ifndef HOOKS_H
#define HOOKS_H

#include <features.h>

/* Found in every libc. */
#define HOOKS_ALWAYS(HOOK)                                                                         \
	HOOK(int, socket, (int domain, int type, int protocol), (domain, type, protocol))          \
	HOOK(int, socketpair, (int domain, int type, int protocol, int fds[2]),                    \
	     (domain, type, protocol, fds))                                                        \
	HOOK(int, accept, (int fd, struct sockaddr *address, socklen_t *length),                   \
	     (fd, address, length))                                                                \
	HOOK(int, accept4, (int fd, struct sockaddr *address, socklen_t *length, int flags),       \
	     (fd, address, length, flags))                                                         \
	HOOK(int, dup, (int fd), (fd))                                                             \
	HOOK(int, dup2, (int fd, int to), (fd, to))                                                \
	HOOK(int, dup3, (int fd, int to, int flags), (fd, to, flags))                              \
	HOOK(int, bind, (int fd, const struct sockaddr *address, socklen_t length),                \
	     (fd, address, length))                                                                \
	HOOK(int, connect, (int fd, const struct sockaddr *address, socklen_t length),             \
	     (fd, address, length))                                                                \
	HOOK(ssize_t, recv, (int fd, void *buffer, size_t size, int flags),                        \
	     (fd, buffer, size, flags))                                                            \
	HOOK(ssize_t, recvfrom,                                                                    \
	     (int fd, void *buffer, size_t size, int flags, struct sockaddr *address,              \
	      socklen_t *length),                                                                  \
	     (fd, buffer, size, flags, address, length))                                           \
	HOOK(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))  \
	HOOK(int, recvmmsg,                                                                        \
	     (int fd, struct mmsghdr *messages, unsigned int count, int flags,                     \
	      struct timespec *timeout),                                                           \
	     (fd, messages, count, flags, timeout))                                                \
	HOOK(ssize_t, send, (int fd, const void *buffer, size_t size, int flags),                  \
	     (fd, buffer, size, flags))                                                            \
	HOOK(ssize_t, sendto,                                                                      \
	     (int fd, const void *buffer, size_t size, int flags, const struct sockaddr *address,  \
	      socklen_t length),                                                                   \
	     (fd, buffer, size, flags, address, length))                                           \
	HOOK(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),                  \
	     (fd, message, flags))                                                                 \
	HOOK(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned int count, int flags),     \
	     (fd, messages, count, flags))                                                         \
	HOOK(int, getsockname, (int fd, struct sockaddr *address, socklen_t *length),              \
	     (fd, address, length))                                                                \
	HOOK(int, setsockopt,                                                                      \
	     (int fd, int level, int name, const void *value, socklen_t length),                   \
	     (fd, level, name, value, length))                                                     \
	HOOK(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *length),       \
	     (fd, level, name, value, length))                                                     \
	HOOK(int, prctl,                                                                           \
	     (int option, unsigned long second, unsigned long third, unsigned long fourth,         \
	      unsigned long fifth),                                                                \
	     (option, second, third, fourth, fifth))

/* Found in some libcs only. */
#define HOOKS_SOMETIMES(HOOK)                                                                      \
	HOOK(ssize_t, __recv_chk, (int fd, void *buffer, size_t size, size_t room, int flags),     \
	     (fd, buffer, size, room, flags))                                                      \
	HOOK(ssize_t, __recvfrom_chk,                                                              \
	     (int fd, void *buffer, size_t size, size_t room, int flags,                           \
	      struct sockaddr *address, socklen_t *length),                                        \
	     (fd, buffer, size, room, flags, address, length))                                     \
	HOOK(int, pidfd_getfd, (int pidfd, int target, unsigned int flags), (pidfd, target, flags))

/*
 * Names that 32-bit programs with a 64-bit time_t call instead: glibc's, and musl's for recvmmsg().
 * `timeout` is then another struct, which is only handed on.
 */
#if __SIZEOF_POINTER__ == 4
#define HOOKS_TIME64(HOOK)                                                                         \
	HOOK(ssize_t, __recvmsg64, (int fd, struct msghdr *message, int flags),                    \
	     (fd, message, flags))                                                                 \
	HOOK(ssize_t, __sendmsg64, (int fd, const struct msghdr *message, int flags),              \
	     (fd, message, flags))                                                                 \
	HOOK(int, __recvmmsg64,                                                                    \
	     (int fd, struct mmsghdr *messages, unsigned int count, int flags,                     \
	      struct timespec *timeout),                                                           \
	     (fd, messages, count, flags, timeout))                                                \
	HOOK(int, __recvmmsg_time64,                                                               \
	     (int fd, struct mmsghdr *messages, unsigned int count, int flags,                     \
	      struct timespec *timeout),                                                           \
	     (fd, messages, count, flags, timeout))                                                \
	HOOK(int, __sendmmsg64,                                                                    \
	     (int fd, struct mmsghdr *messages, unsigned int count, int flags),                    \
	     (fd, messages, count, flags))                                                         \
	HOOK(int, __setsockopt64,                                                                  \
	     (int fd, int level, int name, const void *value, socklen_t length),                   \
	     (fd, level, name, value, length))                                                     \
	HOOK(int, __getsockopt64, (int fd, int level, int name, void *value, socklen_t *length),   \
	     (fd, level, name, value, length))
#define HOOKS_VARIADIC64(HOOK) HOOK(int, __fcntl_time64, (int fd, int command, ...), )
#else
#define HOOKS_TIME64(HOOK)
#define HOOKS_VARIADIC64(HOOK)
#endif

/* Variadic, so written out by hand in libc.c. */
#define HOOKS_VARIADIC(HOOK)                                                                       \
	HOOK(int, fcntl, (int fd, int command, ...), )                                             \
	HOOK(int, fcntl64, (int fd, int command, ...), )                                           \
	HOOKS_VARIADIC64(HOOK)

/*
 * Entered in assembly (hooks/jump.S), on the architectures that it is written for: syscall(2) can
 * return twice, and on another stack; dlsym(3) asks who its caller is. So the hook looks at the
 * first argument and jumps, either to the libc's function or to a function of ours.
 */
#if (defined(__x86_64__) && !defined(__ILP32__)) || defined(__i386__) ||                           \
	(defined(__aarch64__) && !defined(__ILP32__)) || defined(__arm__) ||                       \
	(defined(__riscv) && __riscv_xlen == 64) || defined(__s390x__) ||                          \
	(defined(__powerpc64__) && defined(__LITTLE_ENDIAN__))
#define HOOKS_HAVE_SYSCALL
#define HOOKS_JUMP_SYSCALL(HOOK) HOOK(long, syscall, (long number, ...), )
#ifdef __GLIBC__ /* in musl nothing but dlsym() itself leads to dlsym() */
#define HOOKS_HAVE_DLSYM
#define HOOKS_JUMP_DLSYM(HOOK)                                                                     \
	HOOK(void *, dlsym, (void *handle, const char *name), (handle, name))
#endif
#endif
#ifndef HOOKS_HAVE_SYSCALL
#define HOOKS_JUMP_SYSCALL(HOOK)
#endif
#ifndef HOOKS_HAVE_DLSYM
#define HOOKS_JUMP_DLSYM(HOOK)
#endif
#define HOOKS_JUMP(HOOK) HOOKS_JUMP_SYSCALL(HOOK) HOOKS_JUMP_DLSYM(HOOK)

/* Not of sockets: dlopen(3) with RTLD_DEEPBIND (deepbind.h). */
#define HOOKS_LOADER(HOOK) HOOK(void *, dlopen, (const char *file, int mode), (file, mode))

/* Second names of functions above. */
#define HOOKS_ALIAS(HOOK)                                                                          \
	HOOK(int, __connect, (int fd, const struct sockaddr *address, socklen_t length), connect)  \
	HOOK(ssize_t, __send, (int fd, const void *buffer, size_t size, int flags), send)          \
	HOOK(int, __dup2, (int fd, int to), dup2)                                                  \
	HOOK(int, __fcntl, (int fd, int command, ...), fcntl)

#define HOOKS(HOOK)                                                                                \
	HOOKS_ALWAYS(HOOK)                                                                         \
	HOOKS_SOMETIMES(HOOK)                                                                      \
	HOOKS_TIME64(HOOK)                                                                         \
	HOOKS_VARIADIC(HOOK)                                                                       \
	HOOKS_JUMP(HOOK)                                                                           \
	HOOKS_LOADER(HOOK)                                                                         \
	HOOKS_ALIAS(HOOK)

/*
 * A hook is called hook_NAME in our sources and NAME in the symbol table: so its type is checked
 * against this table, not against the libc's header (glibc's sockaddr unions, fortified macros).
 */
#define HOOK_PROTOTYPE(type, name, parameters, arguments)                                          \
	__attribute__((visibility("default"))) type hook_##name parameters __asm__(#name);

#ifdef HOOK_NAMES /* for the preprocessor alone: the names, to make the version script */
#define HOOK_NAME(type, name, parameters, arguments) HOOK:name:HOOK
HOOKS(HOOK_NAME)
#endif

#endif
