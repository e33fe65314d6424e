// SPDX-License-Identifier: MIT
// From a command's name to the program that will run: PATH, `#!`, launchers, and what that program
// is.

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "./check.h"
#include "./env.h"

#define BLANKS " \t"

enum {
	SCRIPTS_DEEP = 5,     /* the kernel follows `#!` no deeper than this */
	FIRST_LINE = 256,     /* and reads no more of it */
	LAUNCHER_MOST = 65536 /* a longer script is no simple launcher */
};

/* Returns 0 if the path can be executed, else the errno of execve(2). */
static int executable(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return errno;
	if (!S_ISREG(status.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

/* Finds an executable file as execvp(3) does if PATH is `folder`. */
static int find_in(const char *folder, const char *name, char path[PATH_MAX])
{
	const char *end;
	int error = ENOENT;

	if (!*name)
		return ENOENT;
	if (strchr(name, '/')) {
		if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX)
			return ENAMETOOLONG;
		return executable(path);
	}
	for (folder = folder ? folder : "/bin:/usr/bin";; folder = end + 1) {
		int length, result;

		end = strchrnul(folder, ':');
		length = (int)(end - folder);
		if (snprintf(path, PATH_MAX, "%.*s%s%s", length, folder, length ? "/" : "", name) <
		    PATH_MAX) {
			result = executable(path);
			if (!result)
				return 0;
			if (result == EACCES) /* as execvp: remembered, and the search goes on */
				error = EACCES;
		}
		if (!*end)
			return error;
	}
}

int program_find(const char *name, char path[PATH_MAX])
{
	return find_in(getenv("PATH"), name, path);
}

/* Cuts the next word off *rest; "" if there is none. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, BLANKS);

	*rest = word + strcspn(word, BLANKS);
	if (**rest)
		*(*rest)++ = '\0';
	return word;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * Goes on from env(1), which program->path is, to the program that it starts for this argument.
 * Stays with env itself where that cannot be told. Returns false if that program is not there.
 */
static bool follow_env(struct program *program, char *argument)
{
	static struct env_call call;
	char command[PATH_MAX], path[PATH_MAX];
	size_t length = strlen(argument);

	/* The kernel hands over all that follows as one argument, without blanks around it. */
	while (length && strchr(BLANKS, argument[length - 1]))
		argument[--length] = '\0';
	argument += strspn(argument, BLANKS);
	if (!env_read(argument, &call))
		return true;
	snprintf(command, sizeof(command), "%s", call.command);
	if (call.folder && *command != '/' && strchr(command, '/') &&
	    snprintf(command, sizeof(command), "%s/%s", call.folder, call.command) >=
		    (int)sizeof(command))
		return true;
	program->dropped |= call.drops_preload;
	if (find_in(call.search_path, command, path))
		return false;
	strcpy(program->path, path);
	return true;
}

/* Goes on to a script's interpreter, past env(1). Returns false if there is none to be found. */
static bool follow_interpreter(struct program *program, const char *bytes, size_t size)
{
	char line[FIRST_LINE] = "", script[PATH_MAX], *rest = line, *word;

	memcpy(line, bytes, size < sizeof(line) - 1 ? size : sizeof(line) - 1);
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "#!", 2)) {
		if (memchr(bytes, '\0', size < sizeof(line) ? size : sizeof(line)))
			return false;
		strcpy(program->path, "/bin/sh"); /* as execvp does on ENOEXEC */
		return true;
	}
	rest += 2;
	word = next_word(&rest);
	if (!*word) {
		strcpy(program->path, "/bin/sh");
		return true;
	}
	program->finding = NO_INTERPRETER;
	if (executable(word)) /* the kernel does not look it up in PATH */
		return false;
	strcpy(script, program->path);
	strcpy(program->path, word);
	if (strcmp(base_name(word), "env") || follow_env(program, rest))
		return true;
	strcpy(program->path, script);
	return false;
}

static bool is_shell(const char *path)
{
	static const char *const shells[] = { "sh", "dash", "bash", "ash", "ksh", "mksh", "zsh" };
	const char *name = base_name(path);

	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (!strcmp(name, shells[i]))
			return true;
	return false;
}

