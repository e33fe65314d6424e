// SPDX-License-Identifier: MIT
// In front of the library: notes what the program itself calls.

#include <dlfcn.h>
#include <string.h>
#include <sys/socket.h>

#include "../../lib/interposer.h"
#include "fault.h"

static __thread struct front call;

struct front *front_call(void)
{
	return &call;
}

/* POSIX lets an object pointer hold a function's address; ISO C has no cast for it. */
typedef void (*function)(void);

static function next(const char *name)
{
	void *address = dlsym(RTLD_NEXT, name);
	function found;

	memcpy(&found, &address, sizeof(found));
	return found;
}

#define NEXT(type, name, ...) ((type(*)(__VA_ARGS__))next(#name))

INTERPOSE(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t length))
{
	int result;

	call = (struct front){ .pointer = value };
	result = NEXT(int, setsockopt, int, int, int, const void *, socklen_t)(fd, level, name,
									       value, length);
	call = (struct front){ 0 };
	return result;
}

INTERPOSE(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *length))
{
	int result;

	call = (struct front){ .pointer = value };
	result = NEXT(int, getsockopt, int, int, int, void *, socklen_t *)(fd, level, name, value,
									   length);
	call = (struct front){ 0 };
	return result;
}

INTERPOSE(int, connect, (int fd, const struct sockaddr *address, socklen_t length))
{
	int result;

	call = (struct front){ .pointer = address };
	result = NEXT(int, connect, int, const struct sockaddr *, socklen_t)(fd, address, length);
	call = (struct front){ 0 };
	return result;
}

INTERPOSE(int, getsockname, (int fd, struct sockaddr *address, socklen_t *length))
{
	int result;

	call = (struct front){ .pointer = address };
	result = NEXT(int, getsockname, int, struct sockaddr *, socklen_t *)(fd, address, length);
	call = (struct front){ 0 };
	return result;
}

INTERPOSE(ssize_t, recv, (int fd, void *buffer, size_t size, int flags))
{
	ssize_t n;

	call = (struct front){ .receives = true, .flags = flags };
	n = NEXT(ssize_t, recv, int, void *, size_t, int)(fd, buffer, size, flags);
	call = (struct front){ 0 };
	return n;
}

INTERPOSE(ssize_t, recvfrom,
      (int fd, void *buffer, size_t size, int flags, struct sockaddr *address, socklen_t *length))
{
	ssize_t n;

	call = (struct front){ .receives = true, .flags = flags };
	n = NEXT(ssize_t, recvfrom, int, void *, size_t, int, struct sockaddr *,
		 socklen_t *)(fd, buffer, size, flags, address, length);
	call = (struct front){ 0 };
	return n;
}

INTERPOSE(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags))
{
	ssize_t n;

	call = (struct front){ .receives = true, .flags = flags };
	n = NEXT(ssize_t, recvmsg, int, struct msghdr *, int)(fd, message, flags);
	call = (struct front){ 0 };
	return n;
}

INTERPOSE(int, recvmmsg,
      (int fd, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *patience))
{
	int n;

	call = (struct front){ .receives = true, .flags = flags };
	n = NEXT(int, recvmmsg, int, struct mmsghdr *, unsigned int, int,
		 struct timespec *)(fd, messages, count, flags, patience);
	call = (struct front){ 0 };
	return n;
}

INTERPOSE(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags))
{
	ssize_t n;

	call = (struct front){ .message = message };
	n = NEXT(ssize_t, sendmsg, int, const struct msghdr *, int)(fd, message, flags);
	call = (struct front){ 0 };
	return n;
}

INTERPOSE(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned int count, int flags))
{
	int n;

	call = (struct front){ .messages = messages, .count = count };
	n = NEXT(int, sendmmsg, int, struct mmsghdr *, unsigned int, int)(fd, messages, count,
									  flags);
	call = (struct front){ 0 };
	return n;
}
