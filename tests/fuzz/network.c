// SPDX-License-Identifier: MIT
// A network namespace with many addresses on lo, and peers in it that the library does not see.

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/kernel_call.h"
#include "../lib/preload.h"
#include "world.h"

static int marks[2]; /* two sockets between which marks travel behind what was sent before */
static uint16_t mark_port = 9;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static void leave_network(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	char map[64];

	if (!unshare(CLONE_NEWNET))
		return;
	if (unshare(CLONE_NEWUSER))
		unavailable("no user namespace to be had");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
	if (unshare(CLONE_NEWNET))
		unavailable("no network namespace to be had");
}

int network_socket(int family, int type)
{
	int fd = (int)kernel_call(SYS_socket, family, type | SOCK_CLOEXEC, 0);
	int high = fd < 0 ? fd : (int)kernel_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIGH);

	if (high < 0) {
		perror("socket");
		exit(1);
	}
	kernel_call(SYS_close, fd);
	return high;
}

static void add_v4(int fd, unsigned int number, const char *text)
{
	struct ifreq request = { 0 };
	struct sockaddr_in address = { .sin_family = AF_INET };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "lo:%u", number);
	inet_pton(AF_INET, text, &address.sin_addr);
	memcpy(&request.ifr_addr, &address, sizeof(address));
	if (ioctl(fd, SIOCSIFADDR, &request))
		unavailable("no address can be added in the new network namespace");
}

static void add_v6(int fd, const char *text)
{
	struct in6_ifreq request = { .ifr6_prefixlen = 128, .ifr6_ifindex = 1 };

	inet_pton(AF_INET6, text, &request.ifr6_addr);
	if (ioctl(fd, SIOCSIFADDR, &request))
		unavailable("no IPv6 address can be added in the new network namespace");
}

/*
 * Timestamps are switched on for the whole machine in its own time: datagrams that arrive before
 * carry none. So one socket has them on throughout, and we wait for the first.
 */
static void await_timestamps(void)
{
	_Alignas(struct cmsghdr) unsigned char control[256];
	struct sockaddr_storage to;
	socklen_t length = network_address(&to, AF_INET, "127.0.0.1", (uint16_t)(mark_port + 1));
	int received = 8 | 16; /* SOF_TIMESTAMPING_RX_SOFTWARE, SOF_TIMESTAMPING_SOFTWARE */
	char mark = 0;
	struct iovec vector = { .iov_base = &mark, .iov_len = 1 };

	kernel_call(SYS_setsockopt, marks[1], SOL_SOCKET, SO_TIMESTAMPING, &received,
		    sizeof(received));
	for (int tries = 0; tries < 5000; tries++) {
		struct msghdr message = { .msg_iov = &vector,
					  .msg_iovlen = 1,
					  .msg_control = control,
					  .msg_controllen = sizeof(control) };

		kernel_call(SYS_sendto, marks[0], &mark, 1, 0, &to, length);
		if (kernel_call(SYS_recvmsg, marks[1], &message, 0) == 1 && message.msg_controllen)
			return;
		poll(NULL, 0, 1);
	}
	unavailable("no timestamps to be had");
}

/* The kernel brings a new IPv6 address up in its own time, and does not say when to an ioctl(). */
static void await_v6(const char *text)
{
	struct sockaddr_storage address;
	socklen_t length = network_address(&address, AF_INET6, text, mark_port);

	for (int tries = 0; tries < 5000; tries++) {
		int probe = network_socket(AF_INET6, SOCK_DGRAM);
		long result = kernel_call(SYS_bind, probe, &address, length);

		kernel_call(SYS_close, probe);
		if (!result)
			return;
		poll(NULL, 0, 1);
	}
	unavailable("an IPv6 address does not come up in the new network namespace");
}

static bool is_added(const char *address)
{
	return strncmp(address, "127.", 4) && strncmp(address, "224.", 4) && strcmp(address, "::1");
}

static void add(int v4, int v6, int family, const char *address)
{
	static unsigned int number;

	if (!is_added(address))
		return;
	if (family == AF_INET) {
		add_v4(v4, number++, address);
	} else {
		add_v6(v6, address);
		await_v6(address);
	}
}

void network_make(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_MULTICAST };
	struct sockaddr_storage address;
	socklen_t length;
	int v4, v6;

	leave_network();
	/* Limits on errors would make two runs differ. */
	write_file("/proc/sys/net/ipv4/icmp_ratemask", "0");
	write_file("/proc/sys/net/ipv4/icmp_ratelimit", "0");
	write_file("/proc/sys/net/ipv6/icmp/ratelimit", "0");
	v4 = network_socket(AF_INET, SOCK_DGRAM);
	v6 = network_socket(AF_INET6, SOCK_DGRAM);
	if (ioctl(v4, SIOCSIFFLAGS, &request))
		unavailable("lo can't be brought up in the new network namespace");
	for (unsigned int i = 0; i < DESTINATIONS; i++)
		add(v4, v6, destinations[i].family, destinations[i].address);
	for (unsigned int i = 0; i < PEERS; i += 1 + !i)
		add(v4, v6, askers[i].family, askers[i].address);
	for (unsigned int i = 0; i < 2; i++) {
		marks[i] = network_socket(AF_INET, SOCK_DGRAM);
		length = network_address(&address, AF_INET, "127.0.0.1", (uint16_t)(mark_port + i));
		if (kernel_call(SYS_bind, marks[i], &address, length) < 0) {
			perror("bind");
			exit(1);
		}
	}
	await_timestamps();
	kernel_call(SYS_close, v4);
	kernel_call(SYS_close, v6);
}

socklen_t network_address(struct sockaddr_storage *address, int family, const char *host,
			  uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	address->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		v4->sin_port = htons(port);
		inet_pton(AF_INET, host, &v4->sin_addr);
		return sizeof(*v4);
	}
	v6->sin6_port = htons(port);
	inet_pton(AF_INET6, host, &v6->sin6_addr);
	return sizeof(*v6);
}

/*
 * lo delivers through a queue of this processor, in order; this process stays on one. So what was
 * sent before a mark is there when the mark is, and errors it caused before the next mark.
 */
void network_settle(void)
{
	struct sockaddr_storage to;
	socklen_t length = network_address(&to, AF_INET, "127.0.0.1", (uint16_t)(mark_port + 1));
	struct pollfd poll = { .fd = marks[1], .events = POLLIN };
	struct timespec patience = { .tv_sec = 5 };
	char mark = 0;

	for (int i = 0; i < 2; i++) {
		if (kernel_call(SYS_sendto, marks[0], &mark, 1, 0, &to, length) != 1 ||
		    kernel_call(SYS_ppoll, &poll, 1, &patience, NULL, 0) != 1 ||
		    kernel_call(SYS_recvfrom, marks[1], &mark, 1, 0, NULL, NULL) != 1)
			trace_add("a mark was lost\n");
	}
}
