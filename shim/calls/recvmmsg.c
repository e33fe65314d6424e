// SPDX-License-Identifier: MIT
// Receiving many messages at once on a tracked socket.

#include "calls/delivery.h"
#include "calls/receive.h"
#include "calls/recvmmsg.h"
#include "libc/libc.h"

enum { NAME_ROOM = 32, LEARN_AT_ONCE = 16 };
_Static_assert(sizeof(struct sockaddr_in6) <= NAME_ROOM, "padded for the control data behind it");

static int guarded_recvmmsg(int fd, struct tracked **tracked, uint64_t *salt,
			    struct recv_ctx *recv_ctx, struct mmsghdr *messages, unsigned int count,
			    int flags, struct timespec *timeout, recvmmsg_call *next)
{
	int n;

	n = next(fd, messages, count, flags | guard_flag(), timeout);
	if (likely(n >= 0) || !refuses_guard(flags))
		return n;
	*tracked = socket_classify(fd, salt);
	if (!*tracked)
		errno = recv_ctx->error; /* the program's own call follows */
	if (!*tracked || !receive_guard_refused(fd))
		return n;
	errno = recv_ctx->error;
	*recv_ctx = recv_ctx_begin(*tracked);
	return next(fd, messages, count, flags, timeout);
}

/* Timestamps would come with every datagram; what comes now and then finds room all the same. */
static bool is_pktinfo_alone(const struct msghdr *received)
{
	return received->msg_controllen <= CONTROL_PKTINFO && !(received->msg_flags & MSG_CTRUNC);
}

/* Knowledge from one of many datagrams; all are looked up before the first is stored. */
struct pending {
	struct learned learned;
	struct looked_up looked_up;
};

/* Room for what one kernel call receives: in a scratch area, or a little on the stack. */
struct batch {
	struct pending *pending;
	struct mmsghdr *copies; /* grow from the start, names and control data down from the end */
	unsigned char *end;
	size_t extra; /* control data that the program does not see */
};

static inline __attribute__((always_inline)) void
read_datagram(struct pending *pending, uint64_t salt, const struct msghdr *received, int flags)
{
	struct learned *learned = &pending->learned;

	if (unlikely(flags & (MSG_ERRQUEUE | MSG_PEEK)) ||
	    unlikely(!learned_read_fast(&learned->peer, &learned->local, received))) {
		learned->kind = LEARNED_NOTHING;
		learned_read(learned, received, flags);
		return;
	}
	learned->kind = LEARNED_LOOKED_UP;
	pending->looked_up = source_look_up(salt, learned->peer);
}

/* Some at a time: while the first is remembered, the entries of the others are on their way. */
static __attribute__((noinline)) void learn_batch(int fd, struct tracked *tracked, uint64_t salt,
						  const struct batch *batch, unsigned int count,
						  int flags)
{
	struct pending *pending = batch->pending;

	for (unsigned int first = 0; first < count; first += LEARN_AT_ONCE) {
		const struct mmsghdr *received = &batch->copies[first];
		unsigned int size = count - first < LEARN_AT_ONCE ? count - first : LEARN_AT_ONCE;

		for (unsigned int i = 0; i < size; i++)
			read_datagram(&pending[i], salt, &received[i].msg_hdr, flags);
		for (unsigned int i = 0; i < size; i++) {
			const struct learned *learned = &pending[i].learned;

			if (unlikely(learned->kind != LEARNED_LOOKED_UP)) {
				if (learned->kind)
					learned_store(fd, tracked, salt, learned);
			} else if (unlikely(!source_learn_fast(tracked, salt, pending[i].looked_up,
							       &learned->peer, learned->local))) {
				source_learn_slow(fd, tracked, salt, &learned->peer,
						  learned->local);
			}
		}
	}
}

/*
 * Returns true if the kernel gets the program's own room for the address, to write it or to refuse
 * it.
 */
static inline bool is_name_direct(const struct tracked *tracked, const struct msghdr *message)
{
	return likely(is_room_for_name(tracked, message->msg_name, message->msg_namelen)) ||
	       is_name_bad(tracked, message);
}

/* A message that the kernel answers with EFAULT when it comes to it. */
static void make_bad_message(struct mmsghdr *copy)
{
	*copy = (struct mmsghdr){ .msg_hdr = { .msg_iov = (struct iovec *)sizeof(void *),
					       .msg_iovlen = 1 } };
}

/*
 * Copies messages as the kernel shall see them, as many as fit. `known` of them can be read; one
 * more is there if the program says so, and the kernel finds out that it is not. At least one is
 * copied, if need be with less room for control data than the program has.
 */
