// SPDX-License-Identifier: MIT
// What was found: an aligned table for people, JSON for machines. The counters' columns are made
// from the library's own list.

#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "./status.h"

enum { COLUMN = 9 };

#define COUNTER_STRING(name, text) #name,
static const char *const names[] = { COUNTERS(COUNTER_STRING) };

static const struct {
	const char *text, *json;
} states[] = {
	[WORKING] = { "at work", "working" },  [AT_REST] = { "switched off", "off" },
	[ABSENT] = { "not loaded", "absent" }, [UNKNOWN_LIBRARY] = { "other version", "unknown" },
	[HIDDEN] = { "hidden", "hidden" },     [GONE] = { "gone", "gone" },
};

static bool has(const struct process *process, size_t socket)
{
	return process->sockets[socket].pid == process->pid;
}

void report_begin(bool json)
{
	if (json) {
		printf("[");
		return;
	}
	printf("%-8s  %-15s  %-15s", "PROCESS", "PROGRAM", "LIBRARY");
	for (int counter = 0; counter < COUNTER_COUNT; counter++) {
		char heading[COLUMN + 1];

		snprintf(heading, sizeof(heading), "%s", names[counter]);
		for (char *letter = heading; *letter; letter++)
			*letter = (char)toupper((unsigned char)*letter);
		printf("  %*s", COLUMN, heading);
	}
	printf("  BOUND TO\n");
}

static void print_row(const struct process *process)
{
	const char *separator = "  ";

	printf("%-8d  %-15s  %-15s", (int)process->pid, process->name, states[process->state].text);
	for (int counter = 0; counter < COUNTER_COUNT; counter++) {
		if (process->state == WORKING)
			printf("  %*" PRIu64, COLUMN, process->counters[counter]);
		else
			printf("  %*s", COLUMN, "-");
	}
	for (size_t i = 0; i < process->sockets_count; i++) {
		const struct server *socket = &process->sockets[i];

		if (!has(process, i))
			continue;
		printf("%s%s:%u", separator, socket->six ? "[::]" : "0.0.0.0", socket->port);
		separator = ", ";
	}
	printf("%s\n", *separator == ' ' ? "  -" : "");
	if (process->replaced)
		printf("%-8s  its library was replaced since; restart it to use the new one\n", "");
}

static void print_json(const struct process *process)
{
	const char *separator = "";

	printf("{\"pid\": %d, \"program\": \"%s\", \"library\": \"%s\", \"version\": ",
	       (int)process->pid, process->name, states[process->state].json);
	printf(*process->version ? "\"%s\"" : "null", process->version);
	printf(", \"replaced\": %s,\n  \"sockets\": [", process->replaced ? "true" : "false");
	for (size_t i = 0; i < process->sockets_count; i++) {
		const struct server *socket = &process->sockets[i];

		if (!has(process, i))
			continue;
		printf("%s{\"address\": \"%s\", \"port\": %u}", separator,
		       socket->six ? "::" : "0.0.0.0", socket->port);
		separator = ", ";
	}
	printf("],\n  \"counters\": ");
	if (process->state != WORKING) {
		printf("null}");
		return;
	}
	for (int counter = 0; counter < COUNTER_COUNT; counter++)
		printf("%s\"%s\": %" PRIu64, counter ? ", " : "{", names[counter],
		       process->counters[counter]);
	printf("}}");
}

void report_process(const struct process *process, bool json, bool first)
{
	if (!json) {
		print_row(process);
		return;
	}
	if (!first)
		printf(",\n ");
	print_json(process);
}

void report_end(bool json, size_t unseen)
{
	if (json)
		printf("]\n");
	else if (unseen)
		printf("\nProcesses that may not be looked into%s: %zu\n",
		       geteuid() ? "; be root" : "", unseen);
}
