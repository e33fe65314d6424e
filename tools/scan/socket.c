// SPDX-License-Identifier: MIT
// A socket of another process, examined through a duplicate of its descriptor (pidfd_getfd(2)).

#include "config.h"

#include <fcntl.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "./socket.h"

/* The options that tell a local address, and the library's mark on each
 * (shim/sockets/pktinfo_option.c). */
static const struct {
	int level, name, mark;
} options[] = {
	{ IPPROTO_IP, IP_PKTINFO, SO_NOFCS },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, SO_OOBINLINE },
	{ IPPROTO_IPV6, IPV6_2292PKTINFO, -1 },
};

static bool is_on(int fd, int level, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);

	return name >= 0 && !getsockopt(fd, level, name, &value, &length) && value == 1;
}

/*
 * Opens a thread's process, once for all descriptors of it that are examined one after the other.
 * A thread that is not its process's first one can be opened since Linux 6.9 (PIDFD_THREAD).
 */
static int open_thread(pid_t thread)
{
	static int open = -1;
	static pid_t opened;

	if (opened != thread) {
		if (open >= 0)
			close(open);
		open = (int)syscall(SYS_pidfd_open, thread, 0);
		if (open < 0)
			open = (int)syscall(SYS_pidfd_open, thread, O_EXCL);
		opened = thread;
	}
	return open;
}

/* Duplicates the descriptor if it still is that socket; else returns -1. */
static int duplicate(pid_t thread, int fd, unsigned long inode)
{
	int process = open_thread(thread);
	int copy = process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	struct stat status;

	if (copy >= 0 && (fstat(copy, &status) || status.st_ino != inode)) {
		close(copy);
		copy = -1;
	}
	return copy;
}

void socket_look(pid_t thread, int fd, unsigned long inode, struct socket_view *view)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t length = sizeof(memory);
	int copy = duplicate(thread, fd, inode);

	*view = (struct socket_view){ .seen = copy >= 0 };
	if (copy < 0)
		return;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		if (!is_on(copy, options[i].level, options[i].name))
			continue;
		if (is_on(copy, SOL_SOCKET, options[i].mark))
			view->marked = true;
		else
			view->told = true;
	}
	getsockopt(copy, SOL_SOCKET, SO_MEMINFO, memory, &length);
	view->traffic = (struct traffic){ .waiting = memory[SK_MEMINFO_RMEM_ALLOC],
					  .kept = memory[SK_MEMINFO_FWD_ALLOC],
					  .dropped = memory[SK_MEMINFO_DROPS] };
	close(copy);
}

bool port_is_ephemeral(unsigned int port)
{
	static unsigned int first, last;
	FILE *file;

	if (!last) {
		file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
		if (!file || fscanf(file, "%u %u", &first, &last) != 2) {
			first = 32768;
			last = 60999;
		}
		if (file)
			fclose(file);
	}
	return port >= first && port <= last;
}
