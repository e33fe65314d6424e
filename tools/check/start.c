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

/* --check: the line on stdout, and the end. */
static _Noreturn void print_answer(char *line, const char *more, bool helps, bool disabled)
{
	const char *switched_off =
		disabled ? "; REPLYFROM_DISABLE=1 is set, so it is started without the library"
			 : "";

	message_clean(line);
	if (dprintf(STDOUT_FILENO, "%s%s%s\n", line, more, switched_off) < 0)
		message_fail(EXIT_OURS, "stdout: %s", strerror(errno));
	_exit(helps && !disabled ? EXIT_SUCCESS : EXIT_CANNOT_HELP);
}

/* --check: the verdict; `bpf`: the second engine takes the program. */
static _Noreturn void answer(const struct program *program, const struct start *start,
			     const char *library, bool bpf, bool disabled)
{
	bool helps = bpf || program->finding < UNSEEN;
	const char *more = "";
	char line[LINE];

	if (bpf)
		verdict_print_bpf(program, line, sizeof(line));
	else
		verdict_print(program, library, line, sizeof(line));
	if (helps && start->engine == ENGINE_AUTO)
		more = bpf ? "; engine: bpf" : "; engine: preload";
	else if (!helps && verdict_launches(program))
		more = verdict_offer(program);
	print_answer(line, more, helps, disabled);
}

/* --engine bpf: whatever the program is. */
static _Noreturn void run_bpf(const struct start *start, bool disabled, char **command)
{
	char path[PATH_MAX], reason[REASON_MOST], line[LINE];
	int error = program_find(*command, path);
	bool works;

	if (error)
		fail_run(*command, error);
	if (start->mode != CHECK_ONLY)
		engine_run(start->bpf, start->no_connect, command);
	works = engine_works(start->bpf, reason);
	if (works)
		snprintf(line, sizeof(line), "%s can be helped; engine: bpf", path);
	else
		snprintf(line, sizeof(line), "%s cannot be helped: %s", path, reason);
	print_answer(line, "", works, disabled);
}

/* Prints what the library cannot see; the program may use io_uring for files only. */
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

/*
 * Looks at the libraries of a program that imports no receive call itself: for --check, and where
 * the second engine would take the program if they import none either.
 */
static void look_at_libraries(struct program *program, const struct start *start)
{
	char reason[REASON_MOST];

	if (program->finding != URING && program->finding != NO_RECEIVE)
		return;
	if (start->mode == CHECK_ONLY ||
	    (start->mode == CHECK_START && start->engine == ENGINE_AUTO &&
	     (program->finding == URING || program->calls_kernel) &&
	     engine_works(start->bpf, reason)))
		libraries_judge(program);
}

/* Returns true if the library cannot work for the program, but the second engine can. */
static bool takes_bpf(struct program *program, const struct start *start)
{
	return start->engine == ENGINE_AUTO && start->mode != CHECK_FORCE &&
	       program->finding >= UNSEEN && program->finding < NO_LOADER &&
	       (program->finding != UNSEEN || program->calls_kernel) &&
	       program->finding != SECURE && engine_works(start->bpf, program->no_bpf);
}

void check_run(const struct start *start, char **command)
{
	const char *library = start->library, *profile = start->profile;
	enum check_mode mode = start->mode;
	static struct program program;
	bool disabled = settings_check();
	char preload[PATH_MAX], path[PATH_MAX], real[PATH_MAX];
	int error;
	bool bpf;

	if (disabled && mode != CHECK_ONLY)
		run(command);
	if (start->engine == ENGINE_BPF)
		run_bpf(start, disabled, command);
	library_check(library, start->checker, preload);
	error = program_find(*command, program.path);
	if (error)
		fail_run(*command, error);
	strcpy(path, program.path);
	program_judge(&program);
	if (program.finding == OTHER_MACHINE)
		sibling_start(preload, &program.elf, start, command);
	look_at_libraries(&program, start);
	ask_apparmor(&program, mode, path, profile, library, real);
	bpf = takes_bpf(&program, start);
	if (mode == CHECK_ONLY)
		answer(&program, start, real, bpf, disabled);
	if (bpf)
		engine_run(start->bpf, start->no_connect, command);
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
