// SPDX-License-Identifier: MIT
// What a running server is to replyfrom: behind it already, in no need of it, or out of its reach.

#include "config.h"

#include <elf.h>
#include <link.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../check/check.h"
#include "./process.h"
#include "./scan.h"

/* Did the loader ignore LD_PRELOAD for it (AT_SECURE)? */
static bool is_secure(pid_t pid)
{
	FILE *vector = process_open(pid, "auxv");
	ElfW(auxv_t) entry;
	bool secure = false;

	while (vector && fread(&entry, sizeof(entry), 1, vector) == 1)
		if (entry.a_type == AT_SECURE && entry.a_un.a_val)
			secure = true;
	if (vector)
		fclose(vector);
	return secure;
}

/* 1: the program asks where its datagrams were sent to, and surely uses it; -1: not to be seen. */
static int asks_itself(const struct server *server)
{
	int process = (int)syscall(SYS_pidfd_open, server->pid, 0);
	int fd = process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, server->fd, 0);
	int four = 0, six = 0;
	socklen_t length = sizeof(four);

	if (process >= 0)
		close(process);
	if (fd < 0)
		return -1;
	getsockopt(fd, IPPROTO_IP, IP_PKTINFO, &four, &length);
	length = sizeof(six);
	if (server->six)
		getsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &six, &length);
	close(fd);
	return four || six;
}

static void state(struct server *server, const char *text, const char *json)
{
	server->state = text;
	server->json = json;
}

void server_judge(struct server *server)
{
	struct program program = { .finding = UNKNOWN };
	struct mapping mapping;
	int itself;

	strcpy(server->name, "-");
	if (!server->pid) {
		state(server, "of a process that may not be looked into; be root", "hidden");
		return;
	}
	process_name(server->pid, server->name);
	if (process_library(server->pid, &mapping) == MAPPED) {
		state(server, "is behind replyfrom", "behind");
		return;
	}
	itself = asks_itself(server);
	if (itself == 1) {
		state(server, "asks for the address itself", "itself");
		return;
	}
	snprintf(program.path, sizeof(program.path), "/proc/%d/exe", (int)server->pid);
	program_judge(&program);
	if (is_secure(server->pid))
		state(server, "cannot be helped: gains privileges", "privileged");
	else if (program.finding == STATIC)
		state(server, "cannot be helped: static", "static");
	else if (program.finding == GO)
		state(server, "cannot be helped: Go", "go");
	else if (program.finding == OTHER_MACHINE || program.finding == OTHER_LIBC)
		state(server, "cannot be helped: other machine or libc", "foreign");
	else if (itself < 0)
		state(server, "can be helped, unless it asks itself; be root to see", "perhaps");
	else
		state(server, "can be helped", "helpable");
}