/*
 * Goes on to what a launcher starts: the last line of the script is `exec PROGRAM ...`, and PROGRAM
 * is written out (nothing in it for the shell to expand). Anything else is left alone.
 */
static void follow_launcher(struct program *program, const char *bytes, size_t size)
{
	char line[PATH_MAX] = "", path[PATH_MAX], *rest = line, *word;
	const char *start;

	while (size && strchr(" \t\r\n", bytes[size - 1]))
		size--;
	if (!size || size > LAUNCHER_MOST)
		return;
	start = memrchr(bytes, '\n', size);
	start = start ? start + 1 : bytes;
	size -= (size_t)(start - bytes);
	if (size >= sizeof(line))
		return;
	memcpy(line, start, size);
	if (strcmp(next_word(&rest), "exec"))
		return;
	word = next_word(&rest);
	if (*word != '-' && !strpbrk(word, "$`\"'\\*?[~=;&|<>(){}") && !program_find(word, path))
		strcpy(program->path, path);
}

/* AddressSanitizer looks whether it is the first library, unless it is told not to. */
static bool ends_itself(const struct program *program)
{
	const char *options = getenv("ASAN_OPTIONS");

	return *program->asan && !library_after_sanitizer() &&
	       !(options && strstr(options, "verify_asan_link_order=0"));
}

static void judge_elf(struct program *program, int fd, const struct stat *status)
{
	const struct elf *elf = &program->elf;
	const char *loader = elf->interpreter, *own = elf_own_interpreter();

	if (loader)
		snprintf(program->loader, sizeof(program->loader), "%s", loader);
	snprintf(program->uring, sizeof(program->uring), "%s", elf->uring ? elf->uring : "");
	snprintf(program->asan, sizeof(program->asan), "%s", elf->asan ? elf->asan : "");
	program->finding = privilege_judge(fd, status);
	if (program->finding != HELPED)
		return;
	if (!elf->native)
		program->finding = OTHER_MACHINE;
	else if (!loader)
		program->finding = elf->loader ? LOADER : STATIC;
	else if (own && strcmp(base_name(loader), base_name(own)))
		program->finding = OTHER_LIBC;
	else if (access(loader, F_OK) < 0)
		program->finding = NO_LOADER;
	else if (ends_itself(program))
		program->finding = SANITIZED;
	else if (!elf->receives)
		program->finding = elf->go ? GO : elf->uring ? URING : NO_RECEIVE;
}

/* Judges the file, or goes on to the one that it comes down to and returns true. */
static bool judge_or_follow(struct program *program)
{
	int fd = open(program->path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	const char *bytes = "";
	size_t size;
	bool follow = false;

	program->finding = UNREADABLE;
	if (fd < 0)
		return false;
	if (fstat(fd, &status) < 0)
		goto close_file;
	size = (size_t)status.st_size;
	if (size)
		bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		goto close_file;
	if (elf_read(bytes, size, &program->elf)) {
		judge_elf(program, fd, &status);
		program->calls_kernel = program->finding == NO_RECEIVE && !program->elf.acts &&
					elf_calls_kernel(bytes, size);
	} else {
		program->finding = UNKNOWN;
		follow = follow_interpreter(program, bytes, size);
		if (follow && is_shell(program->path))
			follow_launcher(program, bytes, size);
	}
	if (size)
		munmap((void *)(uintptr_t)bytes, size);
close_file:
	close(fd);
	return follow;
}

void program_judge(struct program *program)
{
	for (int depth = 0; judge_or_follow(program) && depth < SCRIPTS_DEEP; depth++)
		;
	if (program->dropped && program->finding < CANNOT_HELP)
		program->finding = DROPPED;
}

void confinement_judge(struct program *program, const char *command, const char *on_exec,
		       const char *library)
{
	if (program->finding >= CANNOT_HELP)
		return;
	program->apparmor = apparmor_program(command, on_exec, library, program->profile);
	if (program->apparmor == APPARMOR_NONE && strcmp(command, program->path))
		program->apparmor =
			apparmor_program(program->path, NULL, library, program->profile);
	if (program->apparmor == APPARMOR_DENIES)
		program->finding = CONFINED;
}
