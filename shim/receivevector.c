// SPDX-License-Identifier: MIT
// Receiving many messages at once on a helped socket.

#include "delivery.h"
#include "libc.h"
#include "receive.h"

enum { NAME_ROOM = 32 };
_Static_assert(sizeof(struct sockaddr_in6) <= NAME_ROOM, "padded for the control data behind it");

static int guarded_recvmmsg(int fd, struct helped **helped, struct before *before,
			    struct mmsghdr *messages, unsigned int count, int flags,
			    struct timespec *timeout, recvmmsg_call *next)
{
	uint64_t salt;
	int n;

	n = next(fd, messages, count, flags | guard_flag(), timeout);
	if (likely(n >= 0) || !refuses_guard(flags))
		return n;
	*helped = socket_classify(fd, &salt);
	if (!*helped)
		errno = before->error; /* the program's own call follows */
	if (!*helped || !receive_guard_refused(fd))
		return n;
	errno = before->error;
	*before = remember_before(*helped, salt);
	return next(fd, messages, count, flags, timeout);
}

/* The first message of a vector alone: what the kernel too does when the second has an error. */
static int receive_first(int fd, struct helped *helped, uint64_t salt, struct mmsghdr *messages,
			 int flags)
{
	ssize_t n = receive_message(fd, helped, salt, &messages->msg_hdr, flags, libc.recvmsg);

	if (n < 0)
		return -1;
	messages->msg_len = (unsigned int)n;
	return 1;
}

/* Timestamps would come with every datagram; what comes now and then finds room all the same. */
static bool is_pktinfo_alone(const struct msghdr *received)
{
	return received->msg_controllen <= CONTROL_PKTINFO && !(received->msg_flags & MSG_CTRUNC);
}

/* What one of many datagrams teaches. */
struct lesson {
	struct names names;
	struct peer peer;
	struct local local;
	bool usual;
};

static inline bool read_usual(struct lesson *lesson, const struct msghdr *received)
{
	const void *control = received->msg_control;
	size_t length = received->msg_controllen;

	if (received->msg_namelen == sizeof(struct sockaddr_in) &&
	    pktinfo_read_usual(control, length, &lesson->local))
		peer_read_v4(&lesson->peer, received->msg_name);
	else if (received->msg_namelen == sizeof(struct sockaddr_in6) &&
		 pktinfo_read_usual_v6(control, length, &lesson->local))
		peer_read_v6(&lesson->peer, received->msg_name);
	else
		return false;
	return true;
}

/* Some at a time: while the first is remembered, the entries of the others are on their way. */
void learn_all(int fd, struct helped *helped, uint64_t salt, const struct mmsghdr *received,
	       unsigned int count, int flags)
{
	enum { CLASS = 16 };
	struct lesson lessons[CLASS];

	if (flags & MSG_ERRQUEUE)
		return;
	for (unsigned int first = 0; first < count; first += CLASS) {
		unsigned int size = count - first < CLASS ? count - first : CLASS;

		for (unsigned int i = 0; i < size; i++) {
			lessons[i].usual = read_usual(&lessons[i], &received[first + i].msg_hdr);
			if (lessons[i].usual)
				lessons[i].names = source_names(salt, lessons[i].peer);
		}
		for (unsigned int i = 0; i < size; i++) {
			if (lessons[i].usual)
				source_learn(fd, helped, salt, lessons[i].names, lessons[i].peer,
					     lessons[i].local);
			else
				learn_rest(fd, helped, salt, &received[first + i].msg_hdr);
		}
	}
}

/* A negative length is refused by the kernel when it comes to that message: so be it. */
static socklen_t name_length(const struct msghdr *message)
{
	return message->msg_name && (int)message->msg_namelen < 0 ? message->msg_namelen
								  : sizeof(struct sockaddr_in6);
}

/* One message of a vector as the kernel shall see it, its name and control data in `room`. */
static void prepare(struct mmsghdr *copy, const struct msghdr *message, unsigned char *room,
		    size_t extra)
{
	copy->msg_hdr = (struct msghdr){ .msg_iov = message->msg_iov,
					 .msg_iovlen = message->msg_iovlen,
					 .msg_name = room,
					 .msg_namelen = name_length(message),
					 .msg_control = room + NAME_ROOM,
					 .msg_controllen = program_room(message) + extra };
}

static int receive_messages(int fd, struct helped *helped, uint64_t salt, struct mmsghdr *messages,
			    unsigned int count, int flags, struct timespec *timeout,
			    recvmmsg_call *next)
{
	CONTROL_BUFFER(stack, CONTROL_STACK);
	size_t extra = helped_is(helped, HELPED_MORE_CONTROL) ? CONTROL_KERNEL : CONTROL_VECTOR;
	unsigned char *scratch = scratch_take(), *start = scratch ? scratch : stack;
	unsigned char *room = start + (scratch ? SCRATCH_SIZE : sizeof(stack));
	struct mmsghdr *copies = (struct mmsghdr *)(void *)start;
	struct before before = remember_before(helped, salt);
	unsigned int fitting;
	int n;

	source_begin_receive();
	/* Headers grow from the start, names and control data down from the end. */
	for (fitting = 0; fitting < count; fitting++) {
		const struct msghdr *message = &messages[fitting].msg_hdr;
		size_t need = NAME_ROOM + program_room(message) + extra;

		if ((size_t)(room - (unsigned char *)&copies[fitting]) < sizeof(*copies) + need)
			break;
		room -= need;
		prepare(&copies[fitting], message, room, extra);
	}
	if (unlikely(!fitting && count)) {
		if (scratch)
			scratch_give();
		return receive_first(fd, helped, salt, messages, flags);
	}
	n = guarded_recvmmsg(fd, &helped, &before, copies, fitting, flags, timeout, next);
	if (n > 0)
		learn_all(fd, helped, before.salt, copies, (unsigned int)n, flags);
	for (int i = 0; i < n; i++) {
		give_message(wanted_after(helped, &before), &messages[i].msg_hdr,
			     &copies[i].msg_hdr);
		messages[i].msg_len = copies[i].msg_len;
	}
	if (n > 0 && extra == CONTROL_KERNEL && is_pktinfo_alone(&copies[0].msg_hdr))
		helped_mark(helped, HELPED_MORE_CONTROL, false);
	if (scratch)
		scratch_give();
	if (unlikely(n < 0 && !helped))
		return next(fd, messages, count, flags, timeout);
	return n;
}

int receive_vector(int fd, struct mmsghdr *messages, unsigned int count, int flags,
		   struct timespec *timeout, recvmmsg_call *next)
{
	uint64_t salt;
	struct helped *helped = socket_find_wildcard(fd, &salt);
	int n;

	if (helped)
		return receive_messages(fd, helped, salt, messages, count, flags, timeout, next);
	n = next(fd, messages, count, flags, timeout);
	for (int i = 0; i < n; i++)
		if (messages[i].msg_hdr.msg_controllen ||
		    messages[i].msg_hdr.msg_flags & MSG_CTRUNC)
			receive_plain(fd, &messages[i].msg_hdr);
	return n;
}
