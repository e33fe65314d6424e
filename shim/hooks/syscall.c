// SPDX-License-Identifier: MIT
// Hook of syscall(2): the socket calls of programs that make them by number (libuv, netty).

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/memory.h"
#include "calls/receive.h"
#include "calls/recvmmsg.h"
#include "hooks/after.h"
#include "hooks/syscall.h"
#include "libc/libc.h"
#include "sockets/classify.h"

#ifdef HOOKS_HAVE_SYSCALL

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

enum kind {
	NOTHING, /* any other call */
	SOCKET,
	SOCKETPAIR,
	ACCEPT,
	DUPLICATE,
	FCNTL,
	GETFD,
	BIND,
	CONNECT,
	RECV,
	RECVFROM,
	RECVMSG,
	RECVMMSG,
	RECVMMSG_TIME64,
	SEND,
	SENDTO,
	SENDMSG,
	SENDMMSG,
	SETSOCKOPT,
	GETSOCKOPT,
	SOCKETCALL,
	CONFINE,
};

/* The kind of each system call; hooks/jump.S comes here for those that are not NOTHING. */
extern const unsigned char syscall_kinds[SYSCALL_KINDS];
const unsigned char syscall_kinds[SYSCALL_KINDS] = {
	[SYS_socket] = SOCKET,
	[SYS_socketpair] = SOCKETPAIR,
#ifdef SYS_accept
	[SYS_accept] = ACCEPT,
#endif
	[SYS_accept4] = ACCEPT,
	[SYS_dup] = DUPLICATE,
#ifdef SYS_dup2
	[SYS_dup2] = DUPLICATE,
#endif
	[SYS_dup3] = DUPLICATE,
#ifdef SYS_fcntl
	[SYS_fcntl] = FCNTL,
#endif
#ifdef SYS_fcntl64
	[SYS_fcntl64] = FCNTL,
#endif
	[SYS_pidfd_getfd] = GETFD,
	[SYS_bind] = BIND,
	[SYS_connect] = CONNECT,
#ifdef SYS_recv
	[SYS_recv] = RECV,
#endif
	[SYS_recvfrom] = RECVFROM,
	[SYS_recvmsg] = RECVMSG,
#ifdef SYS_recvmmsg
	[SYS_recvmmsg] = RECVMMSG,
#endif
#ifdef SYS_recvmmsg_time64
	[SYS_recvmmsg_time64] = RECVMMSG_TIME64,
#endif
#ifdef SYS_send
	[SYS_send] = SEND,
#endif
	[SYS_sendto] = SENDTO,
	[SYS_sendmsg] = SENDMSG,
	[SYS_sendmmsg] = SENDMMSG,
	[SYS_seccomp] = CONFINE,
	[SYS_prctl] = CONFINE,
	[SYS_setsockopt] = SETSOCKOPT,
	[SYS_getsockopt] = GETSOCKOPT,
#ifdef SYS_socketcall
	[SYS_socketcall] = SOCKETCALL,
#endif
};

enum { ARGUMENTS = 6 };

/* The call as the program made it. */
struct call {
	long number, argument[ARGUMENTS];
};

static long make_call(const struct call *call)
{
	const long *argument = call->argument;

	return libc.syscall(call->number, argument[0], argument[1], argument[2], argument[3],
			    argument[4], argument[5]);
}

/* Receives by number: no cancellation point, as libc's recvmsg() is. */
static ssize_t recvmsg_by_number(int fd, struct msghdr *message, int flags)
{
	return libc.syscall(SYS_recvmsg, (long)fd, message, (long)flags, 0L, 0L, 0L);
}

#ifdef SYS_recvmmsg
static int recvmmsg_by_number(int fd, struct mmsghdr *messages, unsigned int count, int flags,
			      struct timespec *timeout)
{
	return (int)libc.syscall(SYS_recvmmsg, (long)fd, messages, (long)count, (long)flags,
				 timeout, 0L);
}
#endif

#ifdef SYS_recvmmsg_time64
static int recvmmsg_time64_by_number(int fd, struct mmsghdr *messages, unsigned int count,
				     int flags, struct timespec *timeout)
{
	return (int)libc.syscall(SYS_recvmmsg_time64, (long)fd, messages, (long)count, (long)flags,
				 timeout, 0L);
}
#endif

/* recvmsg() by socketcall(): a kernel may have no other number for it. */
#ifdef SYS_socketcall
enum { SOCKETCALL_RECVMSG = 17, SOCKETCALL_RECVMMSG = 19 };

