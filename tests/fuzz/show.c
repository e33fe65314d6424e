// SPDX-License-Identifier: MIT
// Writes results down so that two runs can be compared.

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "model.h"
#include "show.h"
#include "world.h"

struct trace *trace;

void trace_add(const char *format, ...)
{
	size_t left = TRACE_SIZE - trace->length;
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(trace->text + trace->length, left, format, list);
	va_end(list);
	if (n > 0 && (size_t)n < left)
		trace->length += (uint32_t)n;
}

uint32_t trace_hash(const void *memory, size_t size)
{
	const unsigned char *byte = memory;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ byte[i]) * 16777619u;
	return hash;
}

void show_result(const char *what, long about, long result)
{
	int e = errno;

	trace_add("%u %s(%ld) = %ld, errno %d\n", world.at, what, about, result,
		  result < 0 || e != ERRNO_BEFORE ? e : 0);
}

static void show(const char *what, const struct sockaddr_storage *address, socklen_t length,
		 bool chosen)
{
	unsigned char copy[sizeof(*address)];
	struct sockaddr_in *v4 = (struct sockaddr_in *)copy;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)copy;
	size_t shown = length < sizeof(copy) ? length : sizeof(copy);
	char port[16] = "none";

	memcpy(copy, address, sizeof(copy));
	if ((v4->sin_family == AF_INET || v4->sin_family == AF_INET6) && shown >= 4) {
		uint16_t offset = (uint16_t)(ntohs(v4->sin_port) - world.base);

		if (offset < BLOCK)
			snprintf(port, sizeof(port), "base+%u", offset);
		else
			snprintf(port, sizeof(port), v4->sin_port ? "any" : "0");
		v4->sin_port = 0;
		if (chosen && v4->sin_family == AF_INET)
			v4->sin_addr.s_addr = 0;
		else if (chosen)
			memset(&v6->sin6_addr, 0, sizeof(v6->sin6_addr));
	}
	/* The kernel gives a netlink socket a number that tells nothing. */
	if (v4->sin_family == AF_NETLINK)
		memset(copy + 4, 0, 4);
	trace_add("  %s length %u port %s bytes %08x", what, length, port,
		  trace_hash(copy, sizeof(copy)));
	for (size_t i = 0; i < shown && i < 28; i++)
		trace_add("%s%02x", i % 4 ? "" : " ", copy[i]);
	trace_add("\n");
}

void show_address(const char *what, const struct sockaddr_storage *address, socklen_t length)
{
	show(what, address, length, false);
}

void show_chosen_address(const struct sockaddr_storage *address, socklen_t length)
{
	show("is chosen,", address, length, true);
}

static bool is_timestamp(const struct cmsghdr *header)
{
	return header->cmsg_level == SOL_SOCKET &&
	       (header->cmsg_type == 29 || header->cmsg_type == 35 || header->cmsg_type == 37 ||
		(header->cmsg_type >= 63 && header->cmsg_type <= 65));
}

static bool tells_local_address(const struct cmsghdr *header)
{
	return (header->cmsg_level == IPPROTO_IP &&
		(header->cmsg_type == IP_PKTINFO || header->cmsg_type == IP_RECVORIGDSTADDR)) ||
	       (header->cmsg_level == IPPROTO_IPV6 &&
		(header->cmsg_type == IPV6_PKTINFO || header->cmsg_type == 2 ||
		 header->cmsg_type == 74));
}

static void blank_one(int fd, struct cmsghdr *header, size_t size, bool late)
{
	bool original = (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_ORIGDSTADDR) ||
			(header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == 74);

	/* ORIGDSTADDR has a port, which the kernel may have chosen. */
	if (original && size >= 4)
		memset(CMSG_DATA(header) + 2, 0, 2);
	if (is_timestamp(header) || (tells_local_address(header) && (late || model_is_chosen(fd))))
		memset(CMSG_DATA(header), 0, size);
}

static bool is_shared;

void show_shared(void)
{
	is_shared = true;
}

void show_control(int fd, void *control, size_t used, size_t room, bool late)
{
	struct msghdr message = { .msg_control = control, .msg_controllen = used };

	trace_add("  control %zu of %zu:", used, room);
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); control && header;
	     header = CMSG_NXTHDR(&message, header)) {
		size_t at = (size_t)((unsigned char *)header - (unsigned char *)control);

		if (header->cmsg_len < CMSG_LEN(0) || header->cmsg_len > used - at) {
			trace_add(" bad length %zu", (size_t)header->cmsg_len);
			break;
		}
		blank_one(fd, header, header->cmsg_len - CMSG_LEN(0), late);
		trace_add(" %d/%d+%zu", header->cmsg_level, header->cmsg_type,
			  header->cmsg_len - CMSG_LEN(0));
	}
	trace_add(" bytes %08x\n", control ? trace_hash(control, is_shared ? used : room) : 0);
}
