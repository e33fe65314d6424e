// SPDX-License-Identifier: MIT
// Behind the library: makes the calls that it adds fail.

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../lib/interposer.h"
#include "../../lib/map_by_number.h"
#include "fault.h"

static struct {
	char call[24];
	int level, name, error;
} fault;

/* Calls from then on fail. Not in a constructor: the library's may come first. */
static void read_fault(void)
{
	static int done;
	const char *text = done ? NULL : getenv("REPLYFROM_FAULT");

	done = 1;
	if (text &&
	    sscanf(text, "%23s %d %d %d", fault.call, &fault.level, &fault.name, &fault.error) != 4)
		abort();
}

static bool fails(const char *call, int level, int name)
{
	read_fault();
	if (strcmp(fault.call, call) || (fault.level && fault.level != level) ||
	    (fault.name && fault.name != name))
		return false;
	errno = fault.error;
	return true;
}

/* Is it the library that called? */
static bool is_library(const void *address)
{
	Dl_info object;

	return dladdr(address, &object) && object.dli_fname &&
	       strstr(object.dli_fname, "libreplyfrom.so");
}

static const struct front *program(void)
{
	static struct front *(*call)(void);
	static const struct front none;
	void *found = call ? NULL : dlsym(RTLD_DEFAULT, "front_call");

	if (found)
		memcpy(&call, &found, sizeof(found));
	return call ? call() : &none;
}

INTERPOSE(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t length))
{
	if (program()->pointer != value && fails("setsockopt", level, name))
		return -1;
	return (int)syscall(SYS_setsockopt, fd, level, name, value, length);
}

INTERPOSE(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *length))
{
	if (program()->pointer != value && fails("getsockopt", level, name))
		return -1;
	return (int)syscall(SYS_getsockopt, fd, level, name, value, length);
}

INTERPOSE(int, connect, (int fd, const struct sockaddr *address, socklen_t length))
{
	/* An undone connect has to come undone: the program can't be shown half of it. */
	if (program()->pointer != address && address->sa_family != AF_UNSPEC &&
	    fails("connect", 0, 0))
		return -1;
	return (int)syscall(SYS_connect, fd, address, length);
}

INTERPOSE(int, getsockname, (int fd, struct sockaddr *address, socklen_t *length))
{
	if (program()->pointer != address && is_library(__builtin_return_address(0)) &&
	    fails("getsockname", 0, 0))
		return -1;
	return (int)syscall(SYS_getsockname, fd, address, length);
}

INTERPOSE(int, socket, (int domain, int type, int protocol))
{
	/* As the library asks for one, and no program of ours. */
	if (domain == AF_NETLINK && type == (SOCK_RAW | SOCK_CLOEXEC) && fails("socket", 0, 0))
		return -1;
	return (int)syscall(SYS_socket, domain, type, protocol);
}

INTERPOSE(void *, mmap, (void *at, size_t size, int protection, int flags, int fd, off_t offset))
{
	if (is_library(__builtin_return_address(0)) && fails("mmap", 0, 0))
		return MAP_FAILED;
	return map_by_number(at, size, protection, flags, fd, (unsigned long)offset / 4096);
}

INTERPOSE(ssize_t, getrandom, (void *buffer, size_t size, unsigned int flags))
{
	if (is_library(__builtin_return_address(0)) && fails("getrandom", 0, 0))
		return -1;
	return syscall(SYS_getrandom, buffer, size, flags);
}

INTERPOSE(int, fstat, (int fd, struct stat *status))
{
	if (is_library(__builtin_return_address(0)) && fails("fstat", 0, 0))
		return -1;
	return (int)syscall(SYS_fstat, fd, status);
}

/* The guard against descriptors that became something else (MSG_OOB) is refused. */
INTERPOSE(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags))
{
	if (flags & MSG_OOB && program()->receives && !(program()->flags & MSG_OOB) &&
	    fails("recvmsg", 0, 0))
		return -1;
	return syscall(SYS_recvmsg, fd, message, flags);
}

INTERPOSE(int, recvmmsg,
       (int fd, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *patience))
{
	if (flags & MSG_OOB && program()->receives && !(program()->flags & MSG_OOB) &&
	    fails("recvmsg", 0, 0))
		return -1;
	return (int)syscall(SYS_recvmmsg, fd, messages, count, flags, patience);
}

/* Did the library put control data in place of the program's? */
static bool is_changed(const struct msghdr *message)
{
	const struct front *own = program();

	if (!message->msg_controllen)
		return false;
	if (own->message && own->message->msg_control == message->msg_control)
		return false;
	for (unsigned int i = 0; i < own->count; i++)
		if (own->messages[i].msg_hdr.msg_control == message->msg_control)
			return false;
	return true;
}

INTERPOSE(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags))
{
	/* A bad pointer of the program's own is for the kernel to find. */
	if (program()->message != message && is_changed(message) && fails("sendmsg", 0, 0))
		return -1;
	return syscall(SYS_sendmsg, fd, message, flags);
}

INTERPOSE(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned int count, int flags))
{
	unsigned int sound = 0;

	if (program()->messages != messages) {
		while (sound < count && !is_changed(&messages[sound].msg_hdr))
			sound++;
		if (!sound && count && fails("sendmsg", 0, 0))
			return -1;
		if (sound && sound < count && fails("sendmsg", 0, 0))
			count = sound;
	}
	return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
}
