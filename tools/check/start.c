// SPDX-License-Identifier: MIT
// The check before each start, and the start.

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "./check.h"

enum { LINE = PATH_MAX + 1024 };

static _Noreturn void fail_run(const char *command, int error)
{
	message_fail(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN, "%s: %s", command,
		     strerror(error));
}

static _Noreturn void run(char **command)
{
	execvp(*command, command);
	fail_run(*command, errno);
}

/* --check: the verdict on stdout. */
static _Noreturn void answer(const struct program *program, const char *library, bool disabled)
{
	const char *switched_off =
		disabled ? "; REPLYFROM_DISABLE=1 is set, so it is started without the library"
			 : "";
	char line[LINE];

	verdict_print(program, library, line, sizeof(line));
	message_clean(line);
	if (dprintf(STDOUT_FILENO, "%s%s%s\n", line,
		    verdict_launches(program) ? verdict_offer(program) : "", switched_off) < 0)
		message_fail(EXIT_OURS, "stdout: %s", strerror(errno));
	_exit(program->finding < UNSEEN && !disabled ? EXIT_SUCCESS : EXIT_CANNOT_HELP);
}

/* What is known to be missed is said; the program may use io_uring for files only. */
static void warn_of_uring(const struct program *program, const char *library)
{
	char line[LINE];

	verdict_print(program, library, line, sizeof(line));
	message_warn("%s; started", line);
}

/* A program that cannot be helped is only started if that is wanted, and not without a word. */
static void refuse(const struct program *program, const char *library, bool force)
{
	char line[LINE];

	verdict_print(program, library, line, sizeof(line));
	if (program->finding >= NO_LOADER && !force)
		message_fail(EXIT_NOT_FOUND, "%s", line);
	if (!force)
		message_fail(EXIT_OURS, "%s%s", line, verdict_offer(program));
	message_warn("%s; started all the same", line);
}

const char *check_mode_name(enum check_mode mode)
{
	static const char *const names[] = {
		[CHECK_START] = "start",
		[CHECK_ONLY] = "check",
		[CHECK_FORCE] = "force",
	};

	return names[mode];
}

/*
 * Asks AppArmor, where it is in use. Before a start this is left out if the kernel would not answer
 * whether the library may be mapped, as then nothing depends on it.
 */
static void ask_apparmor(struct program *program, enum check_mode mode, const char *command,
			 const char *profile, const char *library, char real[PATH_MAX])
{
	*real = '\0';
	if (!apparmor_is_on() || (mode != CHECK_ONLY && !apparmor_answers()))
		return;
	if (!realpath(library, real))
		message_fail(EXIT_OURS, "the library %s: %s", library, strerror(errno));
	confinement_judge(program, command, profile, real);
}

void check_run(enum check_mode mode, const char *profile, const char *library, const char *checker,
	       char **command)
{
	static struct program program;
	bool disabled = settings_check();
	char preload[PATH_MAX], path[PATH_MAX], real[PATH_MAX];
	int error;

	if (disabled && mode != CHECK_ONLY)
		run(command);
	library_check(library, checker, preload);
	error = program_find(*command, program.path);
	if (error)
		fail_run(*command, error);
	strcpy(path, program.path);
	program_judge(&program);
	if (program.finding == OTHER_MACHINE)
		sibling_start(preload, &program.elf, mode, profile, command);
	if (mode == CHECK_ONLY && (program.finding == NO_RECEIVE || program.finding == URING))
		libraries_judge(&program);
	ask_apparmor(&program, mode, path, profile, library, real);
	if (mode == CHECK_ONLY)
		answer(&program, real, disabled);
	if (program.finding >= CANNOT_HELP)
		refuse(&program, real, mode == CHECK_FORCE);
	else if (program.finding == URING)
		warn_of_uring(&program, real);
	/*
	 * The loader of another ABI would only complain, for this program and all it starts; a
	 * sanitizer would end it.
	 */
	if (program.finding != OTHER_MACHINE && program.finding != OTHER_LIBC &&
	    program.finding != SANITIZED)
		library_preload(preload);
	run(command);
}
