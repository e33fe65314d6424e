// SPDX-License-Identifier: MIT
// Calls that receive, with buffers of all sizes and any flags; none of them blocks.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "show.h"
#include "world.h"

enum { PAYLOAD = 4096, CONTROL = 512, MESSAGES = 6, PATTERN = 0x5a };

struct buffers {
	_Alignas(struct cmsghdr) unsigned char control[CONTROL];
	struct sockaddr_storage name;
	unsigned char payload[PAYLOAD];
	struct iovec vector[2];
};
static struct buffers buffers[MESSAGES];

static int choose_flags(const struct call *call, unsigned int word)
{
	static const int table[] = { MSG_PEEK,	       MSG_TRUNC, MSG_ERRQUEUE, MSG_PEEK,
				     MSG_WAITALL,      MSG_PEEK,  MSG_NOSIGNAL, MSG_ERRQUEUE,
				     MSG_CMSG_CLOEXEC, MSG_TRUNC };
	int flags = MSG_DONTWAIT;

	if (seldom(call, word, 2))
		flags |= table[pick(call, word, 10)];
	if (seldom(call, word, 3))
		flags |= table[pick(call, word + 1, 10)];
	if (seldom(call, word, 31))
		flags |= MSG_OOB;
	if (seldom(call, word, 41))
		flags |= (int)(1u << pick(call, word + 1, 32));
	return flags;
}

static size_t choose_size(const struct call *call, unsigned int word)
{
	static const size_t sizes[] = { 0, 1, 2, 4, 16, 30, 64, 200, PAYLOAD, PAYLOAD };

	return seldom(call, word, 2) ? PAYLOAD : sizes[pick(call, word, 10)];
}

/* What the library may have learnt is read from the payload that the program got. */
static void heard(int fd, int flags, const struct buffers *from, size_t room, long n,
		  enum look look)
{
	if (n >= 0 && !(flags & MSG_ERRQUEUE))
		model_heard(fd, from->payload, (size_t)n < room ? (size_t)n : room,
			    flags & MSG_PEEK ? look : TAKEN);
}

static bool is_late(int fd, const struct buffers *from, size_t room, long n)
{
	return n >= 0 && model_is_late(fd, from->payload, (size_t)n < room ? (size_t)n : room);
}

static void receive_from(const struct call *call, int fd)
{
	bool faultable = may_fault(fd);
	struct buffers *to = &buffers[0];
	socklen_t length = seldom(call, 1, 3) ? pick(call, 2, 40) : sizeof(to->name);
	size_t size = choose_size(call, 3);
	int flags = choose_flags(call, 4);
	bool anonymous = call->kind == CALL_RECV || seldom(call, 6, 4);
	long n;

	if (seldom(call, 2, 50))
		length = (socklen_t)-1;
	model_receiving(fd);
	errno = ERRNO_BEFORE;
	if (call->kind == CALL_RECV)
		n = recv(fd, to->payload, size, flags);
	else if (seldom(call, 7, 40))
		n = recvfrom(fd, (void *)8, size, flags, (struct sockaddr *)&to->name, &length);
	else if (seldom(call, 7, 41) && faultable)
		n = recvfrom(fd, to->payload, size, flags, (struct sockaddr *)8, &length);
	else if (anonymous)
		n = recvfrom(fd, to->payload, size, flags, NULL,
			     seldom(call, 8, 2) ? &length : NULL);
	else
		n = recvfrom(fd, to->payload, size, flags, (struct sockaddr *)&to->name, &length);
	show_result(sequence_name(call->kind), flags, n);
	trace_add("  payload %08x\n", trace_hash(to->payload, PAYLOAD));
	show_address("from", &to->name, length);
	heard(fd, flags, to, size, n, PEEKED);
	/* The datagram was read before its address could not be given. */
	if (n < 0 && length == (socklen_t)-1)
		model_heard(fd, NULL, 0, flags & MSG_PEEK ? PEEKED : TAKEN);
}

static void shape(const struct call *call, unsigned int word, struct msghdr *message,
		  struct buffers *to)
{
	size_t size = choose_size(call, word), first = seldom(call, word, 3) ? size / 2 : size;
	static const size_t rooms[] = { 0, 4, 12, 16, 20, 24, 28, 32, 36, 40, 56, 64, 72, 120 };

	to->vector[0] = (struct iovec){ .iov_base = to->payload, .iov_len = first };
	to->vector[1] = (struct iovec){ .iov_base = to->payload + first, .iov_len = size - first };
	memset(message, 0, sizeof(*message));
	message->msg_iov = to->vector;
	message->msg_iovlen = seldom(call, word, 11) ? 0 : 2;
	if (!seldom(call, word + 1, 4))
		message->msg_name = &to->name;
	message->msg_namelen = seldom(call, word + 1, 5) ? pick(call, word + 1, 40) : 128;
	if (!seldom(call, word + 2, 5))
		message->msg_control = to->control;
	message->msg_controllen =
		seldom(call, word + 2, 2) ? rooms[pick(call, word + 2, 14)] : CONTROL;
	message->msg_flags = 0x5a5a;
}

