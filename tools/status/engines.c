// SPDX-License-Identifier: MIT
// The second engine's own report, as replyfrom-bpf writes it: what it is attached to, its counters.

#include "config.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../message.h"
#include "./engines.h"

enum { REPORT_MOST = 1 << 20 };

/* Starts the engine's report on the processes; returns where to read it, NULL if it cannot. */
static FILE *start(const char *engine, bool json, char *const *processes, pid_t *child)
{
	size_t count = 0, next = 0;
	char const **arguments;
	int ends[2], nowhere;

	while (processes[count])
		count++;
	arguments = calloc(count + 4, sizeof(*arguments));
	if (!arguments || pipe2(ends, O_CLOEXEC) < 0) {
		free(arguments);
		return NULL;
	}
	arguments[next++] = engine;
	arguments[next++] = "status";
	if (json)
		arguments[next++] = "--json";
	memcpy(arguments + next, processes, count * sizeof(*arguments));
	fflush(stdout);
	*child = fork();
	if (!*child) {
		dup2(ends[1], STDOUT_FILENO);
		nowhere = open("/dev/null", O_WRONLY);
		dup2(nowhere, STDERR_FILENO);
		execv(engine, (char **)(uintptr_t)arguments);
		_exit(EXIT_OURS);
	}
	free(arguments);
	close(ends[1]);
	if (*child < 0) {
		close(ends[0]);
		return NULL;
	}
	return fdopen(ends[0], "r");
}

/* Returns the report, to be freed; NULL if no engine is at work for them. */
static char *read_report(const char *engine, bool json, char *const *processes)
{
	pid_t child;
	int result = -1;
	size_t length;
	FILE *answer;
	char *text;

	/* Another user may not see them. */
	if (geteuid() || access(engine, X_OK) || !(answer = start(engine, json, processes, &child)))
		return NULL;
	text = calloc(1, REPORT_MOST);
	length = text ? fread(text, 1, REPORT_MOST - 1, answer) : 0;
	fclose(answer);
	waitpid(child, &result, 0);
	while (length && text[length - 1] == '\n')
		text[--length] = '\0';
	if (!result && length && strcmp(text, "{\"engines\": []}") != 0 &&
	    strcmp(text, "no BPF engine is at work") != 0)
		return text;
	free(text);
	return NULL;
}

bool engines_are_there(const char *engine)
{
	char *text = read_report(engine, false, (char *[]){ NULL });
	bool are = text;

	free(text);
	return are;
}

bool engines_cover(const char *engine, pid_t pid)
{
	char number[16], *processes[] = { number, NULL }, *text;
	bool covers;

	snprintf(number, sizeof(number), "%d", (int)pid);
	text = read_report(engine, false, processes);
	covers = text;
	free(text);
	return covers;
}

void engines_report(const char *engine, bool json, bool first, char *const *processes)
{
	char *text = read_report(engine, json, processes);

	if (text)
		printf("%s%s%s",
		       !json   ? "\nThe engine in cgroup BPF is at work:\n"
		       : first ? ""
			       : ",\n ",
		       text, json ? "" : "\n");
	free(text);
}
