// SPDX-License-Identifier: MIT
// The libraries that a program needs, and theirs: as its own loader lists them, or as a process has
// them mapped.

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "./check.h"
#include "./child.h"

/* The findings on all of them. */
struct imports {
	bool all_known, acts, hooked;
};

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* libc's own parts: they export what is looked for, and call it for themselves only. */
static bool is_of_libc(const char *path)
{
	static const char *const names[] = { "libc.",	    "libdl.",	  "libm.",
					     "libpthread.", "librt.",	  "libutil.",
					     "libresolv.",  "libanl.",	  "libnsl.",
					     "ld-",	    "ld.",	  "libgcc_s.",
					     "linux-vdso",  "linux-gate", "libreplyfrom." };
	const char *name = name_of(path);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return false;
}

/* A file that cannot be read may have anything. */
static void read_library(const char *path, struct program *program, struct imports *imports)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	struct elf elf;
	void *bytes = MAP_FAILED;

	if (fd >= 0 && !fstat(fd, &status) && status.st_size)
		bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (bytes == MAP_FAILED || !elf_read(bytes, (size_t)status.st_size, &elf)) {
		imports->all_known = false;
	} else {
		imports->acts |= elf.acts;
		imports->hooked |= elf.hooked;
		if (elf.uring && !*program->uring)
			snprintf(program->uring, sizeof(program->uring), "%s", elf.uring);
		if (elf.receives && !*program->receiver && !program->elf.receives) {
			snprintf(program->receiver, sizeof(program->receiver), "%s", path);
			program->elf.receives = elf.receives;
		}
	}
	if (bytes != MAP_FAILED)
		munmap(bytes, (size_t)status.st_size);
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

static void conclude(struct program *program, const struct imports *imports)
{
	if (program->elf.receives)
		program->finding = HELPED;
	else if (*program->uring)
		program->finding = URING;
	else if (!imports->acts && !(imports->hooked && sends_count()) && imports->all_known)
		program->finding = UNSEEN;
}

void libraries_judge(struct program *program)
{
	char line[2 * PATH_MAX];
	struct imports imports = { true, program->elf.acts, program->elf.hooked };
	pid_t child;
	bool was_pending = child_signal_is_pending();
	FILE *lines = is_safe_to_list(program) ? list_libraries(program, &child) : NULL;

	if (!lines)
		return;
	/* "libuv.so.1 => /usr/lib/libuv.so.1 (0x...)" or "/lib/ld-linux.so.2 (0x...)" */
	while (fgets(line, sizeof(line), lines)) {
		char *path = strchr(line, '/'), *end = strrchr(line, '(');

		if (!path || !end || end < path + 1)
			continue;
		end[-1] = '\0';
		if (!is_of_libc(path))
			read_library(path, program, &imports);
	}
	fclose(lines);
	imports.all_known &= !child_wait(child, was_pending);
	conclude(program, &imports);
}

/* Looks at a line of proc_pid_maps(5); `root` is the process's own. */
static void read_mapping(char *line, const char *root, struct program *program,
			 struct imports *imports)
{
	char *path = strchr(line, '/'), file[PATH_MAX];
	const char *permissions = strchr(line, ' ');

	/* The ring itself, whoever made it. */
	if (strstr(line, "anon_inode:[io_uring]") && !*program->uring)
		strcpy(program->uring, "io_uring");
	if (!path || !permissions || strlen(permissions) < 4 || permissions[3] != 'x')
		return;
	path[strcspn(path, "\n")] = '\0';
	if (elf_is_uring(name_of(path)) && !*program->uring)
		snprintf(program->uring, sizeof(program->uring), "%.*s", NAME_MAX - 1,
			 name_of(path));
	if (is_of_libc(path))
		return;
	if (snprintf(file, sizeof(file), "%s%s", root, path) < (int)sizeof(file))
		read_library(file, program, imports);
	else
		imports->all_known = false;
}

void libraries_judge_running(struct program *program, pid_t thread)
{
	struct imports imports = { true, program->elf.acts, program->elf.hooked };
	char name[64], *line = NULL;
	size_t room = 0;
	bool any = false;
	FILE *maps;

	if (program->finding != HELPED && program->finding != NO_RECEIVE &&
	    program->finding != URING)
		return;
	snprintf(name, sizeof(name), "/proc/%d/maps", (int)thread);
	maps = fopen(name, "re");
	if (!maps)
		return;
	snprintf(name, sizeof(name), "/proc/%d/root", (int)thread);
	while (getline(&line, &room, maps) > 0) {
		any = true;
		read_mapping(line, name, program, &imports);
	}
	free(line);
	fclose(maps);
	imports.all_known &= any;
	conclude(program, &imports);
}
