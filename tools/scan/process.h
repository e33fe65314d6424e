/* SPDX-License-Identifier: MIT */
/* A process as /proc/PID shows it, without its sockets. */
#ifndef SCAN_PROCESS_H
#define SCAN_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/settings.h"
#include "./library.h"

enum { NAME_MOST = 64, PORTS_MOST = 256 };

/* Its environment at the time of its last exec. */
struct environment {
	bool seen;		/* it may be read */
	bool disabled;		/* REPLYFROM_DISABLE=1 */
	char *preload;		/* the word of LD_PRELOAD that names the library */
	char ports[PORTS_MOST]; /* REPLYFROM_PORTS, if it is set and valid; cut off if it is long */
	struct settings *settings; /* with REPLYFROM_PORTS; NULL: all ports */
};

struct process {
	pid_t pid;
	pid_t thread; /* process_thread() */
	char name[NAME_MOST];
	struct library library;
	struct environment environment;
	bool secure; /* the loader ignored LD_PRELOAD for it (AT_SECURE) */
	bool kernel; /* it is a thread of the kernel */
};

/* Opens /proc/PID/NAME for reading, our own for process 0; NULL and errno if that fails. */
FILE *process_open(pid_t pid, const char *name);

/* Writes '?' for each character that would spoil a table or JSON. */
void printable(char *text);

/* Writes the name as the kernel has it, printable. */
void process_name(pid_t pid, char name[NAME_MOST]);

/* Returns false only if there is no such process; one that /proc hides (hidepid) exists. */
bool process_exists(pid_t pid);

/*
 * Returns a thread that still runs, whose memory and descriptors are the process's: its first one,
 * or another if that one has ended. 0: none, the process is a zombie.
 */
pid_t process_thread(pid_t pid);

/* Reads all that `process` has room for; process->pid says of which one. */
void process_look(struct process *process);
void process_free(struct process *process);

/* Returns false if REPLYFROM_PORTS leaves the port out. */
bool process_has_port(const struct process *process, unsigned int port);

/* Writes the reason why this process may not be examined, for people. */
void process_why_hidden(pid_t pid, char *text, size_t size);

#endif