static void show_message(int fd, const struct msghdr *before, const struct msghdr *after,
			 struct buffers *from, bool late)
{
	trace_add("  flags %x iovlen %zu pointers %s payload %08x\n",
		  (unsigned int)after->msg_flags, after->msg_iovlen,
		  after->msg_name == before->msg_name && after->msg_iov == before->msg_iov &&
				  after->msg_control == before->msg_control
			  ? "kept"
			  : "changed",
		  trace_hash(from->payload, PAYLOAD));
	show_address("name", &from->name, after->msg_namelen);
	show_control(fd, after->msg_control ? from->control : NULL, after->msg_controllen, CONTROL,
		     late);
	if (!after->msg_control)
		trace_add("  untouched %08x\n", trace_hash(from->control, CONTROL));
}

static void receive_message(const struct call *call, int fd)
{
	bool faultable = may_fault(fd);
	int flags = choose_flags(call, 4);
	struct msghdr message, before;
	struct buffers *to = &buffers[0];
	size_t room;
	long n;

	shape(call, 1, &message, to);
	if (seldom(call, 7, 40))
		to->vector[0].iov_base = (void *)8;
	if (seldom(call, 7, 41))
		message.msg_namelen = (socklen_t)-1;
	if (seldom(call, 7, 43) && faultable)
		message.msg_control = (void *)8;
	if (seldom(call, 7, 47) && faultable)
		message.msg_name = (void *)8;
	before = message;
	room = message.msg_iovlen ? to->vector[0].iov_len + to->vector[1].iov_len : 0;
	model_receiving(fd);
	errno = ERRNO_BEFORE;
	if (seldom(call, 7, 53) && faultable)
		n = recvmsg(fd, (struct msghdr *)8, flags);
	else
		n = recvmsg(fd, &message, flags);
	show_result("recvmsg", flags, n);
	if (before.msg_control == (void *)8)
		message.msg_control = NULL;
	show_message(fd, &message, &message, to, is_late(fd, to, room, n));
	trace_add("  %s\n", message.msg_name == before.msg_name && message.msg_iov == before.msg_iov
				    ? "same"
				    : "changed");
	heard(fd, flags, to, room, n, PEEKED);
}

static void receive_messages(const struct call *call, int fd)
{
	bool faultable = may_fault(fd);
	unsigned int count = pick(call, 6, MESSAGES + 1);
	int flags = choose_flags(call, 4) | (seldom(call, 6, 3) ? MSG_WAITFORONE : 0);
	struct timespec patience = { .tv_sec = seldom(call, 7, 3) ? 0 : 5,
				     .tv_nsec = seldom(call, 7, 20) ? -1 : 0 };
	struct mmsghdr messages[MESSAGES], before[MESSAGES];
	struct call varied = *call;
	int n;

	memset(messages, 0, sizeof(messages));
	for (unsigned int i = 0; i < MESSAGES; i++) {
		shape(&varied, 1, &messages[i].msg_hdr, &buffers[i]);
		messages[i].msg_len = 0x5a5a;
		for (unsigned int word = 1; word < 4; word++)
			varied.word[word] = varied.word[word] * 2654435761u + i;
	}
	if (seldom(call, 8, 30))
		messages[pick(call, 9, MESSAGES)].msg_hdr.msg_namelen = (socklen_t)-1;
	if (seldom(call, 8, 31))
		buffers[pick(call, 9, MESSAGES)].vector[0].iov_base = (void *)8;
	memcpy(before, messages, sizeof(before));
	model_receiving(fd);
	errno = ERRNO_BEFORE;
	if (seldom(call, 8, 43) && faultable)
		n = recvmmsg(fd, (struct mmsghdr *)8, count, flags, &patience);
	else
		n = recvmmsg(fd, messages, count, flags, seldom(call, 7, 2) ? &patience : NULL);
	show_result("recvmmsg", flags, n);
	for (unsigned int i = 0; i < MESSAGES; i++) {
		size_t room = messages[i].msg_hdr.msg_iovlen
				      ? buffers[i].vector[0].iov_len + buffers[i].vector[1].iov_len
				      : 0;

		trace_add("  message %u length %u\n", i, messages[i].msg_len);
		show_message(fd, &before[i].msg_hdr, &messages[i].msg_hdr, &buffers[i],
			     is_late(fd, &buffers[i], room, messages[i].msg_len));
		if ((int)i < n)
			heard(fd, flags, &buffers[i], room, messages[i].msg_len, PEEKED_IN_VECTOR);
	}
}

void perform_receive(const struct call *call, int fd)
{
	memset(buffers, PATTERN, sizeof(buffers));
	if (call->kind == CALL_RECVMSG)
		receive_message(call, fd);
	else if (call->kind == CALL_RECVMMSG)
		receive_messages(call, fd);
	else
		receive_from(call, fd);
}
