// SPDX-License-Identifier: MIT
// The receiving calls as programs built with _FORTIFY_SOURCE make them: __recv_chk, __recvfrom_chk.

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "side.h"

/*
 * Declared here, not left to <sys/socket.h>: it calls them only where the compiler knows the room
 * but not the size, and a compiler that knows more would take the test away.
 */
#ifndef __GLIBC__ /* musl's fortified headers have no functions of their own */
#define __recv_chk(fd, buffer, size, room, flags) recv(fd, buffer, size, flags)
#define __recvfrom_chk(fd, buffer, size, room, flags, address, length) \
	recvfrom(fd, buffer, size, flags, address, length)
#else
extern ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
extern ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags,
			      struct sockaddr *address, socklen_t *length);
#endif

ssize_t fortified_recv(int fd, void *buffer, size_t size, int flags)
{
	return __recv_chk(fd, buffer, size, size, flags);
}

ssize_t fortified_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
			   socklen_t *length)
{
	return __recvfrom_chk(fd, buffer, size, size, flags, address, length);
}
