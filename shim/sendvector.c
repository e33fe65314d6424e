// SPDX-License-Identifier: MIT
// Sending many messages at once from given local addresses.

#include <limits.h>
#include <netinet/in.h>

#include "control.h"
#include "libc.h"
#include "scratch.h"
#include "send.h"

/* A vector: those with a source as copies, the others as they are. Returns how many fit. */
static unsigned int prepare(int fd, struct helped *helped, uint64_t salt, struct mmsghdr *copies,
			    unsigned char *room, const struct mmsghdr *messages, unsigned int count,
			    struct route *attached)
{
	struct route route = { .salt = salt };
	unsigned int i;
	size_t end;

	for (i = 0; i < count; i++) {
		const struct msghdr *message = &messages[i].msg_hdr;

		if ((size_t)(room - (unsigned char *)&copies[i]) < sizeof(*copies))
			break;
		copies[i] = messages[i];
		if (!send_route(fd, &route, helped, message->msg_name, message->msg_namelen) ||
		    !control_appendable(message->msg_control, message->msg_controllen, &end))
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

/* One message of a vector that stopped there, alone: the kernel does not tell why it did. */
static ssize_t send_alone(int fd, struct helped *helped, uint64_t salt, struct mmsghdr *message,
			  int flags)
{
	struct route route = { .salt = salt };
	ssize_t n;

	if (!send_route(fd, &route, helped, message->msg_hdr.msg_name,
			message->msg_hdr.msg_namelen))
		return -1;
	n = send_from(fd, &route, &message->msg_hdr, flags);
	if (n >= 0)
		message->msg_len = (unsigned int)n;
	return n;
}

int send_messages(int fd, struct helped *helped, uint64_t salt, struct mmsghdr *messages,
		  unsigned int count, int flags)
{
	_Alignas(struct cmsghdr) unsigned char stack[CONTROL_STACK];
	unsigned char *scratch = scratch_take(), *start = scratch ? scratch : stack;
	unsigned char *end = start + (scratch ? SCRATCH_SIZE : sizeof(stack));
	struct mmsghdr *copies = (struct mmsghdr *)(void *)start;
	unsigned int done = 0;
	int e = errno, n = 0;

	if (count > IOV_MAX)
		count = IOV_MAX; /* __sys_sendmmsg() */
	while (done < count) {
		struct route attached = { .local.ifindex = 0 };
		unsigned int fitting = prepare(fd, helped, salt, copies, end, messages + done,
					       count - done, &attached);

		if (!fitting)
			fitting = 1; /* its control data is beyond all bounds: as it is */
		n = libc.sendmmsg(fd, local_is_usable(attached.local) ? copies : messages + done,
				  fitting, flags);
		for (int i = 0; local_is_usable(attached.local) && i < n; i++, done++) {
			struct mmsghdr *message = &messages[done];

			message->msg_len = copies[i].msg_len;
			if (message->msg_hdr.msg_control != copies[i].msg_hdr.msg_control)
				source_count(COUNTER_sourced);
		}
		if (!local_is_usable(attached.local) && n > 0)
			done += (unsigned int)n;
		else if (!helped && n > 0 && attached.adopts)
			send_adopt(fd, &attached);
		if (n == (int)fitting)
			continue;
		/* Stopped at a message; if that had a source of ours, it may be the reason. */
		if (done == count || !local_is_usable(attached.local) ||
		    (n < 0 && !send_is_source_error()) ||
		    !send_is_refused(fd, &copies[n > 0 ? n : 0].msg_hdr, flags) ||
		    send_alone(fd, helped, salt, &messages[done], flags) < 0)
			break;
		done++;
	}
	if (scratch)
		scratch_give();
	if (!done)
		return count ? -1 : libc.sendmmsg(fd, messages, count, flags);
	errno = e;
	return (int)done;
}
