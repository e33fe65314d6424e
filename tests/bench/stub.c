// SPDX-License-Identifier: MIT
// Preloaded behind the library: in place of the kernel it has a datagram ready for each receive,
// and checks the source of each reply. What is left of a round trip is the library's own work.

#include <arpa/inet.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stub.h"

#define PUBLIC __attribute__((visibility("default")))

/* The request that waits: its source and its destination. */
static struct sockaddr_in next_peer(void)
{
	uint32_t peer = (uint32_t)((uint64_t)bench_stub.next * 7919 % bench_stub.peers);

	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)(40000 + peer % 4)),
				     .sin_addr.s_addr = htonl(0x7f010000 + peer) };
}

static in_addr_t next_local(void)
{
	return htonl(0x7f00000b + bench_stub.next % 8);
}

static ssize_t stub_recvmsg(int fd, struct msghdr *message, int flags)
{
	const struct sockaddr_in peer = next_peer();
	const struct in_pktinfo info = { .ipi_ifindex = 1,
					 .ipi_spec_dst.s_addr = next_local(),
					 .ipi_addr.s_addr = next_local() };
	struct cmsghdr *header = message->msg_control;

	(void)fd;
	(void)flags;
	memcpy(message->msg_name, &peer, sizeof(peer));
	message->msg_namelen = sizeof(peer);
	header->cmsg_len = CMSG_LEN(sizeof(info));
	header->cmsg_level = IPPROTO_IP;
	header->cmsg_type = IP_PKTINFO;
	memcpy(CMSG_DATA(header), &info, sizeof(info));
	message->msg_controllen = CMSG_SPACE(sizeof(info));
	message->msg_flags = 0;
	return PAYLOAD;
}

static ssize_t stub_sendmsg(int fd, const struct msghdr *message, int flags)
{
	const struct sockaddr_in peer = next_peer();
	struct in_pktinfo info = { .ipi_ifindex = 1 };

	(void)fd;
	(void)flags;
	if (message->msg_controllen >= CMSG_LEN(sizeof(info)))
		memcpy(&info, CMSG_DATA((struct cmsghdr *)message->msg_control), sizeof(info));
	bench_stub.wrong += info.ipi_spec_dst.s_addr != next_local() ||
			    memcmp(message->msg_name, &peer, 8) != 0;
	bench_stub.next++;
	return (ssize_t)message->msg_iov->iov_len;
}

PUBLIC struct stub bench_stub = { .recvmsg = stub_recvmsg, .sendmsg = stub_sendmsg };

PUBLIC ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	return bench_stub.peers ? stub_recvmsg(fd, message, flags)
				: syscall(SYS_recvmsg, fd, message, flags);
}

PUBLIC ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return bench_stub.peers ? stub_sendmsg(fd, message, flags)
				: syscall(SYS_sendmsg, fd, message, flags);
}
