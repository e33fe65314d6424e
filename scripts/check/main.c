// SPDX-License-Identifier: MIT
// replyfrom-check MODE LIBRARY COMMAND [ARGUMENT]...: what the script replyfrom ends with.

#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "./check.h"

enum { LINE = 2 * PATH_MAX + 1024 };

static void say(const char *format, va_list arguments)
{
	char line[LINE];
	size_t length = (size_t)snprintf(line, sizeof(line), "replyfrom: ");

	vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
	dprintf(STDERR_FILENO, "%s\n", line);
}

static void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

void fail(int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	_exit(status);
}

static _Noreturn void fail_run(const char *command, int error)
{
	fail(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN, "%s: %s", command, strerror(error));
}

static _Noreturn void run(char **command)
{
	execvp(*command, command);
	fail_run(*command, errno);
}

/* --check: the verdict on stdout. */
static _Noreturn void answer(const struct program *program, const char *library)
{
	char line[LINE];

	verdict_print(program, library, line, sizeof(line));
	if (dprintf(STDOUT_FILENO, "%s\n", line) < 0)
		fail(EXIT_OURS, "stdout: %s", strerror(errno));
	_exit(program->finding < CANNOT_HELP ? EXIT_SUCCESS : EXIT_CANNOT_HELP);
}

/* A program that cannot be helped is only started if that is wanted, and not without a word. */
static void refuse(const struct program *program, const char *library, bool force)
{
	char line[LINE];

	verdict_print(program, library, line, sizeof(line));
	if (program->finding >= NO_LOADER && !force)
		fail(EXIT_NOT_FOUND, "%s", line);
	if (!force)
		fail(EXIT_OURS, "%s, or start it as it is with --force", line);
	warn("%s; started all the same", line);
}

int main(int count, char **arguments)
{
	static struct program program;
	char preload[PATH_MAX], library[PATH_MAX], path[PATH_MAX], **command;
	const char *on_exec = NULL;
	bool check, force;
	int error;

	if (count == 2 && !strcmp(arguments[1], LIBRARY_ALIVE)) {
		library_answer();
		return EXIT_SUCCESS;
	}
	if (count < 4)
		fail(EXIT_OURS, "replyfrom-check is a part of replyfrom: start that");
	/* "check:PROFILE" is for --unit. */
	check = !strncmp(arguments[1], "check", strlen("check"));
	if (check && arguments[1][strlen("check")] == ':')
		on_exec = arguments[1] + strlen("check:");
	force = !strcmp(arguments[1], "force");
	command = arguments + 3;
	if (settings_check() && !check)
		run(command);
	library_check(arguments[2], preload);
	error = program_find(*command, program.path);
	if (error)
		fail_run(*command, error);
	strcpy(path, program.path);
	program_judge(&program);
	if (program.finding == OTHER_MACHINE)
		sibling_start(preload, &program.elf, arguments);
	if (!realpath(arguments[2], library))
		fail(EXIT_OURS, "the library %s: %s", arguments[2], strerror(errno));
	confinement_judge(&program, path, on_exec, library);
	if (check)
		answer(&program, library);
	if (program.finding >= CANNOT_HELP)
		refuse(&program, library, force);
	/* The loader of another ABI would only complain, for this program and all it starts. */
	if (program.finding != OTHER_MACHINE && program.finding != OTHER_LIBC)
		library_preload(preload);
	run(command);
}
