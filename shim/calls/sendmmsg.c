// SPDX-License-Identifier: MIT
// Sending many messages at once from given local addresses.

#include <limits.h>
#include <netinet/in.h>

#include "base/memory.h"
#include "base/scratch.h"
#include "calls/refused.h"
#include "calls/send.h"
#include "calls/sendmmsg.h"
#include "libc/libc.h"

/* The messages of a call, from the one on that is sent next. */
struct vector {
	struct tracked *tracked;
	uint64_t salt;
	struct mmsghdr *messages;
	unsigned int count;
};

static bool find_route(int fd, struct route *route, const struct vector *vector,
		       const struct msghdr *message)
{
	route->salt = vector->salt;
	return send_can_read(message->msg_name, message->msg_namelen) &&
	       send_route(fd, route, vector->tracked, message->msg_name, message->msg_namelen);
}

/*
 * Copies a vector into an area: those with a source get that, the others stay as they are. Returns
 * how many fit; `attached` is then one of the sources, or has none.
 */
static unsigned int prepare_vector(int fd, const struct vector *vector,
				   const struct scratch *scratch, struct route *attached)
{
	struct mmsghdr *copies = (struct mmsghdr *)(void *)scratch->start;
	unsigned char *room = scratch->start + scratch->size;
	struct route route;
	unsigned int i;
	size_t end;

	attached->local = (struct local){ .ifindex = 0 };
	for (i = 0; i < vector->count; i++) {
		const struct msghdr *message = &vector->messages[i].msg_hdr;

		if ((size_t)(room - (unsigned char *)&copies[i]) < sizeof(*copies))
			break;
		copies[i] = vector->messages[i];
		if (!find_route(fd, &route, vector, message) || !send_can_append(message, &end))
			continue;
		if ((size_t)(room - (unsigned char *)&copies[i + 1]) < end + CONTROL_SOURCE)
			break;
		room -= end + CONTROL_SOURCE;
		copies[i].msg_hdr.msg_control = room;
		copies[i].msg_hdr.msg_controllen = send_append_source(room, message, end, &route);
		if (!local_is_usable(attached->local))
			*attached = route; /* and so it is in the first message that is sent */
	}
	return i;
}

/* How much room a vector needs; control data beyond the most has no room anyway. */
static size_t room_for_vector(const struct vector *vector)
{
	size_t need = 0;

	for (unsigned int i = 0; i < vector->count && need < SCRATCH_MOST; i++) {
		size_t control = vector->messages[i].msg_hdr.msg_controllen;

		need += sizeof(*vector->messages) + CONTROL_SOURCE;
		need += control < SCRATCH_MOST ? CMSG_ALIGN(control) : 0;
	}
	return need;
}

static unsigned int prepare_vector_in_area(int fd, const struct vector *vector,
					   struct scratch *scratch, struct route *attached)
{
	unsigned int fitting = prepare_vector(fd, vector, scratch, attached);
	size_t size;

	if (likely(fitting == vector->count))
		return fitting;
	size = room_for_vector(vector);
	if (scratch->size >= (size < SCRATCH_MOST ? size : SCRATCH_MOST))
		return fitting;
	scratch_give(scratch);
	return scratch_take(scratch, size) ? prepare_vector(fd, vector, scratch, attached) : 0;
}

/* Returns true if the copy of a message has a source attached. */
static bool has_source(const struct vector *vector, const struct mmsghdr *copies, unsigned int i)
{
	return vector->messages[i].msg_hdr.msg_control != copies[i].msg_hdr.msg_control;
}

/* Gives the program the lengths of the copies that the kernel sent, and counts their sources. */
static void count_sent(const struct vector *vector, const struct mmsghdr *copies,
		       unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		vector->messages[i].msg_len = copies[i].msg_len;
		if (has_source(vector, copies, i))
			source_count(COUNTER_sourced);
	}
}

/* The result of one kernel call. */
struct part {
	struct route attached; /* one of the sources, or none */
	unsigned int tried;    /* how many messages the kernel was given */
	unsigned int count;    /* how many of them it sent */
	bool refused;	       /* the source of the next one, which is to be sent alone */
};

/* Sends a part of the vector in one kernel call. The kernel does not tell why it stops. */
static __attribute__((noinline)) void send_part(int fd, const struct vector *vector, int flags,
						struct scratch *scratch, struct part *part)
{
	struct mmsghdr *copies = vector->messages;
	int n;

	part->refused = false;
	part->tried = prepare_vector_in_area(fd, vector, scratch, &part->attached);
	if (unlikely(!part->tried)) {
		/* A signal handler took the last area, or the control data is beyond all bounds. */
		part->refused = !scratch->area;
		part->tried = 1;
		part->attached.local = (struct local){ .ifindex = 0 };
	}
	if (local_is_usable(part->attached.local))
		copies = (struct mmsghdr *)(void *)scratch->start;
	n = unlikely(part->refused) ? 0 : libc.sendmmsg(fd, copies, part->tried, flags);
	part->count = n < 0 ? 0 : (unsigned int)n;
	if (copies == vector->messages)
		return;
	count_sent(vector, copies, part->count);
	if (part->count == part->tried || !has_source(vector, copies, part->count))
		return;
	if (n >= 0)
		part->refused = send_would_be_refused(fd, &copies[part->count].msg_hdr, flags);
	else
		part->refused = send_is_source_error() &&
				send_is_refused(fd, &copies[part->count].msg_hdr, flags);
}

int send_messages(int fd, struct tracked *tracked, uint64_t salt, struct mmsghdr *messages,
		  unsigned int count, int flags)
{
	struct vector vector = { tracked, salt, messages, 0 };
	unsigned int known, done = 0;
	struct scratch scratch;
	struct part part;
	int e = errno;
	bool sent;

	if (count > IOV_MAX)
		count = IOV_MAX; /* __sys_sendmmsg() */
	/* The kernel stops at one that can't be read, and says nothing of it but for the first. */
	known = memory_elements(messages, sizeof(*messages), count, false);
	if (!known)
		return libc.sendmmsg(fd, messages, count, flags);
	scratch_take(&scratch, SCRATCH_STATIC / 2);
	do {
		vector.messages = messages + done;
		vector.count = known - done;
		part.refused = !scratch.area;
		part.count = part.tried = 0;
		if (likely(scratch.area)) {
			send_part(fd, &vector, flags, &scratch, &part);
			done += part.count;
			if (part.count && !tracked && local_is_usable(part.attached.local) &&
			    part.attached.adopts)
				send_adopt(fd, &part.attached);
		}
		sent = part.count == part.tried;
		if (unlikely(part.refused)) {
			/* The area may be needed for that. */
			if (scratch.area)
				scratch_give(&scratch);
			part.attached.salt = salt;
			sent = send_alone(fd, messages + done, tracked, &part.attached, flags);
			done += sent;
			scratch_take(&scratch, SCRATCH_STATIC / 2);
		}
	} while (sent && done < known);
	if (likely(scratch.area != NULL))
		scratch_give(&scratch);
	if (!done)
		return -1;
	errno = e;
	return (int)done;
}
