// SPDX-License-Identifier: MIT
// Starts the test program again with the library in front of it.

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload.h"

enum { SKIPPED = 77 };

const char *library_path(void)
{
	static char path[4096];
	const char *build = getenv("abs_top_builddir");

	snprintf(path, sizeof(path), "%s/shim/libreplyfrom.so", build ? build : ".");
	return path;
}

bool library_is_loaded(void)
{
	return dlsym(RTLD_DEFAULT, "replyfrom_version") != NULL;
}

/* Starts the program again with these in LD_PRELOAD, unless the library is there already. */
static void run_under(const char *libraries, char **argv)
{
	const char *preload = getenv("LD_PRELOAD");

	if (library_is_loaded())
		return;
	/* Set, but not there: the loader only warned, and this would go round for ever. */
	if (preload && !strcmp(preload, libraries)) {
		fprintf(stderr, "%s cannot be preloaded\n", libraries);
		exit(1);
	}
	setenv("LD_PRELOAD", libraries, 1);
	execv("/proc/self/exe", argv);
	perror("/proc/self/exe");
	exit(1);
}

void run_under_library(char **argv)
{
	run_under(library_path(), argv);
}

void run_under_both(char **argv, const char *behind)
{
	char program[PATH_MAX], libraries[3 * PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

	program[length > 0 ? length : 0] = '\0';
	snprintf(libraries, sizeof(libraries), "%s %s/%s", library_path(), dirname(program),
		 behind);
	run_under(libraries, argv);
}

_Noreturn void unavailable(const char *reason)
{
	const char *ci = getenv("CI");

	fprintf(stderr, "%s\n", reason);
	exit(ci && !strcmp(ci, "true") && !geteuid() ? 1 : SKIPPED);
}
