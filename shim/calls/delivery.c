// SPDX-License-Identifier: MIT
// The slow paths that receives of one message and of many share.

#include <poll.h>

#include "calls/delivery.h"
#include "libc/libc.h"

int receive_guard = MSG_OOB;

bool receive_guard_refused(int fd)
{
	struct msghdr nothing = { .msg_iovlen = 0 };
	struct pollfd waiting = { .fd = fd };
	int error = errno;
	bool refused;

	/* An error that waits on the socket would be taken for the guard's, and be lost. */
	refused = libc.poll(&waiting, 1, 0) >= 0 && !(waiting.revents & POLLERR) &&
		  libc.recvmsg(fd, &nothing, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) < 0 &&
		  refuses_guard(0);
	if (refused)
		__atomic_store_n(&receive_guard, 0, __ATOMIC_RELAXED);
	errno = error;
	return refused;
}

/* Returns true for the answer of IPV6_RECVPATHMTU, which is no datagram (ipv6_recv_rxpmtu()). */
static bool is_path_mtu(const struct msghdr *received)
{
	size_t offset = 0;
	const struct cmsghdr *header =
		control_next(received->msg_control, received->msg_controllen, &offset);

	return header && header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PATHMTU;
}

static __attribute__((noinline)) enum learned_kind
kind_without_pktinfo(const struct msghdr *received)
{
	if (received->msg_flags & MSG_CTRUNC)
		return LEARNED_CUT;
	return is_path_mtu(received) ? LEARNED_OTHER : LEARNED_NO_PKTINFO;
}

void learned_read(struct learned *learned, const struct msghdr *received, int flags)
{
	learned->is_last_recv = false;
	if (flags & MSG_ERRQUEUE)
		return;
	learned->peeked = flags & MSG_PEEK;
	if (pktinfo_read(received->msg_control, received->msg_controllen, &learned->local) ==
	    PKTINFO_NONE)
		learned->kind = kind_without_pktinfo(received);
	else if (peer_read(&learned->peer, received->msg_name, received->msg_namelen))
		learned->kind = LEARNED_LOCAL;
}

void learned_store(int fd, struct tracked *tracked, uint64_t salt, const struct learned *learned)
{
	if (learned->kind == LEARNED_CUT)
		tracked_mark(tracked, TRACKED_MORE_CONTROL, true);
	else if (learned->kind == LEARNED_NO_PKTINFO)
		socket_check(fd);
	if (learned->kind != LEARNED_LOCAL)
		return;
	if (learned->is_last_recv ||
	    !source_learn_noinline(tracked, salt, &learned->peer, &learned->local))
		source_learn_slow(fd, tracked, salt, &learned->peer, learned->local);
	if (learned->peeked)
		thread_last_recv.flags |= LAST_RECV_PEEKED;
}

int give_address(const struct msghdr *received, void *address, socklen_t *length)
{
	socklen_t room = *length, given = received->msg_namelen;

	if ((int)room < 0) {
		errno = EINVAL;
		return -1;
	}
	*length = given;
	memcpy(address, received->msg_name, room < given ? room : given);
	return 0;
}
