// SPDX-License-Identifier: MIT
// Starts the test program again with the library in front of it.

#include <dlfcn.h>
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

void run_under_library(char **argv)
{
	const char *preload = getenv("LD_PRELOAD");

	if (library_is_loaded())
		return;
	/* Set, but not there: the loader only warned, and this would go round for ever. */
	if (preload && !strcmp(preload, library_path())) {
		fprintf(stderr, "%s cannot be preloaded\n", library_path());
		exit(1);
	}
	setenv("LD_PRELOAD", library_path(), 1);
	execv("/proc/self/exe", argv);
	perror("/proc/self/exe");
	exit(1);
}

_Noreturn void unavailable(const char *reason)
{
	const char *ci = getenv("CI");

	fprintf(stderr, "%s\n", reason);
	exit(ci && !strcmp(ci, "true") && !geteuid() ? 1 : SKIPPED);
}
