/* SPDX-License-Identifier: MIT */
/* What /proc/PID tells of a process: its name, and where it has the library mapped. */
#ifndef SCAN_PROCESS_H
#define SCAN_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { NAME_MOST = 64 };

/* The library in a process's memory. */
struct mapping {
	uint64_t base; /* where its first byte is */
	bool replaced; /* the file was removed, or replaced by another, since */
};

enum mapped { NOT_MAPPED, MAPPED, NOT_SEEN };

/* Opens /proc/PID/NAME for reading, our own for process 0; NULL and errno if that fails. */
FILE *process_open(pid_t pid, const char *name);

/* Writes the name as the kernel has it, with '?' for what would spoil a table or JSON. */
void process_name(pid_t pid, char name[NAME_MOST]);

/* Looks for libreplyfrom.so in /proc/PID/maps. NOT_SEEN: that may not be read. */
enum mapped process_library(pid_t pid, struct mapping *mapping);

#endif
