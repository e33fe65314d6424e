/* SPDX-License-Identifier: MIT */
/* What replyfrom-bpf says of the engines that are at work on this host. */
#ifndef ENGINES_H
#define ENGINES_H

#include <stdbool.h>
#include <sys/types.h>

/* Returns true if any BPF engine is at work. Only root may know. */
bool engines_are_there(const char *engine);

/*
 * Returns true if the BPF engine, the program `engine`, is at work for the cgroup of that process.
 * Only root may know.
 */
bool engines_cover(const char *engine, pid_t pid);

/*
 * Prints the BPF engines that are at work for these processes, with none named for any, if root
 * asks and there are some. `first`: the JSON has nothing before it.
 */
void engines_report(const char *engine, bool json, bool first, char *const *processes);

#endif
