// SPDX-License-Identifier: MIT
// replyfrom-status FORMAT --all|PID...: the part behind replyfrom --status, tells what the library
// does in running processes.

#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../scan/fail.h"
#include "./status.h"

enum { EXIT_NOT_ALL_WORKING = 1 };

static bool exists(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/", (int)pid);
	return !access(path, F_OK);
}

/* A process that is there now; it may be gone when it is looked at. */
static pid_t parse(const char *text)
{
	char *end = NULL;
	long pid = 0;

	errno = 0;
	if (isdigit((unsigned char)*text))
		pid = strtol(text, &end, 10);
	if (pid <= 0 || pid > INT_MAX || errno || *end)
		fail("'%s' is no process id; allowed: the number of a process, or --all", text);
	if (!exists((pid_t)pid))
		fail("there is no process %s", text);
	return (pid_t)pid;
}

static void look(struct process *process)
{
	static struct server sockets[SOCKETS_MOST];
	struct mapping mapping = { 0 };
	enum mapped mapped = process_library(process->pid, &mapping);

	process_name(process->pid, process->name);
	process->sockets = sockets;
	process->sockets_count = servers_find(process->pid, sockets);
	servers_find_process(sockets, process->sockets_count, process->pid);
	if (mapped == MAPPED) {
		process->replaced = mapping.replaced;
		process->state = counters_read(process->pid, mapping.base, process);
	} else {
		process->state = mapped == NOT_SEEN ? HIDDEN : ABSENT;
	}
	if (!exists(process->pid))
		process->state = GONE;
}

/* Those that have the library; returns how many may not be looked into. */
static size_t report_all(bool json)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	struct mapping mapping;
	size_t unseen = 0;
	bool first = true;

	while (folder && (entry = readdir(folder))) {
		struct process process = { .pid = (pid_t)atoi(entry->d_name) };
		enum mapped mapped;

		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		mapped = process_library(process.pid, &mapping);
		unseen += mapped == NOT_SEEN;
		if (mapped != MAPPED)
			continue;
		look(&process);
		if (process.state == GONE || process.state == ABSENT)
			continue;
		report_process(&process, json, first);
		first = false;
	}
	if (folder)
		closedir(folder);
	return unseen;
}

int main(int count, char **arguments)
{
	bool json = count > 1 && !strcmp(arguments[1], "json");
	bool all = count > 2 && !strcmp(arguments[2], "--all"), working = true;
	size_t unseen = 0;

	if (all && count > 3)
		fail("--status takes process ids or --all, not both");
	if (count < 3)
		fail("--status takes process ids, or --all");
	for (int i = 2; i < count && !all; i++)
		parse(arguments[i]);
	report_begin(json);
	if (all)
		unseen = report_all(json);
	for (int i = 2; i < count && !all; i++) {
		struct process process = { .pid = (pid_t)atoi(arguments[i]) };

		look(&process);
		working &= process.state == WORKING;
		report_process(&process, json, i == 2);
	}
	report_end(json, unseen);
	if (fflush(stdout) || ferror(stdout))
		fail("stdout: %s", strerror(errno));
	return working ? EXIT_SUCCESS : EXIT_NOT_ALL_WORKING;
}
