/* SPDX-License-Identifier: MIT */
/* Control messages by hand: bytes put where the kernel's put_cmsg() puts them. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include <string.h>
#include <sys/socket.h>

#include "unit.h"

/* What no message wrote keeps this value. */
enum { UNTOUCHED = 0xa5 };

/* A buffer of control data in the making. */
struct messages {
	_Alignas(struct cmsghdr) unsigned char bytes[512];
	size_t length;
};

static inline void messages_start(struct messages *messages)
{
	memset(messages->bytes, UNTOUCHED, sizeof(messages->bytes));
	messages->length = 0;
}

/* One more message: its cmsg_len says `length`, whatever is there. Its padding is untouched. */
static inline void messages_add_length(struct messages *messages, int level, int type,
				       const void *payload, size_t size, size_t length)
{
	struct cmsghdr header = { .cmsg_level = level, .cmsg_type = type };

	header.cmsg_len = length;
	assert_true(messages->length + sizeof(header) + size <= sizeof(messages->bytes));
	memcpy(messages->bytes + messages->length, &header, sizeof(header));
	memcpy(messages->bytes + messages->length + sizeof(header), payload, size);
	messages->length +=
		(sizeof(header) + size + sizeof(long) - 1) / sizeof(long) * sizeof(long);
}

static inline void messages_add(struct messages *messages, int level, int type, const void *payload,
				size_t size)
{
	messages_add_length(messages, level, type, payload, size, sizeof(struct cmsghdr) + size);
}

static inline void messages_add_int(struct messages *messages, int level, int type, int value)
{
	messages_add(messages, level, type, &value, sizeof(value));
}

static inline void messages_add_v4(struct messages *messages, const char *local,
				   const char *destination, int ifindex)
{
	struct in_pktinfo info = { .ipi_ifindex = ifindex,
				   .ipi_spec_dst = address_of_v4(local),
				   .ipi_addr = address_of_v4(destination) };

	messages_add(messages, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static inline void messages_add_v6(struct messages *messages, const char *destination,
				   unsigned int ifindex)
{
	struct in6_pktinfo info = { .ipi6_addr = address_of(destination), .ipi6_ifindex = ifindex };

	messages_add(messages, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

/*
 * The last control message of a send goes without its padding: the same for in_pktinfo (12 bytes)
 * and in6_pktinfo (20).
 */
#define MESSAGE_PADDING (CMSG_SPACE(12) - CMSG_LEN(12))

#endif
