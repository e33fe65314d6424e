// SPDX-License-Identifier: MIT
// The second engine, a program of its own: replyfrom-bpf.

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../become.h"
#include "../environment.h"
#include "../message.h"
#include "../options.h"
#include "./check.h"
#include "./child.h"
#include "./engine.h"

enum { ANSWER_MOST = 4096 };

/* The last line of its check, and what begins a line that says no. */
#define WORKS "the BPF engine can work here\n"
#define SAYS  "replyfrom: "

/* Settings of the library that the engine does not know. */
static const struct {
	const char *setting, *unset;
} unknown[] = {
	{ "REPLYFROM_SOURCE", "" },
	{ "REPLYFROM_FOLLOW_TCP", "0" },
};

/* Writes why the engine cannot even be started; returns false if it can. */
static bool is_out(const char *engine, char reason[REASON_MOST])
{
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		const char *value = getenv(unknown[i].setting);

		if (!value || !*value || !strcmp(value, unknown[i].unset))
			continue;
		snprintf(reason, REASON_MOST, "the BPF engine does not know %s (%s)",
			 unknown[i].setting, options_of_setting(unknown[i].setting));
		return true;
	}
	if (!access(engine, X_OK))
		return false;
	if (errno == ENOENT)
		snprintf(reason, REASON_MOST,
			 "the BPF engine is not installed (package replyfrom-bpf, or "
			 "./configure --with-bpf=yes)");
	else
		snprintf(reason, REASON_MOST, "the BPF engine cannot be run: %s", strerror(errno));
	return true;
}

/* Starts the engine's check; writes what it says on stdout and stderr. */
static void ask(const char *engine, char answer[ANSWER_MOST])
{
	bool was_pending = child_signal_is_pending();
	size_t length = 0;
	ssize_t part = 0;
	int ends[2];
	pid_t child;

	*answer = '\0';
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	child = fork();
	if (!child) {
		/* Not a standard descriptor, should those be closed. */
		int output = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

		dup2(output, STDOUT_FILENO);
		dup2(output, STDERR_FILENO);
		execl(engine, engine, "check", "run", NULL);
		_exit(EXIT_OURS);
	}
	close(ends[1]);
	while (length < ANSWER_MOST - 1) {
		part = read(ends[0], answer + length, ANSWER_MOST - 1 - length);
		if (part > 0)
			length += (size_t)part;
		else if (!part || errno != EINTR)
			break;
	}
	close(ends[0]);
	answer[length] = '\0';
	if (child > 0)
		child_wait(child, was_pending);
}

bool engine_works(const char *engine, char reason[REASON_MOST])
{
	char answer[ANSWER_MOST], *no;

	*reason = '\0';
	if (is_out(engine, reason))
		return false;
	ask(engine, answer);
	/* Its exit status is not to be had where SIGCHLD is ignored. */
	if (strstr(answer, WORKS))
		return true;
	no = strstr(answer, SAYS);
	if (no)
		snprintf(reason, REASON_MOST, "%.*s", (int)strcspn(no + strlen(SAYS), "\n"),
			 no + strlen(SAYS));
	else
		snprintf(reason, REASON_MOST, "the BPF engine's check (%.300s) fails", engine);
	return false;
}

void engine_need(const char *engine)
{
	char reason[REASON_MOST];

	if (is_out(engine, reason))
		message_fail(EXIT_OURS, "%s", reason);
}

void engine_run(const char *engine, bool no_connect, char **command)
{
	engine_need(engine);
	library_withdraw();
	if (no_connect)
		BECOME(engine, command, "run", "--no-connect", "--");
	BECOME(engine, command, "run", "--");
}

void engine_serve(const char *engine, const char *action, const char *target)
{
	char *none[] = { NULL };

	settings_check();
	engine_need(engine);
	library_withdraw();
	BECOME(engine, none, action, target);
}
