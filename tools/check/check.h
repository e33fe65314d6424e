/* SPDX-License-Identifier: MIT */
/* Checks whether the library can work for a program, then becomes that program. */
#ifndef CHECK_H
#define CHECK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "../message.h"
#include "apparmor.h"
#include "elf.h"
#include "engine.h"

enum check_mode { CHECK_START, CHECK_ONLY, CHECK_FORCE };

/* A command, and the way to start it. */
struct start {
	enum check_mode mode;
	const char *profile; /* AppArmor's that it will be started with; NULL: its own */
	const char *library;
	const char *checker; /* a program that answers to LIBRARY_ALIVE */
	enum engine engine;
	const char *bpf; /* the second engine; NULL with ENGINE_PRELOAD */
	bool no_connect; /* the second engine is to leave connect() alone */
};

/*
 * Checks settings, library and command, and becomes the command; in CHECK_ONLY it prints the
 * verdict instead. What fails ends the process with one of the statuses of message.h.
 */
_Noreturn void check_run(const struct start *start, char **command);

/* The finding on a program; from CANNOT_HELP on, the library cannot work for it. */
enum finding {
	HELPED,	    /* it imports receive calls of libc */
	NO_RECEIVE, /* it imports none, but its libraries or what it starts may */
	LOADER,	    /* it is a dynamic loader; what that loads is not examined */
	UNREADABLE, /* it may be run but not read */
	UNKNOWN,    /* no format known here: the kernel may know it (binfmt_misc) */
	UNSEEN,	    /* is started, but --check says no: nothing in it calls libc for that */
	URING,	    /* the same, and it may receive through io_uring */
	CANNOT_HELP,
	STATIC = CANNOT_HELP,
	GO,
	SETUID,
	SETGID,
	CAPABILITIES,
	SECURE,	   /* this process itself runs with raised privileges */
	SANITIZED, /* its AddressSanitizer would end it, as that has to be the first library */
	OTHER_MACHINE,
	OTHER_LIBC,
	CONFINED,	/* AppArmor denies it the library */
	DROPPED,	/* env(1) in the script's first line takes LD_PRELOAD away */
	NO_LOADER,	/* its dynamic loader is not installed */
	NO_INTERPRETER, /* the interpreter of the script is not */
};

/* The program that a command comes down to: the interpreter of a script, or what a launcher starts.
 */
struct program {
	char path[PATH_MAX];
	enum finding finding;
	bool dropped; /* env(1) on the way to it takes LD_PRELOAD away */
	struct elf elf;
	char loader[PATH_MAX]; /* elf.interpreter, kept */
	char uring[NAME_MAX];  /* elf.uring, or a library's, kept; "": none */
	char asan[NAME_MAX];   /* elf.asan, kept; "": none */
	bool calls_kernel;     /* no import receives or starts programs, but its own code calls the
				  kernel */
	char receiver[PATH_MAX]; /* the library that receives for it; "": itself, or none */
	enum apparmor apparmor;
	char profile[PROFILE_MOST]; /* AppArmor's; "": none */
	char no_bpf[REASON_MOST]; /* why the second engine can't help it; "": not checked, or it can
				   */
};

/*
 * Reads the REPLYFROM_* variables and fails if one is wrong or unknown. Returns true if
 * REPLYFROM_DISABLE is set.
 */
bool settings_check(void);

/*
 * Looks whether the library can be preloaded, loads it and compares versions; fails if anything is
 * wrong. Writes into `preload` what LD_PRELOAD should have: the absolute path, with $LIB where the
 * dynamic loader expands that to the same file.
 */
void library_check(const char *library, const char *checker, char preload[PATH_MAX]);

/* "start", "check" or "force": the first argument of replyfrom-check. */
const char *check_mode_name(enum check_mode mode);

/* The argument with which library_check() starts `checker` to call library_answer(). */
#define LIBRARY_ALIVE "alive"

/* Prints the version of the library that was preloaded into this process, if any. */
void library_answer(void);

/*
 * Puts the library before what LD_PRELOAD has, but after the sanitizers' runtimes that it begins
 * with: those insist on being first. A library that is already there stays as it is.
 */
void library_preload(const char *preload);

/* Takes the library out of LD_PRELOAD, and leaves there what else it has. */
void library_withdraw(void);

/* Returns true if LD_PRELOAD begins with a sanitizer's runtime. */
bool library_after_sanitizer(void);

/*
 * Leaves the command to the replyfrom-check of the program's own ABI: then one wrapper serves
 * programs of both. Returns if there is none installed.
 */
void sibling_start(const char *preload, const struct elf *program, const struct start *start,
		   char **command);

/* Follows the second engine's path in an argument of replyfrom-check. */
#define NO_CONNECT ":no-connect"

/*
 * Finds an executable file as execvp(3) does. Returns 0 and its path, or the errno that execvp
 * would end with.
 */
int program_find(const char *name, char path[PATH_MAX]);

/*
 * Judges the program at program->path. Follows `#!` interpreters, env(1) in a `#!` line, and shell
 * scripts whose last line is `exec PROGRAM ...`; program->path then is the last one's.
 */
void program_judge(struct program *program);

/*
 * Examines the libraries of a program that imports no receive call itself: one of them may import
 * one, or nothing in the program can be seen. The program's loader lists them; none of their code
 * runs.
 */
void libraries_judge(struct program *program);

/*
 * Examines the libraries of a running program: the files that the process has mapped now, with
 * those that it loaded later. Sets program->uring too if it has an io_uring of its own.
 */
void libraries_judge_running(struct program *program, pid_t thread);

/*
 * The loader ignores LD_PRELOAD for a program that gains privileges (AT_SECURE, getauxval(3)).
 * Returns SETUID, SETGID, CAPABILITIES or SECURE if it would for the file `fd`, else HELPED.
 */
enum finding privilege_judge(int fd, const struct stat *status);

/*
 * Looks whether AppArmor lets the command map the library: `command` is the file that is executed,
 * program->path what it comes down to. Changes program->finding if not. `on_exec` is the profile
 * that it is going to be started with, NULL if it has one of its own or none.
 */
void confinement_judge(struct program *program, const char *command, const char *on_exec,
		       const char *library);

/* Writes the finding as one line without a newline, with what to do about it. */
void verdict_print(const struct program *program, const char *library, char *line, size_t size);

/* Writes the finding on a program that the second engine helps in place of the library. */
void verdict_print_bpf(const struct program *program, char *line, size_t size);

/* Returns true if the program itself cannot be helped, but those that it starts can. */
bool verdict_launches(const struct program *program);

/* Returns what follows that line: how to start the program with --force, and what for. */
const char *verdict_offer(const struct program *program);

#endif