static unsigned int prepare_batch(const struct batch *batch, const struct tracked *tracked,
				  const struct mmsghdr *messages, unsigned int known,
				  unsigned int count)
{
	unsigned char *room = batch->end;
	unsigned int i;

	for (i = 0; i < known; i++) {
		const struct msghdr *message = &messages[i].msg_hdr;
		struct msghdr *copy = &batch->copies[i].msg_hdr;
		size_t control = program_room(message) + batch->extra;
		bool direct = is_name_direct(tracked, message);
		size_t left = (size_t)(room - (unsigned char *)copy);
		size_t need = sizeof(*batch->copies) + (direct ? 0 : NAME_ROOM);

		if (unlikely(left < need + control)) {
			if (i)
				return i;
			control = (left - need) & ~(sizeof(size_t) - 1);
		}
		room -= control;
#ifndef __GLIBC__
		*copy = (struct msghdr){ 0 }; /* MESSAGE() */
#endif
		copy->msg_control = room;
		copy->msg_controllen = control;
		copy->msg_iov = message->msg_iov;
		copy->msg_iovlen = message->msg_iovlen;
		copy->msg_flags = 0;
		if (likely(direct)) {
			copy->msg_name = message->msg_name;
			copy->msg_namelen = length_of_name(message->msg_namelen);
		} else {
			room -= NAME_ROOM;
			copy->msg_name = room;
			copy->msg_namelen = sizeof(struct sockaddr_in6);
		}
	}
	if (unlikely(known < count &&
		     (size_t)(room - (unsigned char *)&batch->copies[i]) >= sizeof(*batch->copies)))
		make_bad_message(&batch->copies[i++]);
	return i;
}

/* How much room the messages need. */
static size_t room_for_batch(const struct mmsghdr *messages, unsigned int known, size_t extra)
{
	size_t need = LEARN_AT_ONCE * sizeof(struct pending) + sizeof(*messages);

	for (unsigned int i = 0; i < known && need < SCRATCH_MOST; i++)
		need += sizeof(*messages) + NAME_ROOM + extra + program_room(&messages[i].msg_hdr);
	return need;
}

static void divide_area(struct batch *batch, const struct scratch *scratch)
{
	batch->pending = (struct pending *)(void *)scratch->start;
	batch->copies = (struct mmsghdr *)(void *)(batch->pending + LEARN_AT_ONCE);
	batch->end = scratch->start + scratch->size;
}

/*
 * Room for those messages. If an area is too small and there is memory, a larger one is taken:
 * then it is this thread's for the next calls, too.
 */
static unsigned int prepare_batch_in_area(struct batch *batch, struct scratch *scratch,
					  const struct tracked *tracked,
					  const struct mmsghdr *messages, unsigned int known,
					  unsigned int count)
{
	unsigned int fitting;
	size_t size;

	divide_area(batch, scratch);
	fitting = prepare_batch(batch, tracked, messages, known, count);
	if (likely(fitting >= known))
		return fitting;
	size = room_for_batch(messages, known, batch->extra);
	if (scratch->size >= (size < SCRATCH_MOST ? size : SCRATCH_MOST))
		return fitting;
	scratch_give(scratch);
	if (!scratch_take(scratch, size))
		return 0;
	divide_area(batch, scratch);
	return prepare_batch(batch, tracked, messages, known, count);
}

/* A call of the program, and how far it came. */
struct call {
	struct tracked *tracked;
	uint64_t salt;
	struct recv_ctx recv_ctx;
	struct mmsghdr *messages; /* those that are next */
	unsigned int wanted, known, prepared;
	struct timespec *timeout;
	recvmmsg_call *next;
	struct scratch scratch;
	struct batch batch;
};

/* Receives what was prepared, and gives it to the program. */
static inline int receive_batch(int fd, struct call *call, const struct batch *batch,
				unsigned int count, int flags)
{
	int n = guarded_recvmmsg(fd, &call->tracked, &call->salt, &call->recv_ctx, batch->copies,
				 count, flags, call->timeout, call->next);

	for (int i = 0; i < n; i++) {
		struct mmsghdr *message = &call->messages[i];

		give_message(recv_ctx_wanted(call->tracked, &call->recv_ctx), &message->msg_hdr,
			     &batch->copies[i].msg_hdr);
		message->msg_len = batch->copies[i].msg_len;
	}
	return n;
}

/* One message alone: there is no area. */
static __attribute__((noinline)) int receive_single(int fd, struct call *call, int flags,
						    struct learned *learned)
{
	enum { SMALL = sizeof(struct mmsghdr) + NAME_ROOM + CONTROL_STACK };
	_Alignas(struct mmsghdr) unsigned char small[SMALL];
	struct batch batch = { .copies = (struct mmsghdr *)(void *)small,
			       .end = small + sizeof(small),
			       .extra = call->batch.extra };
	int n;

