/* SPDX-License-Identifier: MIT */
/* replyfrom-status: what the library does in running processes. */
#ifndef STATUS_H
#define STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../scan/scan.h"
#include "counters.h"

enum state {
	WORKING,
	AT_REST, /* the library is there, but does nothing: REPLYFROM_DISABLE=1, or no memory */
	ABSENT,	 /* the library is not there */
	UNKNOWN_LIBRARY, /* it is, but of a version with other counters, or of none */
	HIDDEN,		 /* the process may not be looked into */
	GONE,		 /* it ended meanwhile */
};

enum { VERSION_MOST = 32 };

struct process {
	pid_t pid;
	enum state state;
	bool replaced; /* the library's file was, since the process began */
	char name[NAME_MOST];
	char version[VERSION_MOST]; /* the library's; "": not known */
	uint64_t counters[COUNTER_COUNT];
	const struct server *sockets; /* those with our pid are the process's */
	size_t sockets_count;
};

/*
 * Reads the library's version and counters out of the process's memory, where it is mapped at
 * `base`. The library may be of another ABI or libc than this program.
 */
enum state counters_read(pid_t pid, uint64_t base, struct process *process);

/* The table or the JSON: a head, each process, and an end. */
void report_begin(bool json);
void report_process(const struct process *process, bool json, bool first);
void report_end(bool json, size_t unseen);

#endif
