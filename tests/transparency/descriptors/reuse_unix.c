// SPDX-License-Identifier: MIT
// The number is a UNIX socket now: passed descriptors arrive exactly where the kernel puts them.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/kernel_call.h"
#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "descriptors.h"
#include "reuse.h"
#include "../../lib/side.h"

enum { PASSED = 3, CONTROL = 128 };
enum call { RECV, RECVFROM, RECVMSG, RECVMMSG, CALLS };
static const char *const names[CALLS] = { "recv", "recvfrom", "recvmsg", "recvmmsg" };

struct received {
	ssize_t result;
	int error, flags, opened;
	size_t control;
};

static void make_datagram_ends(int ends[2], bool hidden)
{
	need(hidden ? kernel_call(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, ends)
		    : socketpair(AF_UNIX, SOCK_DGRAM, 0, ends),
	     "socketpair");
}

static void make_stream_ends(int ends[2], bool hidden)
{
	need(hidden ? kernel_call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends)
		    : socketpair(AF_UNIX, SOCK_STREAM, 0, ends),
	     "socketpair");
}

/*
 * A message with three descriptors, and then an urgent byte where there is such a thing. Not where
 * the library knows nothing of the new socket: its first receive there asks for urgent data, which
 * all sockets but UDP's refuse, unless there is some (docs/design.md).
 */
static void pass(int fd, bool urgent)
{
	_Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(PASSED * sizeof(int))] = { 0 };
	struct cmsghdr header = { .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS,
				  .cmsg_len = CMSG_LEN(PASSED * sizeof(int)) };
	char text[] = "passed";
	struct iovec vector = { text, 6 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int fds[PASSED] = { fd, fd, fd };

	memcpy(control, &header, sizeof(header));
	memcpy(control + CMSG_LEN(0), fds, sizeof(fds));
	need(kernel_side.sendmsg(fd, &message, 0), "passing");
	if (urgent)
		kernel_side.send(fd, "!", 1, MSG_OOB);
}

static void close_passed(const struct msghdr *message)
{
	size_t room = message->msg_controllen;
	struct cmsghdr header;

	if (!message->msg_control || room < sizeof(header))
		return;
	memcpy(&header, message->msg_control, sizeof(header));
	for (size_t at = CMSG_LEN(0); at + sizeof(int) <= header.cmsg_len; at += sizeof(int)) {
		int fd;

		memcpy(&fd, (unsigned char *)message->msg_control + at, sizeof(fd));
		kernel_call(SYS_close, fd);
	}
}

static struct received receive(const struct side *side, int fd, enum call call, size_t room)
{
	_Alignas(struct cmsghdr) unsigned char control[CONTROL];
	int before = count_open();
	char text[16];
	struct iovec vector = { text, sizeof(text) };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &vector,
						.msg_iovlen = 1,
						.msg_control = room ? control : NULL,
						.msg_controllen = room } };
	struct received got;

	errno = 0;
	switch (call) {
	case RECV:
		got.result = side->recv(fd, text, sizeof(text), MSG_DONTWAIT);
		break;
	case RECVFROM:
		got.result = side->recvfrom(fd, text, sizeof(text), MSG_DONTWAIT, NULL, NULL);
		break;
	case RECVMSG:
		got.result = side->recvmsg(fd, &message.msg_hdr, MSG_DONTWAIT);
		break;
	default:
		got.result = side->recvmmsg(fd, &message, 1, MSG_DONTWAIT, NULL);
	}
	got.error = errno;
	got.flags = message.msg_hdr.msg_flags;
	got.control = message.msg_hdr.msg_controllen;
	got.opened = count_open() - before;
	if (got.result >= 0 && got.opened)
		close_passed(&message.msg_hdr);
	return got;
}

static void compare_received(const struct way *way, make_ends *make, bool hidden, enum call call,
			     size_t room)
{
	int before = count_open(), ends[2], other;
	int number = reuse_number(way, make, hidden, &other);
	struct received expected, got;

	make(ends, true);
	for (int i = 0; i < 3; i++) {
		pass(ends[1], make == make_stream_ends && !hidden);
		pass(other, make == make_stream_ends && !hidden);
		expected = receive(&kernel_side, ends[0], call, room);
		got = receive(&library_side, number, call, room);
		check(got.result == expected.result && got.error == expected.error &&
			      got.flags == expected.flags && got.control == expected.control &&
			      got.opened == expected.opened,
		      "closed by %s%s, %s, room %zu: result %zd (errno %d) flags %#x control %zu "
		      "opened %d, from the kernel %zd (errno %d) flags %#x control %zu opened %d",
		      way->name, hidden ? ", made behind our back" : "", names[call], room,
		      got.result, got.error, (unsigned int)got.flags, got.control, got.opened,
		      expected.result, expected.error, (unsigned int)expected.flags,
		      expected.control, expected.opened);
	}
	kernel_call(SYS_close, number);
	kernel_call(SYS_close, other);
	kernel_call(SYS_close, ends[0]);
	kernel_call(SYS_close, ends[1]);
	check(count_open() == before, "%s: descriptors leaked", names[call]);
}

static void compare_all(make_ends *make)
{
	static const size_t rooms[] = {
		0, 8, CMSG_LEN(0), CMSG_LEN(4), CMSG_LEN(8), CMSG_LEN(12), CONTROL,
	};

	ask(OTHER_PORT, "makes the asker's socket, which stays");
	for (size_t w = 0; w < ways_to_close_count; w++)
		for (int hidden = 0; hidden < 2; hidden++)
			for (int call = 0; call < CALLS; call++)
				for (size_t r = 0; r < sizeof(rooms) / sizeof(*rooms); r++)
					compare_received(&ways_to_close[w], make, hidden != 0,
							 (enum call)call, rooms[r]);
}

void case_reuse_unix_datagram(void)
{
	compare_all(make_datagram_ends);
}

void case_reuse_unix_stream(void)
{
	compare_all(make_stream_ends);
}
