// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: any bytes as control data, from the kernel and from the program. Buffers are of
 * exactly their size, so that the address sanitizer sees each byte too many; what is delivered is
 * compared with a put_cmsg() written down once more after net/core/scm.c.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/cmsg.h"
#include "wire/pktinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 512, PATTERN = 0x5a };

static void must(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* put_cmsg(): what a buffer of `room` bytes gets, and what is left of it. */
static int put(unsigned char **into, size_t *room, const struct cmsghdr *header)
{
	size_t length = header->cmsg_len, space = CMSG_ALIGN(length);
	struct cmsghdr cut = *header;
	int flags = 0;

	if (!*into || *room < sizeof(cut))
		return MSG_CTRUNC;
	if (*room < length) {
		flags = MSG_CTRUNC;
		length = *room;
	}
	cut.cmsg_len = length;
	memcpy(*into, &cut, sizeof(cut));
	memcpy(*into + sizeof(cut), CMSG_DATA(header), length - sizeof(cut));
	if (space > *room)
		space = *room;
	*into += space;
	*room -= space;
	return flags;
}

static void deliver(const unsigned char *kernel, size_t length, size_t room, unsigned int hidden)
{
	unsigned char *program = malloc(room), *expected = malloc(room), *at = expected;
	struct msghdr from = { .msg_control = (void *)(uintptr_t)kernel, .msg_controllen = length };
	struct msghdr to = { .msg_control = program, .msg_controllen = room };
	size_t left = room, offset = 0;
	struct cmsghdr *header;
	int flags, wanted = 0;

	memset(program, PATTERN, room);
	memset(expected, PATTERN, room);
	flags = control_deliver(&to, &from, hidden);
	while ((header = control_next(kernel, length, &offset)))
		if (!(pktinfo_kind(header) & hidden))
			wanted |= put(&at, &left, header);
	must(flags == wanted, "flags");
	must(to.msg_controllen == room - left, "msg_controllen");
	must(!memcmp(program, expected, room), "control data");
	to = (struct msghdr){ .msg_control = NULL, .msg_controllen = room };
	control_deliver(&to, &from, hidden);
	must(to.msg_controllen == 0 || to.msg_controllen == room,
	     "msg_controllen without a buffer");
	free(program);
	free(expected);
}

static void read_source(const unsigned char *kernel, size_t length)
{
	struct local quick, whole;
	enum pktinfo kind = pktinfo_read(kernel, length, &whole);

	must(kind == PKTINFO_LOCAL || !(whole.half[0] | whole.half[1]), "no local address");
	must(kind != PKTINFO_LOCAL || address_is_unicast(&whole.address), "unicast");
	if (!pktinfo_read_fast(kernel, length, &quick) &&
	    !pktinfo_read_fast_v6(kernel, length, &quick))
		return;
	must(quick.half[0] == whole.half[0] && quick.half[1] == whole.half[1], "both readings");
	must(kind == PKTINFO_LOCAL, "what the quick one finds is there");
}

/* What the library adds to a program's control data is still control data. */
static void append(const unsigned char *program, size_t length)
{
	struct in6_addr source = { .s6_addr32 = { 0, 0, htonl(0xffff), htonl(0xc0000201) } };
	size_t end, offset = 0, messages = 0;
	unsigned char *sum;

	if (!control_appendable(program, length, &end))
		return;
	must(end <= CMSG_ALIGN(length), "end");
	while (control_next(program, length, &offset))
		messages++;
	sum = calloc(1, end + CONTROL_SOURCE);
	if (end)
		memcpy(sum, program, end < length ? end : length);
	length = end + pktinfo_write(sum + end, &source, 0);
	for (offset = 0; control_next(sum, length, &offset);)
		messages--;
	must(messages == (size_t)-1 && offset == CMSG_ALIGN(length), "one message more");
	must(!control_appendable(sum, length, &end), "with a source now");
	free(sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *control;
	unsigned int hidden;
	size_t room;

	if (size < 3)
		return 0;
	hidden = data[0];
	room = (size_t)(data[1] | data[2] << 8) % ROOM;
	size -= 3;
	control = malloc(size); /* aligned, and not a byte longer */
	memcpy(control, data + 3, size);
	deliver(control, size, room, hidden);
	read_source(control, size);
	append(control, size);
	free(control);
	return 0;
}