static ssize_t recvmsg_by_socketcall(int fd, struct msghdr *message, int flags)
{
	const long a[] = { fd, (long)message, flags };

	return libc.syscall(SYS_socketcall, (long)SOCKETCALL_RECVMSG, a, 0L, 0L, 0L, 0L);
}

static int recvmmsg_by_socketcall(int fd, struct mmsghdr *messages, unsigned int count, int flags,
				  struct timespec *timeout)
{
	const long a[] = { fd, (long)messages, (long)count, flags, (long)timeout };

	return (int)libc.syscall(SYS_socketcall, (long)SOCKETCALL_RECVMMSG, a, 0L, 0L, 0L, 0L);
}

#define MADE_BY(call, name) \
	((call)->number == SYS_socketcall ? name##_by_socketcall : name##_by_number)
#else
#define MADE_BY(call, name) name##_by_number
#endif

/* Makes a call that makes or names a descriptor, and does what follows; `a` are its arguments. */
static long make_followed_call(enum kind kind, const long *a, const struct call *call)
{
	long result = make_call(call);
	int fd = (int)a[0];

	switch (kind) {
	case SOCKET:
		socket_made((int)result, (int)a[0], (int)a[1], (int)a[2]);
		break;
	case SOCKETPAIR:
		for (int i = 0; !result && i < 2; i++)
			socket_made(((const int *)a[3])[i], (int)a[0], (int)a[1], (int)a[2]);
		break;
	case ACCEPT:
		after_accept((int)result);
		break;
	case DUPLICATE:
		after_dup(fd, (int)result);
		break;
	case FCNTL:
		after_fcntl(fd, (int)a[1], (int)result);
		break;
	case GETFD:
		socket_forget((int)result);
		break;
	case CONFINE:
		/* Of prctl() the first argument. */
		if (call->number == SYS_seccomp || fd == PR_SET_SECCOMP ||
		    fd == PR_SET_NO_NEW_PRIVS)
			__atomic_store_n(&memory_confined, true, __ATOMIC_RELAXED);
		break;
	case BIND:
		after_bind(fd, (int)result, (const struct sockaddr *)a[1], (socklen_t)a[2]);
		break;
	case SETSOCKOPT:
		after_setsockopt(fd, (int)result, (int)a[1], (int)a[2], (const void *)a[3],
				 (socklen_t)a[4]);
		break;
	case GETSOCKOPT:
		after_getsockopt(fd, (int)result, (int)a[1], (int)a[2], (void *)a[3],
				 (socklen_t *)a[4]);
		break;
	default:
		break;
	}
	return result;
}

static long receive_plainly(int fd, enum kind kind, const long *a, const struct call *call)
{
	struct msghdr *message = (struct msghdr *)a[1];
	long n = make_call(call);

	if (n >= 0 && kind == RECVMSG &&
	    (message->msg_controllen || message->msg_flags & MSG_CTRUNC))
		receive_plain(fd, message);
	return n;
}

static long receive_one_by_number(enum kind kind, const long *a, const struct call *call)
{
	int fd = (int)a[0];
	uint64_t salt;

	if (!socket_find_wildcard(fd, &salt))
		return receive_plainly(fd, kind, a, call);
	if (kind == RECVMSG)
		return receive_any(fd, (struct msghdr *)a[1], (int)a[2], MADE_BY(call, recvmsg),
				   MADE_BY(call, recvmsg));
	return receive_from_by(fd, (void *)a[1], (size_t)a[2], (int)a[3],
			       kind == RECV ? NULL : (struct sockaddr *)a[4],
			       kind == RECV ? NULL : (socklen_t *)a[5], MADE_BY(call, recvmsg));
}

static long receive_by_number(enum kind kind, const long *a, const struct call *call)
{
	switch (kind) {
#ifdef SYS_recvmmsg
	case RECVMMSG:
		return receive_vector((int)a[0], (struct mmsghdr *)a[1], (unsigned int)a[2],
				      (int)a[3], (struct timespec *)a[4], MADE_BY(call, recvmmsg));
#endif
#ifdef SYS_recvmmsg_time64
	case RECVMMSG_TIME64:
		return receive_vector((int)a[0], (struct mmsghdr *)a[1], (unsigned int)a[2],
				      (int)a[3], (struct timespec *)a[4],
				      recvmmsg_time64_by_number);
#endif
	default:
		return receive_one_by_number(kind, a, call);
	}
}

/* Sends or connects by the hook of the libc's function for it. */
static long call_hook(enum kind kind, const long *a)
{
	int fd = (int)a[0];

	switch (kind) {
	case CONNECT:
		return hook_connect(fd, (const struct sockaddr *)a[1], (socklen_t)a[2]);
	case SEND:
		return hook_send(fd, (const void *)a[1], (size_t)a[2], (int)a[3]);
	case SENDTO:
		return hook_sendto(fd, (const void *)a[1], (size_t)a[2], (int)a[3],
				   (const struct sockaddr *)a[4], (socklen_t)a[5]);
	case SENDMSG:
		return hook_sendmsg(fd, (const struct msghdr *)a[1], (int)a[2]);
	default:
		return hook_sendmmsg(fd, (struct mmsghdr *)a[1], (unsigned int)a[2], (int)a[3]);
	}
}

/* The functions behind those hooks are cancellation points, and syscall() is none. */
static long send_or_connect(enum kind kind, const long *a, const struct call *call)
{
	int state = PTHREAD_CANCEL_ENABLE;
	long result;

	if (descriptor_get((int)a[0]) == DESCRIPTOR_PLAIN) {
		result = make_call(call);
		if (kind == CONNECT)
			after_connect((int)a[0], (int)result, (const struct sockaddr *)a[1]);
		return result;
	}
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	result = call_hook(kind, a);
	pthread_setcancelstate(state, NULL);
	return result;
}

static long dispatch_call(enum kind kind, const long *a, const struct call *call)
{
	switch (kind) {
	case RECV:
	case RECVFROM:
	case RECVMSG:
	case RECVMMSG:
	case RECVMMSG_TIME64:
		return receive_by_number(kind, a, call);
	case CONNECT:
	case SEND:
	case SENDTO:
	case SENDMSG:
	case SENDMMSG:
		return send_or_connect(kind, a, call);
	default:
		return make_followed_call(kind, a, call);
	}
}

#ifdef SYS_socketcall
/*
 * The kind and the number of arguments for each first argument of net/socket.c's socketcall()
 * (<linux/net.h>).
 */
static const struct {
	unsigned char kind, arguments;
} socketcalls[] = {
	[1] = { SOCKET, 3 },	  [2] = { BIND, 3 },	    [3] = { CONNECT, 3 },
	[5] = { ACCEPT, 3 },	  [8] = { SOCKETPAIR, 4 },  [9] = { SEND, 4 },
	[10] = { RECV, 4 },	  [11] = { SENDTO, 6 },	    [12] = { RECVFROM, 6 },
	[14] = { SETSOCKOPT, 5 }, [15] = { GETSOCKOPT, 5 }, [16] = { SENDMSG, 3 },
	[17] = { RECVMSG, 3 },	  [18] = { ACCEPT, 4 },	    [19] = { RECVMMSG, 5 },
	[20] = { SENDMMSG, 4 },
};

static long make_socketcall(const struct call *call)
{
	unsigned long which = (unsigned long)call->argument[0];
	const char *array = (const char *)call->argument[1];
	long a[ARGUMENTS] = { 0 };
	size_t length;

	if (which >= sizeof(socketcalls) / sizeof(*socketcalls) || !socketcalls[which].kind)
		return make_call(call);
	length = socketcalls[which].arguments * sizeof(*a);
	/* A bad pointer is the kernel's. It reads 8 bytes at the array's start and at its end. */
	if (!memory_kernel_reads(array) || !memory_kernel_reads(array + length - 8))
		return make_call(call);
	memcpy(a, array, length);
	return dispatch_call(socketcalls[which].kind, a, call);
}
#endif

/*
 * Entered by a jump: all arguments are where the program put them for syscall(). A library between
 * this one and the libc makes its own calls by number; those are not hooked again.
 */
long syscall_of_sockets(long number, ...);
long syscall_of_sockets(long number, ...)
{
	struct call call = { .number = number };
	va_list list;

	va_start(list, number);
	for (int i = 0; i < ARGUMENTS; i++)
		call.argument[i] = va_arg(list, long);
	va_end(list);
	if (unlikely(libc_is_between(__builtin_return_address(0))))
		return make_call(&call);
#ifdef SYS_socketcall
	if (number == SYS_socketcall)
		return make_socketcall(&call);
#endif
	return dispatch_call(syscall_kinds[number], call.argument, &call);
}

#endif
