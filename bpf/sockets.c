// SPDX-License-Identifier: MIT
// The sockets that were open before the engine came: a server's first answer must not look like the
// first word of a client.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "engine.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static unsigned int servers;

static int option(int fd, int name)
{
	socklen_t length = sizeof(int);
	int value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &length) ? -1 : value;
}

/* Bound to a port, and to no address. */
static bool is_wildcard(int fd, in_port_t *port)
{
	struct sockaddr_in6 name = { 0 };
	socklen_t length = sizeof(name);

	if (getsockname(fd, (struct sockaddr *)&name, &length))
		return false;
	*port = name.sin6_port; /* at the same place for both families */
	if (name.sin6_family == AF_INET6)
		return *port && IN6_IS_ADDR_UNSPECIFIED(&name.sin6_addr);
	return name.sin6_family == AF_INET && *port &&
	       !((struct sockaddr_in *)(void *)&name)->sin_addr.s_addr;
}

static void note(int fd)
{
	struct socket_state state = { .role = ROLE_SERVER };
	int protocol = option(fd, SO_PROTOCOL);
	uint64_t cookie;
	socklen_t length = sizeof(cookie);
	in_port_t port;

	if (option(fd, SO_TYPE) != SOCK_DGRAM ||
	    (protocol != IPPROTO_UDP && protocol != IPPROTO_UDPLITE) || !is_wildcard(fd, &port) ||
	    getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length))
		return;
	state.network = (uint32_t)cookie;
	if (!settings_port(&settings, port))
		state.role = ROLE_EXCLUDED;
	if (!bpf_map_update_elem(maps.sockets, &fd, &state, BPF_NOEXIST) &&
	    state.role == ROLE_SERVER)
		servers++;
}

static int leader_of(pid_t thread)
{
	char path[64], text[1024], *line;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length <= 0)
		return -1;
	text[length] = '\0';
	line = strstr(text, "\nTgid:");
	return line ? (int)strtol(line + 6, NULL, 10) : -1;
}

int descriptor_of(pid_t thread, int number)
{
	int process = (int)syscall(SYS_pidfd_open, thread, 0), copy;

	if (process < 0)
		process = (int)syscall(SYS_pidfd_open, leader_of(thread), 0);
	if (process < 0)
		return -1;
	copy = (int)syscall(SYS_pidfd_getfd, process, number, 0);
	close(process);
	return copy;
}

static bool list_process(pid_t pid)
{
	char path[64], target[32];
	struct dirent *entry;
	DIR *folder;
	int fd;

	locals_follow(pid);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	if (!folder)
		return true;
	while ((entry = readdir(folder))) {
		if (readlinkat(dirfd(folder), entry->d_name, target, sizeof(target)) < 8 ||
		    memcmp(target, "socket:[", 8))
			continue;
		fd = descriptor_of(pid, atoi(entry->d_name));
		if (fd >= 0) {
			note(fd);
			close(fd);
		} else if (errno == EPERM) {
			say(LOG_ERROR, "cannot see the sockets of process %d; that needs the "
				       "capability CAP_SYS_PTRACE", (int)pid);
			break;
		}
	}
	closedir(folder);
	return true;
}

unsigned int sockets_list(const struct cgroup *cgroup)
{
	servers = 0;
	cgroup_each_process(cgroup, list_process);
	return servers;
}
