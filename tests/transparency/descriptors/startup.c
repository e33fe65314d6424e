// SPDX-License-Identifier: MIT
// What a program starts with: the same with the library and without.

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "descriptors.h"
#include "../../lib/preload.h"

extern char **environ;

enum { ROOM = 65536 };

static void list(const char *directory)
{
	DIR *entries = opendir(directory);
	struct dirent *entry;

	while ((entry = readdir(entries)))
		printf("%s/%s\n", directory, entry->d_name);
	closedir(entries);
}

static void show_status(void)
{
	static const char *const lines[] = { "Threads:", "SigBlk:",  "SigIgn:",
					     "SigCgt:",	 "Seccomp:", "NoNewPrivs:" };
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];

	while (fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
			if (!strncmp(line, lines[i], strlen(lines[i])))
				fputs(line, stdout);
	fclose(file);
}

/* Shows all of it, before and after a first use of a wildcard socket. */
int startup_mode(const char *mode)
{
	if (strcmp(mode, "show"))
		return -1;
	for (int i = 0; i < 2; i++) {
		list("/proc/self/fd");
		show_status();
		for (char **variable = environ; *variable; variable++)
			if (strncmp(*variable, "LD_PRELOAD=", 11))
				puts(*variable);
		if (library_is_loaded())
			close(wildcard_socket(AF_INET, SERVER_PORT));
	}
	return 0;
}

/* Runs the program in that mode; what it wrote, standard error included, goes to `output`. */
static void show(bool preload, char *output)
{
	char name[] = "descriptors", mode[] = "show";
	char *argv[] = { name, mode, NULL };
	char variable[] = "A=1", path[4096];
	/* Not this process's environment: the library has run here. */
	char *environment[] = { variable, preload ? path : NULL, NULL };
	int ends[2], status;
	size_t used = 0;
	ssize_t n;
	pid_t child;

	snprintf(path, sizeof(path), "LD_PRELOAD=%s", library_path());
	need(pipe(ends), "pipe");
	child = (pid_t)need(fork(), "fork");
	if (!child) {
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		close(ends[0]);
		close(ends[1]);
		execve("/proc/self/exe", argv, environment);
		_exit(127);
	}
	close(ends[1]);
	while (used < ROOM - 1 && (n = read(ends[0], output + used, ROOM - 1 - used)) > 0)
		used += (size_t)n;
	output[used] = '\0';
	close(ends[0]);
	need(waitpid(child, &status, 0), "waitpid");
	check(!status, "status %#x", (unsigned int)status);
}

void case_startup(void)
{
	static char with[ROOM], without[ROOM];

	show(false, without);
	show(true, with);
	check(*without && !strcmp(with, without), "without the library:\n%s\nwith it:\n%s", without,
	      with);
}
