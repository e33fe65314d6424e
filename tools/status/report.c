// SPDX-License-Identifier: MIT
// Prints the processes: an aligned table for people, JSON for machines. The counters' columns are
// made from the library's own list.

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
	[LIBRARY_ABSENT] = { "not loaded", "absent" },
	[LIBRARY_STRANGER] = { "not loaded", "absent" },
	[LIBRARY_UNUSABLE] = { "not executable", "unusable" },
	[LIBRARY_UNKNOWN] = { "other version", "unknown" },
	[LIBRARY_OFF] = { "switched off", "off" },
	[LIBRARY_SEEMS] = { "hidden", "hidden" },
	[LIBRARY_WORKING] = { "at work", "working" },
	[LIBRARY_HIDDEN] = { "hidden", "hidden" },
	[LIBRARY_GONE] = { "gone", "gone" },
};

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

static void print_row(const struct report *report)
{
	const struct process *process = &report->process;
	const char *separator = "  ";

	printf("%-8d  %-15s  %-15s", (int)process->pid, process->name,
	       states[process->library.state].text);
	for (int counter = 0; counter < COUNTER_COUNT; counter++) {
		if (process->library.state == LIBRARY_WORKING)
			printf("  %*" PRIu64, COLUMN, process->library.counters[counter]);
		else
			printf("  %*s", COLUMN, "-");
	}
	for (size_t i = 0; i < report->sockets_count; i++) {
		const struct server *server = report->sockets[i].server;

		printf(strchr(server->address, ':') ? "%s[%s]:%u" : "%s%s:%u", separator,
		       server->address, server->port);
		separator = ", ";
	}
	printf("%s\n", *separator == ' ' ? "  -" : "");
	for (size_t i = 0; i < report->notes_count; i++)
		printf("%-8s  %s\n", "", report->notes[i].text);
}

static void print_text(const char *text)
{
	printf(text && *text ? "\"%s\"" : "null", text);
}

static void print_sockets(const struct report *report)
{
	printf("\"sockets\": [");
	for (size_t i = 0; i < report->sockets_count; i++) {
		const struct status_socket *socket = &report->sockets[i];

		printf("%s{\"address\": \"%s\", \"port\": %u, \"received\": %s, \"state\": ",
		       i ? ", " : "", socket->server->address, socket->server->port,
		       socket->received ? "true" : "false");
		print_text(socket->state);
		printf("}");
	}
	printf("]");
}

static void print_json(const struct report *report)
{
	const struct process *process = &report->process;

	printf("{\"pid\": %d, \"program\": \"%s\", \"library\": \"%s\", \"version\": ",
	       (int)process->pid, process->name, states[process->library.state].json);
	print_text(process->library.version);
	printf(", \"replaced\": %s, \"ports\": ", process->library.replaced ? "true" : "false");
	print_text(process->environment.ports);
	printf(", \"profile\": ");
	print_text(report->profile);
	printf(",\n  ");
	print_sockets(report);
	printf(",\n  \"notes\": [");
	for (size_t i = 0; i < report->notes_count; i++)
		printf("%s{\"note\": \"%s\", \"text\": \"%s\"}", i ? ", " : "",
		       report->notes[i].word, report->notes[i].text);
	printf("],\n  \"counters\": ");
	if (process->library.state != LIBRARY_WORKING) {
		printf("null}");
		return;
	}
	for (int counter = 0; counter < COUNTER_COUNT; counter++)
		printf("%s\"%s\": %" PRIu64, counter ? ", " : "{", names[counter],
		       process->library.counters[counter]);
	printf("}}");
}

void report_process(const struct report *report, bool json, bool first)
{
	if (!json) {
		print_row(report);
		return;
	}
	if (!first)
		printf(",\n ");
	print_json(report);
}

void report_end(bool json, size_t unseen)
{
	if (json)
		printf("]\n");
	else if (unseen)
		printf("\nProcesses that may not be examined%s: %zu\n",
		       geteuid() ? "; be root" : "", unseen);
}
