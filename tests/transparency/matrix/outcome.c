// SPDX-License-Identifier: MIT
// One receiving call on both sides, and everything it changed, byte for byte.

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outcome.h"

enum { PATTERN = 0xa5, GUARD = 24, ALIGNMENT = 16, UNTOUCHED_ERRNO = 4095, SHOWN = 3 };
enum { ARENA = 24 << 20 };

unsigned long combinations, differences;
unsigned int reports_left;

/* All the memory a call is given, in one piece: headers first. Both sides get the same addresses.
 */
static _Alignas(64) unsigned char arena[ARENA], kept[ARENA];

struct layout {
	struct mmsghdr *messages; /* of which recvmsg() takes the first */
	socklen_t *name_length;	  /* of recvfrom() */
	struct timespec *timeout;
	size_t used;
};

static void *claim(struct layout *layout, size_t size)
{
	void *place = arena + layout->used;

	layout->used += (size + GUARD + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (layout->used > sizeof(arena)) {
		fputs("a shape is larger than the arena\n", stderr);
		exit(1);
	}
	return place;
}

static void lay_out_message(struct layout *layout, struct mmsghdr *message,
			    const struct shape *shape)
{
	struct iovec *vector = claim(layout, sizeof(*vector));
	unsigned char *name = claim(layout, shape->name);
	unsigned char *control = claim(layout, shape->control + 1);
	unsigned char *payload = claim(layout, shape->payload);

	vector->iov_base = shape->no_payload ? NULL : payload;
	vector->iov_len = shape->payload_claimed ? shape->payload_claimed : shape->payload;
	message->msg_hdr.msg_name = shape->no_name ? NULL : name;
	message->msg_hdr.msg_namelen =
		shape->name_claimed ? shape->name_claimed : (socklen_t)shape->name;
	message->msg_hdr.msg_iov = vector;
	message->msg_hdr.msg_iovlen = 1;
	message->msg_hdr.msg_control = shape->no_control ? NULL : control + shape->misaligned;
	message->msg_hdr.msg_controllen = shape->control;
}

static struct layout lay_out(const struct shape *shape)
{
	unsigned int places = shape->count ? shape->count : 1;
	struct layout layout = { 0 };
	size_t each = sizeof(struct iovec) + shape->name + shape->control + 1 + shape->payload +
		      4 * (GUARD + ALIGNMENT);

	memset(arena, PATTERN,
	       (sizeof(struct mmsghdr) + each) * places + 3 * (GUARD + ALIGNMENT) + 64);
	layout.messages = claim(&layout, places * sizeof(*layout.messages));
	layout.name_length = claim(&layout, sizeof(*layout.name_length));
	layout.timeout = claim(&layout, sizeof(*layout.timeout));
	for (unsigned int i = 0; i < places; i++)
		lay_out_message(&layout, &layout.messages[i], shape);
	*layout.name_length = layout.messages->msg_hdr.msg_namelen;
	if (shape->timeout)
		*layout.timeout = *shape->timeout;
	return layout;
}

static long call(const struct side *side, int fd, const struct shape *shape,
		 const struct layout *layout)
{
	struct msghdr *message = &layout->messages->msg_hdr;
	struct sockaddr *name = message->msg_name;
	socklen_t *length = shape->no_name_length ? NULL : layout->name_length;
	void *payload = message->msg_iov->iov_base;
	size_t size = message->msg_iov->iov_len;

	switch (shape->call) {
	case CALL_RECVMSG:
		return side->recvmsg(fd, message, shape->flags);
	case CALL_RECVMMSG:
		return side->recvmmsg(fd, layout->messages, shape->count, shape->flags,
				      shape->timeout ? layout->timeout : NULL);
	case CALL_RECVFROM:
		return side->recvfrom(fd, payload, size, shape->flags, name, length);
	case CALL_RECV:
		return side->recv(fd, payload, size, shape->flags);
	case CALL_RECVFROM_CHECKED:
		return side->recvfrom_checked(fd, payload, size, shape->flags, name, length);
	case CALL_RECV_CHECKED:
		return side->recv_checked(fd, payload, size, shape->flags);
	case CALLS:
		break;
	}
	abort();
}

static bool is_timestamp(const struct cmsghdr *header)
{
	static const int types[] = {
		SO_TIMESTAMP,
		SO_TIMESTAMPNS,
		SO_TIMESTAMPING,
		/* and their forms with 64 bits on every machine */
		63,
		64,
		65,
	};

	for (size_t i = 0; header->cmsg_level == SOL_SOCKET && i < sizeof(types) / sizeof(*types);
	     i++)
		if (header->cmsg_type == types[i])
			return true;
	return false;
}

/* The time of arrival, the first (and only set) one of SO_TIMESTAMPING's three. */
static void mask_timestamps(const struct msghdr *message, size_t room)
{
	unsigned char *control = message->msg_control;
	size_t length = message->msg_controllen, offset = 0;
	struct cmsghdr header;

	if (!control || length > room)
		return;
	while (length - offset >= sizeof(header)) {
		size_t masked = sizeof(struct timespec);

		memcpy(&header, control + offset, sizeof(header));
		if (header.cmsg_len < sizeof(header) || header.cmsg_len > length - offset)
			return;
		if (masked > header.cmsg_len - CMSG_LEN(0))
			masked = header.cmsg_len - CMSG_LEN(0);
		if (is_timestamp(&header))
			memset(control + offset + CMSG_LEN(0), 0, masked);
		offset += CMSG_ALIGN(header.cmsg_len);
		if (offset > length)
			return;
	}
}

/* What is left of a timeout is the clock's, that it was written is not. */
static void mask_timeout(const struct layout *layout, const struct shape *shape)
{
	const struct timespec *given = shape->timeout;
	struct timespec *left = layout->timeout;

	if (given && memcmp(given, left, sizeof(*left)) && left->tv_nsec < 1000000000 &&
	    (left->tv_sec < given->tv_sec || left->tv_nsec < given->tv_nsec))
		memset(left, 0, sizeof(*left));
}

static long perform(const struct pair *pair, int side, const struct shape *shape,
		    struct layout *layout, int *error)
{
	long result;

	*layout = lay_out(shape);
	errno = UNTOUCHED_ERRNO;
	result = call(sides[side], pair->fd[side], shape, layout);
	*error = errno;
	for (unsigned int i = 0; i < shape->count || !i; i++)
		mask_timestamps(&layout->messages[i].msg_hdr, shape->control);
	mask_timeout(layout, shape);
	return result;
}

void differ(const struct pair *pair, const char *format, ...)
{
	va_list list;

	differences++;
	if (!reports_left)
		return;
	reports_left--;
	fprintf(stderr, "%s: ", pair ? pair_describe(pair) : "no pair");
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

static void explain(const struct pair *pair, const struct shape *shape, const long results[SIDES],
		    const int errors[SIDES], const struct layout *layout)
{
	static const char *const names[CALLS] = { "recvmsg", "recvmmsg",       "recvfrom",
						  "recv",    "__recvfrom_chk", "__recv_chk" };
	bool shown = reports_left > 0;
	size_t at = 0;

	while (at < layout->used && arena[at] == kept[at])
		at++;
	differ(pair,
	       "%s count %u flags %#x, room: name %zu%s, payload %zu%s (said: %zu), control %zu%s: "
	       "kernel %ld (errno %d), library %ld (errno %d), byte %zu of %zu",
	       names[shape->call], shape->count, (unsigned int)shape->flags, shape->name,
	       shape->no_name ? " NULL" : "", shape->payload, shape->no_payload ? " NULL" : "",
	       shape->payload_claimed, shape->control, shape->no_control ? " NULL" : "",
	       results[KERNEL], errors[KERNEL], results[LIBRARY], errors[LIBRARY], at,
	       layout->used);
	for (unsigned int i = 0; shown && i < shape->count && i < SHOWN; i++) {
		const struct msghdr *now = &layout->messages[i].msg_hdr;
		const struct msghdr *was = &((const struct mmsghdr *)(const void *)kept)[i].msg_hdr;

		fprintf(stderr, "\tmessage %u: flags %#x %#x, namelen %u %u, controllen %zu %zu\n",
			i, (unsigned int)was->msg_flags, (unsigned int)now->msg_flags,
			was->msg_namelen, now->msg_namelen, (size_t)was->msg_controllen,
			(size_t)now->msg_controllen);
	}
}

long compare(const struct pair *pair, const struct shape *shape)
{
	struct layout layout;
	long results[SIDES];
	int errors[SIDES];

	results[KERNEL] = perform(pair, KERNEL, shape, &layout, &errors[KERNEL]);
	memcpy(kept, arena, layout.used);
	results[LIBRARY] = perform(pair, LIBRARY, shape, &layout, &errors[LIBRARY]);
	combinations++;
	if (results[KERNEL] != results[LIBRARY] || errors[KERNEL] != errors[LIBRARY] ||
	    memcmp(kept, arena, layout.used))
		explain(pair, shape, results, errors, &layout);
	return results[KERNEL];
}
