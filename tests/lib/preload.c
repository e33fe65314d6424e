// SPDX-License-Identifier: MIT
// Starts the test program again with the library in front of it.

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interposer.h"
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

struct interposer *run_under_interposer(char **argv)
{
	const char *build = getenv("abs_top_builddir");
	char libraries[3 * PATH_MAX];
	struct interposer *found;

	snprintf(libraries, sizeof(libraries), "%s %s/tests/lib/interposer.so", library_path(),
		 build ? build : ".");
	run_under(libraries, argv);
	found = dlsym(RTLD_DEFAULT, "interposer");
	if (!found) {
		fputs("interposer.so is not there\n", stderr);
		exit(1);
	}
	return found;
}

_Noreturn void unavailable(const char *reason)
{
	const char *ci = getenv("CI");

	fprintf(stderr, "%s\n", reason);
	exit(ci && !strcmp(ci, "true") && !geteuid() ? 1 : SKIPPED);
}
