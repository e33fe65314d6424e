// SPDX-License-Identifier: MIT
// Control (ancillary) data: walking it, and hiding what the program did not ask for.

#include <netinet/in.h>
#include <string.h>

#include "wire/cmsg.h"
#include "wire/pktinfo.h"

struct cmsghdr *control_next(const void *control, size_t length, size_t *offset)
{
	struct cmsghdr *header;

	if (!control || length < sizeof(*header) || *offset > length - sizeof(*header))
		return NULL;
	header = (struct cmsghdr *)((uintptr_t)control + *offset);
	if (header->cmsg_len < sizeof(*header) || header->cmsg_len > length - *offset)
		return NULL;
	*offset += CMSG_ALIGN(header->cmsg_len);
	return header;
}

int control_deliver(struct msghdr *to, const struct msghdr *from, unsigned int hidden)
{
	unsigned char *into = to->msg_control;
	size_t room = to->msg_controllen, offset = 0;
	struct cmsghdr *header, begin;
	int flags = 0;

	while ((header = control_next(from->msg_control, from->msg_controllen, &offset))) {
		size_t length = header->cmsg_len;
		size_t space = CMSG_ALIGN(length);

		if (pktinfo_kind(header) & hidden)
			continue;
		if (!into || room < sizeof(*header)) {
			flags |= MSG_CTRUNC;
			continue;
		}
		if (room < length) {
			flags |= MSG_CTRUNC;
			length = room;
		}
		if (space > room)
			space = room;
		begin = *header;
		begin.cmsg_len = length;
		memcpy(into, &begin, sizeof(begin));
		memmove(into + sizeof(begin), header + 1, length - sizeof(begin));
		into += space;
		room -= space;
	}
	to->msg_controllen -= room;
	return flags;
}

bool control_appendable(const void *control, size_t length, size_t *end)
{
	struct cmsghdr *header;

	*end = 0;
	if (!control && length)
		return false;
	while ((header = control_next(control, length, end)))
		if (pktinfo_is_source(header))
			return false;
	/*
	 * Less than a header is left: the kernel does not look at it, but for a 32-bit program on a
	 * 64-bit kernel (cmsghdr_from_user_compat_to_kern()). More: it answers EINVAL.
	 */
	return *end >= length || (sizeof(void *) > 4 && length - *end < sizeof(*header));
}
