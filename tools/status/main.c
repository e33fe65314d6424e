// SPDX-License-Identifier: MIT
// replyfrom-status FORMAT[:ENGINE] --all|PID...: the part behind replyfrom --status, shows what the
// library does in running processes, and what the BPF engine does for them, whose program ENGINE
// is. In JSON that is an element of its own, the last one.

#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../scan/fail.h"
#include "./status.h"

enum { EXIT_NOT_ALL_WORKING = 1 };

/* A process that is there now; it may be gone when it is examined. */
static pid_t parse(const char *text)
{
	char *end = NULL;
	long pid = 0;

	errno = 0;
	if (isdigit((unsigned char)*text))
		pid = strtol(text, &end, 10);
	if (pid <= 0 || pid > INT_MAX || errno || *end)
		fail("'%s' is no process id; allowed: the number of a process, or --all", text);
	if (!process_exists((pid_t)pid))
		fail("there is no process %s", text);
	return (pid_t)pid;
}

/* The sockets of a network namespace: read once for all processes in it. */
struct namespace
{
	struct namespace *next;
	dev_t device;
	ino_t inode;
	struct survey survey;
};

/* Returns the sockets of the process's namespace; NULL if that may not be seen. */
static struct survey *find_survey(pid_t pid)
{
	static struct namespace *known;
	struct namespace *entry;
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)process_thread(pid));
	if (stat(path, &status))
		return NULL;
	for (entry = known; entry; entry = entry->next)
		if (entry->inode == status.st_ino && entry->device == status.st_dev)
			return &entry->survey;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		fail("not enough memory");
	*entry = (struct namespace){ .next = known,
				     .device = status.st_dev,
				     .inode = status.st_ino };
	survey_sockets(&entry->survey, process_thread(pid));
	known = entry;
	return &entry->survey;
}

static int compare(const void *left, const void *right)
{
	const struct status_socket *a = left, *b = right;

	if (a->server->port != b->server->port)
		return (a->server->port > b->server->port) - (a->server->port < b->server->port);
	return (a->server > b->server) - (a->server < b->server);
}

/* Finds the sockets of the process, each once. */
static void find_sockets(struct report *report, const struct survey *survey)
{
	size_t count, kept = 0;
	bool seen;
	struct descriptor *descriptors =
		survey_descriptors(survey, report->process.pid, &count, &seen);

	report->sockets = calloc(count + 1, sizeof(*report->sockets));
	if (!report->sockets)
		fail("not enough memory for the sockets of process %d", (int)report->process.pid);
	for (size_t i = 0; i < count; i++) {
		report->sockets[i].server = descriptors[i].server;
		socket_look(descriptors[i].thread, descriptors[i].fd, descriptors[i].server->inode,
			    &report->sockets[i].view);
	}
	free(descriptors);
	qsort(report->sockets, count, sizeof(*report->sockets), compare);
	for (size_t i = 0; i < count; i++)
		if (!kept || report->sockets[kept - 1].server != report->sockets[i].server)
			report->sockets[kept++] = report->sockets[i];
	report->sockets_count = kept;
}

/* Examines the process, except for the library, which has been examined. */
static void finish(struct report *report)
{
	static struct survey none;
	struct survey *survey = find_survey(report->process.pid);

	if (survey)
		find_sockets(report, survey);
	notes_take(report, survey ? survey : &none);
	if (!process_thread(report->process.pid) && process_exists(report->process.pid) &&
	    report->process.library.state != LIBRARY_HIDDEN)
		report->process.library.state = LIBRARY_GONE;
}

static void free_report(struct report *report)
{
	free(report->sockets);
	process_free(&report->process);
}

/* Those that have the library, and the second engine; returns how many may not be examined. */
static size_t report_all(const char *engine, bool json)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	size_t unseen = 0;
	bool first = true;

	while (folder && (entry = readdir(folder))) {
		struct report report = { .process = { .pid = (pid_t)atoi(entry->d_name) } };

		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		process_look(&report.process);
		switch (report.process.library.state) {
		case LIBRARY_HIDDEN:
			unseen++;
			break;
		case LIBRARY_ABSENT:
		case LIBRARY_STRANGER:
		case LIBRARY_GONE:
			break;
		default:
			finish(&report);
			report_process(&report, json, first);
			first = false;
		}
		free_report(&report);
	}
	if (folder)
		closedir(folder);
	if (engine)
		engines_report(engine, json, first, (char *[]){ NULL });
	return unseen;
}

int main(int count, char **arguments)
{
	char *engine = count > 1 ? strchr(arguments[1], ':') : NULL;
	bool json = count > 1 && !strncmp(arguments[1], "json", 4);
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
		unseen = report_all(engine ? engine + 1 : NULL, json);
	for (int i = 2; i < count && !all; i++) {
		struct report report = { .process = { .pid = (pid_t)atoi(arguments[i]) } };

		process_look(&report.process);
		finish(&report);
		if (engine && engines_cover(engine + 1, report.process.pid))
			notes_add_engine(&report);
		else
			working &= report.process.library.state == LIBRARY_WORKING;
		report_process(&report, json, i == 2);
		free_report(&report);
	}
	if (engine && !all)
		engines_report(engine + 1, json, false, arguments + 2);
	report_end(json, unseen);
	if (fflush(stdout) || ferror(stdout))
		fail("stdout: %s", strerror(errno));
	return working ? EXIT_SUCCESS : EXIT_NOT_ALL_WORKING;
}
