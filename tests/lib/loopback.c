// SPDX-License-Identifier: MIT
// Network namespaces of the test's own, and their loopback interface.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "deadline.h"
#include "kernel_call.h"
#include "loopback.h"
#include "preload.h"

/* Two sockets between which marks travel behind what was sent before. */
static int marks[2] = { -1, -1 };
static struct sockaddr_in mark_name;
static int patience;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

void loopback_leave(void)
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

void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_MULTICAST };
	int fd = (int)kernel_call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		unavailable("lo can't be brought up in the new network namespace");
	close(fd);
}

int loopback_socket(int family, int type)
{
	int fd = (int)kernel_call(SYS_socket, family, type | SOCK_CLOEXEC, 0);
	int high = fd < 0 ? fd : (int)kernel_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, LOOPBACK_HIGH);

	if (high < 0)
		unavailable("no socket in the new network namespace");
	kernel_call(SYS_close, fd);
	return high;
}

static void stay_on_one_processor(void)
{
	int processor = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor < 0 ? 0 : (unsigned int)processor, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

void loopback_open(bool alone)
{
	socklen_t length = sizeof(mark_name);

	if (alone)
		stay_on_one_processor();
	if (marks[0] >= 0)
		return;
	patience = deadline();
	for (int i = 0; i < 2; i++) {
		mark_name = (struct sockaddr_in){ .sin_family = AF_INET,
						  .sin_port = htons((in_port_t)(1 + i)),
						  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		marks[i] = loopback_socket(AF_INET, SOCK_DGRAM);
		/* Another process may have them already: one that this was forked from. */
		if (kernel_call(SYS_bind, marks[i], &mark_name, sizeof(mark_name)) < 0) {
			mark_name.sin_port = 0;
			kernel_call(SYS_bind, marks[i], &mark_name, sizeof(mark_name));
		}
		kernel_call(SYS_getsockname, marks[i], &mark_name, &length);
	}
}

/* Sends a mark and waits for it. */
static bool send_mark(void)
{
	struct timespec left = { .tv_sec = patience };
	struct pollfd poll = { .events = POLLIN };
	char mark = 0;

	if (marks[0] < 0) /* the program was executed anew */
		loopback_open(false);
	if (kernel_call(SYS_sendto, marks[0], &mark, 1, 0, &mark_name, sizeof(mark_name)) != 1)
		return false;
	poll.fd = marks[1];
	while (kernel_call(SYS_recvfrom, marks[1], &mark, 1, MSG_DONTWAIT, NULL, NULL) != 1)
		if (!kernel_call(SYS_ppoll, &poll, 1, &left, NULL, 0))
			return false;
	return true;
}

bool loopback_settle(void)
{
	int error = errno;
	bool is_settled = send_mark();

	errno = error;
	return is_settled;
}

bool loopback_settle_errors(void)
{
	/* A mark comes behind what was sent before it; an error that this caused comes before the next mark. */
	return loopback_settle() && loopback_settle();
}

void loopback_await_timestamps(void)
{
	_Alignas(struct cmsghdr) unsigned char control[256];
	int received = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	char mark = 0;
	struct iovec vector = { .iov_base = &mark, .iov_len = 1 };

	kernel_call(SYS_setsockopt, marks[1], SOL_SOCKET, SO_TIMESTAMPING, &received,
		    sizeof(received));
	for (int tries = 0; tries < deadline_ms(); tries++) {
		struct msghdr message = { .msg_iov = &vector,
					  .msg_iovlen = 1,
					  .msg_control = control,
					  .msg_controllen = sizeof(control) };

		kernel_call(SYS_sendto, marks[0], &mark, 1, 0, &mark_name, sizeof(mark_name));
		if (kernel_call(SYS_recvmsg, marks[1], &message, 0) == 1 && message.msg_controllen)
			return;
		poll(NULL, 0, 1);
	}
	unavailable("no timestamps to be had");
}
