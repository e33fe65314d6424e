// SPDX-License-Identifier: MIT
// A network namespace with many addresses on lo, and peers in it that the library does not see.

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/deadline.h"
#include "../lib/kernel_call.h"
#include "../lib/loopback.h"
#include "../lib/preload.h"
#include "world.h"

static void write_zero(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "0", 1) < 0)
		perror(path);
	close(fd);
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

/* The kernel brings a new IPv6 address up in its own time, and does not say when to an ioctl(). */
static void await_v6(const char *text)
{
	struct sockaddr_storage address;
	socklen_t length = network_address(&address, AF_INET6, text, 0);

	for (int tries = 0; tries < deadline_ms(); tries++) {
		int probe = loopback_socket(AF_INET6, SOCK_DGRAM);
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
	int v4, v6;

	loopback_leave();
	/* Limits on errors would make two runs differ. */
	write_zero("/proc/sys/net/ipv4/icmp_ratemask");
	write_zero("/proc/sys/net/ipv4/icmp_ratelimit");
	write_zero("/proc/sys/net/ipv6/icmp/ratelimit");
	v4 = loopback_socket(AF_INET, SOCK_DGRAM);
	v6 = loopback_socket(AF_INET6, SOCK_DGRAM);
	loopback_up();
	for (unsigned int i = 0; i < DESTINATIONS; i++)
		add(v4, v6, destinations[i].family, destinations[i].address);
	for (unsigned int i = 0; i < PEERS; i += 1 + !i)
		add(v4, v6, askers[i].family, askers[i].address);
	loopback_open(true);
	loopback_await_timestamps();
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
