/* SPDX-License-Identifier: MIT */
/* The UDP servers of a network namespace, and the processes that have their sockets. */
#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "./process.h"
#include "./socket.h"

/* A process that has the server's socket, as number `process` of the survey. */
struct holder {
	size_t process;
	pid_t thread; /* the one that has `fd`: tables of descriptors need not be shared */
	int fd;
};

/* A UDP socket that is bound to the wildcard address and not connected. */
struct server {
	const char *address; /* "0.0.0.0", "::" or "::ffff:0.0.0.0" */
	unsigned int port;
	unsigned long inode;
	struct traffic traffic;
	struct holder *holders; /* each process once */
	size_t holders_count;
};

struct survey {
	struct server *servers; /* by inode */
	size_t servers_count;
	struct process *processes; /* with the pid alone, until process_look() */
	size_t processes_count;
	size_t unseen; /* how many processes may not be examined */
};

/* A descriptor of a process, and the server that it is. */
struct descriptor {
	struct server *server;
	pid_t thread;
	int fd;
};

/* Reads the sockets of a process's network namespace; of ours for 0. Ends the program on failure.
 */
void survey_sockets(struct survey *survey, pid_t pid);

/* Reads the sockets again, and returns the inodes that are there now, sorted. */
unsigned long *survey_inodes(pid_t pid, size_t *count);

/*
 * Finds which of the survey's sockets a process has: an array, to be freed, of *count. *seen is
 * false if the process may not be examined.
 */
struct descriptor *survey_descriptors(const struct survey *survey, pid_t pid, size_t *count,
				      bool *seen);

/* Looks through /proc for the processes that have the sockets, and fills in the holders. */
void survey_processes(struct survey *survey);

/*
 * systemd and inetd hold sockets for services and hand them on; they do not serve them themselves
 * while another process has them. process_look() has run for the process.
 */
bool process_is_keeper(const struct process *process);

#endif
