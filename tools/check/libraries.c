// SPDX-License-Identifier: MIT
// The libraries that a program needs, and theirs: as its own loader lists them.

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "./check.h"

/* libc's own parts: they export what is looked for, and call it for themselves only. */
static bool is_of_libc(const char *path)
{
	static const char *const names[] = { "libc.",	    "libdl.",	  "libm.",
					     "libpthread.", "librt.",	  "libutil.",
					     "libresolv.",  "libanl.",	  "libnsl.",
					     "ld-",	    "ld.",	  "libgcc_s.",
					     "linux-vdso",  "linux-gate", "libreplyfrom." };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return false;
}

/* Returns false if the file cannot be read; then nothing is known of it. */
static bool read_library(const char *path, struct program *program, bool *acts, bool *hooked)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	struct elf elf;
	void *bytes = MAP_FAILED;
	bool known;

	if (fd >= 0 && !fstat(fd, &status) && status.st_size)
		bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (bytes == MAP_FAILED)
		return false;
	known = elf_read(bytes, (size_t)status.st_size, &elf);
	if (known) {
		*acts |= elf.acts;
		*hooked |= elf.hooked;
		if (elf.uring && !*program->uring)
			snprintf(program->uring, sizeof(program->uring), "%s", elf.uring);
		if (elf.receives && !*program->receiver) {
			snprintf(program->receiver, sizeof(program->receiver), "%s", path);
			program->elf.receives = elf.receives;
		}
	}
	munmap(bytes, (size_t)status.st_size);
	return known;
}

/*
 * Only the loader that runs this program itself is started, and only where it runs no code that the
 * program names: to look at a program must not be to start it.
 */
static bool is_safe_to_list(const struct program *program)
{
	const char *own = elf_own_interpreter();
	struct stat ours, its;

	return own && !program->elf.audited && !stat(own, &ours) && !stat(program->loader, &its) &&
	       ours.st_dev == its.st_dev && ours.st_ino == its.st_ino;
}

/* Starts the loader, which writes a line for each library; returns where to read them. */
static FILE *list_libraries(const struct program *program, pid_t *child)
{
	int ends[2], output;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return NULL;
	*child = fork();
	if (!*child) {
		/* Not a standard descriptor, should those be closed. */
		output = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		dup2(output, STDOUT_FILENO);
		close(STDERR_FILENO);
		execl(program->loader, program->loader, "--list", program->path, NULL);
		_exit(EXIT_OURS);
	}
	close(ends[1]);
	if (*child < 0) {
		close(ends[0]);
		return NULL;
	}
	return fdopen(ends[0], "r");
}

/* Returns true if there is something to do for a program that only sends. */
static bool sends_count(void)
{
	const char *source = getenv("REPLYFROM_SOURCE"), *follow = getenv("REPLYFROM_FOLLOW_TCP");

	return (source && *source) || (follow && !strcmp(follow, "1"));
}

void libraries_judge(struct program *program)
{
	char line[2 * PATH_MAX];
	bool all_known = true, acts = program->elf.acts, hooked = program->elf.hooked;
	pid_t child;
	FILE *lines = is_safe_to_list(program) ? list_libraries(program, &child) : NULL;
	int result = -1;

	if (!lines)
		return;
	/* "libuv.so.1 => /usr/lib/libuv.so.1 (0x...)" or "/lib/ld-linux.so.2 (0x...)" */
	while (fgets(line, sizeof(line), lines)) {
		char *path = strchr(line, '/'), *end = strrchr(line, '(');

		if (!path || !end || end < path + 1)
			continue;
		end[-1] = '\0';
		if (!is_of_libc(path))
			all_known &= read_library(path, program, &acts, &hooked);
	}
	fclose(lines);
	waitpid(child, &result, 0);
	if (*program->receiver)
		program->finding = HELPED;
	else if (*program->uring)
		program->finding = URING;
	else if (!acts && !(hooked && sends_count()) && all_known && !result)
		program->finding = UNSEEN;
}
