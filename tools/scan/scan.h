/* SPDX-License-Identifier: MIT */
/* replyfrom-scan: which servers of this host leave their source address to the kernel. */
#ifndef SCAN_H
#define SCAN_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "./process.h"

enum { SOCKETS_MOST = 4096 };

/* A UDP socket that is bound to the wildcard address and not connected. */
struct server {
	bool six; /* IPv6, and IPv4 too unless IPV6_V6ONLY is on */
	unsigned int port;
	unsigned long inode;
	pid_t pid;	      /* the first process that has it; 0: none that may be looked into */
	int fd;		      /* its descriptor there */
	unsigned int sharers; /* how many processes more have it */
	char name[NAME_MOST];
	const char *state, *json;
};

/*
 * Reads the sockets of a process's network namespace (ours for 0) from /proc/PID/net; returns how
 * many it found, at most SOCKETS_MOST.
 */
size_t servers_find(pid_t pid, struct server *servers);

/* Looks which of these sockets that process has. */
void servers_find_process(struct server *servers, size_t count, pid_t pid);

/* Looks through /proc for the processes that have these sockets. */
void servers_find_processes(struct server *servers, size_t count);

/* Finds out what replyfrom can do for the server: fills in the name and the state. */
void server_judge(struct server *server);

#endif
