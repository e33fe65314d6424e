// SPDX-License-Identifier: MIT
// The second engine's own report, as replyfrom-bpf writes it: what it is attached to, its counters.

#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../message.h"
#include "./status.h"

enum { REPORT_MOST = 1 << 20 };

/* Starts the engine's report; returns where to read it, NULL if that cannot be done. */
static FILE *start(const char *engine, bool json, pid_t *child)
{
	int ends[2], nowhere;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return NULL;
	fflush(stdout);
	*child = fork();
	if (!*child) {
		dup2(ends[1], STDOUT_FILENO);
		nowhere = open("/dev/null", O_WRONLY);
		dup2(nowhere, STDERR_FILENO);
		execl(engine, engine, "status", json ? "--json" : NULL, NULL);
		_exit(EXIT_OURS);
	}
	close(ends[1]);
	if (*child < 0) {
		close(ends[0]);
		return NULL;
	}
	return fdopen(ends[0], "r");
}

void engines_report(const char *engine, bool json, bool first)
{
	pid_t child;
	int result = -1;
	size_t length;
	FILE *answer;
	char *text;

	/* Another user may not see them. */
	if (geteuid() || access(engine, X_OK) || !(answer = start(engine, json, &child)))
		return;
	text = calloc(1, REPORT_MOST);
	length = text ? fread(text, 1, REPORT_MOST - 1, answer) : 0;
	fclose(answer);
	waitpid(child, &result, 0);
	while (length && text[length - 1] == '\n')
		text[--length] = '\0';
	/* None is no news. */
	if (!result && length && strcmp(text, "{\"engines\": []}") != 0 &&
	    strcmp(text, "no BPF engine is at work") != 0)
		printf("%s%s%s",
		       !json   ? "\nThe engine in cgroup BPF is at work:\n"
		       : first ? ""
			       : ",\n ",
		       text, json ? "" : "\n");
	free(text);
}