	prepare_batch(&batch, call->tracked, call->messages, 1, 1);
	n = receive_batch(fd, call, &batch, 1, flags);
	if (n > 0)
		learned_read(learned, &batch.copies->msg_hdr, flags);
	return n;
}

static __attribute__((noinline)) int receive_without_area(int fd, struct call *call, int flags)
{
	struct learned learned;
	int n;

	learned.kind = LEARNED_NOTHING;
	n = receive_single(fd, call, flags, &learned);
	call->prepared = 1;
	if (n > 0 && learned.kind)
		learned_store(fd, call->tracked, call->salt, &learned);
	return n;
}

/* Receives messages into the area, if there is one. */
static __attribute__((noinline)) int receive_into_area(int fd, struct call *call, int flags)
{
	bool more = tracked_is(call->tracked, TRACKED_MORE_CONTROL);
	int n;

	call->batch.extra = more ? CONTROL_KERNEL : CONTROL_VECTOR;
	call->prepared = 0;
	if (likely(call->scratch.area))
		call->prepared = prepare_batch_in_area(&call->batch, &call->scratch, call->tracked,
						       call->messages, call->known, call->wanted);
	if (unlikely(!call->prepared))
		return 0;
	n = receive_batch(fd, call, &call->batch, call->prepared, flags);
	if (n > 0 && more && is_pktinfo_alone(&call->batch.copies[0].msg_hdr))
		tracked_mark(call->tracked, TRACKED_MORE_CONTROL, false);
	return n;
}

static inline int receive_some(int fd, struct call *call, int flags)
{
	int n;

	call->known = memory_elements(call->messages, sizeof(*call->messages), call->wanted, true);
	if (unlikely(!call->known))
		return -1;
	n = receive_into_area(fd, call, flags);
	if (unlikely(!call->prepared))
		return receive_without_area(fd, call, flags);
	if (n > 0)
		learn_batch(fd, call->tracked, call->salt, &call->batch, (unsigned int)n, flags);
	return n;
}

/* Returns true if the time is over; the kernel writes how much is left. */
static bool timeout_is_over(const struct timespec *timeout)
{
	return timeout && !timeout->tv_sec && !timeout->tv_nsec;
}

/*
 * One kernel call if there is memory, else some, each with what the one call would do after the
 * messages that are there: wait no longer with MSG_WAITFORONE, end when the time is over. An error
 * is left out when there are messages.
 */
static inline int receive_messages(int fd, struct tracked *tracked, uint64_t salt,
				   struct mmsghdr *messages, unsigned int count, int flags,
				   struct timespec *timeout, recvmmsg_call *next)
{
	enum { AT_ONCE = 1024 };
	struct call call;
	unsigned int left = count;
	int n;

	source_begin_receive(fd, tracked);
	call.tracked = tracked;
	call.salt = salt;
	call.recv_ctx = recv_ctx_begin(tracked);
	call.messages = messages;
	call.timeout = timeout;
	call.next = next;
	scratch_take(&call.scratch, SCRATCH_STATIC / 2);
	do {
		call.wanted = left < AT_ONCE ? left : AT_ONCE;
		n = receive_some(fd, &call, flags);
		if (n <= 0)
			break;
		call.messages += n;
		left -= (unsigned int)n;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
	} while (unlikely((unsigned int)n == call.prepared && left && !timeout_is_over(timeout)));
	if (likely(call.scratch.area != NULL))
		scratch_give(&call.scratch);
	if (likely(left < count)) {
		if (unlikely(n < 0))
			errno = call.recv_ctx.error;
		return (int)(count - left);
	}
	/* No message can be read, or the socket is none of ours any more: the kernel says why. */
	return call.known && call.tracked ? n : next(fd, messages, count, flags, timeout);
}

int receive_vector(int fd, struct mmsghdr *messages, unsigned int count, int flags,
		   struct timespec *timeout, recvmmsg_call *next)
{
	uint64_t salt;
	struct tracked *tracked = socket_find_wildcard(fd, &salt);
	int n;

	if (tracked)
		return receive_messages(fd, tracked, salt, messages, count, flags, timeout, next);
	n = next(fd, messages, count, flags, timeout);
	for (int i = 0; i < n; i++)
		if (messages[i].msg_hdr.msg_controllen ||
		    messages[i].msg_hdr.msg_flags & MSG_CTRUNC)
			receive_plain(fd, &messages[i].msg_hdr);
	return n;
}
