// SPDX-License-Identifier: MIT
// Calls that make, duplicate, pass and close descriptors, and those that make processes.

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/kernel_call.h"
#include "model.h"
#include "show.h"
#include "world.h"

void perform_open(const struct call *call, int *slot)
{
	int fds[2], result;

	errno = ERRNO_BEFORE;
	if (call->kind == CALL_OPEN) {
		result = open("/dev/null", O_RDWR | O_CLOEXEC);
		show_result("open", 0, result);
		if (result >= 0)
			*slot = result;
		return;
	}
	result = socketpair(AF_UNIX, seldom(call, 1, 2) ? SOCK_DGRAM : SOCK_STREAM, 0, fds);
	show_result("socketpair", 0, result);
	if (result)
		return;
	*slot = fds[0];
	world.slot[pick(call, 2, SLOTS)] = fds[1];
}

static int sane(int fd)
{
	return fd >= 3 && fd < HIGH ? fd : -1;
}

void perform_descriptor(const struct call *call, int *slot)
{
	int fd = sane(*slot), other = sane(world.slot[pick(call, 1, SLOTS)]), result = -1;

	errno = ERRNO_BEFORE;
	switch (call->kind) {
	case CALL_DUP:
		show_shared();
		result = dup(fd);
		break;
	case CALL_DUP2:
		show_shared();
		if (seldom(call, 2, 3))
			result = dup3(fd, other, seldom(call, 3, 2) ? O_CLOEXEC : 0);
		else
			result = dup2(fd, other);
		break;
	case CALL_FCNTL:
		show_shared();
		if (seldom(call, 2, 3))
			result = fcntl(fd, F_GETFL);
		else if (seldom(call, 2, 2))
			result = fcntl(fd, F_SETFL, O_NONBLOCK);
		else
			result = fcntl(fd, seldom(call, 3, 2) ? F_DUPFD : F_DUPFD_CLOEXEC,
				       (int)pick(call, 4, 40));
		break;
	case CALL_CLOSE:
		result = close(fd);
		break;
	case CALL_CLOSE_RAW:
		result = (int)kernel_call(SYS_close, fd);
		break;
	default:
		if (fd < 0 || other < fd)
			other = fd;
		if (fd > 0)
			result = (int)kernel_call(SYS_close_range, fd, other, 0);
		break;
	}
	show_result(sequence_name(call->kind), other, result);
	if (result >= 3 &&
	    (call->kind == CALL_DUP || call->kind == CALL_DUP2 ||
	     (call->kind == CALL_FCNTL && !seldom(call, 2, 2) && !seldom(call, 2, 3))))
		world.slot[pick(call, 5, SLOTS)] = result;
}

/* Sends a descriptor to ourselves and goes on with what arrives. */
void perform_pass(const struct call *call, int *slot)
{
	_Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec vector = { .iov_base = control, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fd = sane(*slot), pair[2];
	long n;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	errno = ERRNO_BEFORE;
	n = sendmsg(pair[0], &message, MSG_DONTWAIT);
	show_result("sendmsg, descriptor", fd, n);
	if (seldom(call, 1, 2))
		close(fd);
	memset(control, 0, sizeof(control));
	message.msg_controllen = sizeof(control);
	errno = ERRNO_BEFORE;
	n = recvmsg(pair[1], &message, MSG_DONTWAIT);
	show_result("recvmsg, descriptor", fd, n);
	close(pair[0]);
	close(pair[1]);
	header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return;
	memcpy(slot, CMSG_DATA(header), sizeof(*slot));
	trace_add("  arrived as %d\n", *slot);
}

/* A vfork child shares our memory, but not our descriptors: what it does to its own stays there. */
void perform_vfork(const struct call *call, int fd)
{
	int other = sane(world.slot[pick(call, 1, SLOTS)]), status = 0;
	struct sockaddr_storage to;
	socklen_t length = network_address(&to, AF_INET, askers[0].address,
					   (uint16_t)(world.base + PEER_PORT));
	pid_t child;

	model_blur(fd);
	model_blur(other);
	sources_vforked();
	child = vfork();
	if (!child) {
		int made = sane(dup2(fd, other));

		if (made >= 0)
			sendto(made, "vfork", 5, MSG_DONTWAIT, (struct sockaddr *)&to, length);
		close(fd);
		if (call->word[2] & 1)
			socket(AF_INET, SOCK_STREAM, 0);
		_exit(7);
	}
	if (child > 0 && waitpid(child, &status, 0) == child)
		trace_add("%u vfork child ended with %x\n", world.at, (unsigned int)status);
}
