// SPDX-License-Identifier: MIT
// Finds the sockets that were open before the engine: a server's first reply must not look like a
// client's first request.

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
#include <linux/inet_diag.h>
#include <linux/kcmp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>

#include "engine.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

enum { INHERITED_MAX = 64 };

static const struct cgroup *own_cgroup;
static unsigned int servers;
static int inherited[INHERITED_MAX];
static size_t number_of_inherited;

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

/* Returns the cgroup in which a socket was made, whose BPF programs the kernel runs; 0: unknown. */
static uint64_t cgroup_of(int fd, int family, int protocol, uint32_t network)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 diag;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.diag = { .sdiag_family = (uint8_t)family,
			  .sdiag_protocol = (uint8_t)protocol,
			  .idiag_states = UINT32_MAX },
	};
	static char buffer[32768] __attribute__((aligned(8)));
	int diag = locals_socket(network, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	const struct inet_diag_msg *message;
	uint64_t cookie = 0, id = 0;
	uint32_t halves[2];
	socklen_t size = sizeof(cookie);
	const struct rtattr *a;
	bool done = false;
	ssize_t length;
	int left;

	if (diag < 0 || getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) ||
	    send(diag, &request, sizeof(request), 0) != sizeof(request))
		done = true;
	while (!done && (length = recv(diag, buffer, sizeof(buffer), 0)) > 0) {
		for (struct nlmsghdr *m = (void *)buffer; !done && NLMSG_OK(m, (size_t)length);
		     m = NLMSG_NEXT(m, length)) {
			done = m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR;
			message = NLMSG_DATA(m);
			memcpy(halves, message->id.idiag_cookie, sizeof(halves));
			if (done || (halves[0] | (uint64_t)halves[1] << 32) != cookie)
				continue;
			left = (int)(m->nlmsg_len - NLMSG_LENGTH(sizeof(*message)));
			for (a = (const void *)(message + 1); RTA_OK(a, left);
			     a = RTA_NEXT(a, left))
				if (a->rta_type == INET_DIAG_CGROUP_ID)
					memcpy(&id, RTA_DATA(a), sizeof(id));
		}
	}
	if (diag >= 0)
		close(diag);
	return id;
}

/* A socket that was made elsewhere and then passed on needs the BPF programs there. */
static void reach(int fd, int protocol, uint32_t network)
{
	uint64_t id = cgroup_of(fd, option(fd, SO_DOMAIN), protocol, network);
	struct cgroup home;
	bool is_ours;

	if (!id || !cgroup_by_id(&home, id))
		return;
	is_ours = cgroup_contains(own_cgroup, &home);
	if (home.events >= 0)
		close(home.events);
	close(home.fd);
	if (!is_ours && !attach_foreign(id))
		say(LOG_INFO, "a socket that was made in %s gets no help", home.path);
}

/* Marks a server's socket for the BPF programs. */
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
	if (!locals_follows(state.network))
		sole_network_set(0);
	if (!settings_port(&settings, port))
		state.role = ROLE_EXCLUDED;
	if (bpf_map_update_elem(maps.sockets, &fd, &state, BPF_NOEXIST) ||
	    state.role != ROLE_SERVER)
		return;
	servers++;
	reach(fd, protocol, state.network);
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

/* A pidfd of the thread, or of its leader if both have the same descriptors; -1: none. */
static int open_thread(pid_t thread)
{
	int process = (int)syscall(SYS_pidfd_open, thread, PIDFD_THREAD), leader;

	if (process < 0) /* before Linux 6.9 only leaders have one */
		process = (int)syscall(SYS_pidfd_open, thread, 0);
	if (process >= 0)
		return process;
	leader = leader_of(thread);
	if (leader <= 0 || syscall(SYS_kcmp, thread, leader, KCMP_FILES, 0, 0))
		return -1;
	return (int)syscall(SYS_pidfd_open, leader, 0);
}

/*
 * Closing a copy may wait for whoever serves the file (FUSE), so only sockets are copied. The
 * number may get another file meanwhile; a socket of sockfs alone has such a name.
 */
static bool names_socket(pid_t thread, int number)
{
	char path[64], target[32];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)thread, number);
	return readlink(path, target, sizeof(target)) >= 8 && !memcmp(target, "socket:[", 8);
}

int descriptor_of(pid_t thread, int number)
{
	int process, copy;

	if (!names_socket(thread, number))
		return -1;
	process = open_thread(thread);
	if (process < 0)
		return -1;
	copy = (int)syscall(SYS_pidfd_getfd, process, number, 0);
	close(process);
	return copy;
}

static bool list_process(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	DIR *folder;
	int fd;

	locals_follow(pid);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	if (!folder) {
		/* Root without that capability, and another user's process. */
		if (errno == EACCES)
			say(LOG_ERROR,
			    "cannot see the sockets of process %d; that needs the "
			    "capability CAP_DAC_READ_SEARCH",
			    (int)pid);
		return true;
	}
	while ((entry = readdir(folder))) {
		if (*entry->d_name == '.' || !names_socket(pid, atoi(entry->d_name)))
			continue;
		fd = descriptor_of(pid, atoi(entry->d_name));
		if (fd >= 0) {
			note(fd);
			close(fd);
		} else if (errno == EPERM) {
			say(LOG_ERROR,
			    "cannot see the sockets of process %d; that needs the "
			    "capability CAP_SYS_PTRACE",
			    (int)pid);
			break;
		}
	}
	closedir(folder);
	return true;
}

unsigned int sockets_list(const struct cgroup *cgroup)
{
	own_cgroup = cgroup;
	servers = 0;
	cgroup_each_process(cgroup, list_process);
	return servers;
}

static bool is_among(int fd, const int *keep, size_t number)
{
	for (size_t i = 0; i < number; i++)
		if (keep[i] == fd)
			return true;
	return false;
}

void sockets_take_inherited(const int *keep, size_t number)
{
	long most = sysconf(_SC_OPEN_MAX);
	int protocol;

	if (most <= 0 || most > 65536)
		most = 65536;
	for (int fd = 0; fd < most; fd++) {
		if (is_among(fd, keep, number))
			continue;
		protocol = option(fd, SO_PROTOCOL);
		if (number_of_inherited < INHERITED_MAX &&
		    (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE))
			inherited[number_of_inherited++] = fd;
		else if (fd > STDERR_FILENO)
			close(fd);
	}
}

void sockets_note_inherited(const struct cgroup *cgroup)
{
	own_cgroup = cgroup;
	while (number_of_inherited) {
		int fd = inherited[--number_of_inherited];

		note(fd);
		if (fd > STDERR_FILENO)
			close(fd);
	}
}
