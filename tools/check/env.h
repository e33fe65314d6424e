/* SPDX-License-Identifier: MIT */
/* Reads the arguments of env(1) in the first line of a script. */
#ifndef CHECK_ENV_H
#define CHECK_ENV_H

#include <limits.h>
#include <stdbool.h>

enum { ENV_WORDS = 64 };

struct env_call {
	const char *command;	 /* the program that env starts */
	const char *folder;	 /* env changes to this folder before; NULL: it stays */
	const char *search_path; /* PATH for the command; NULL: there is none */
	bool drops_preload;	 /* env takes LD_PRELOAD out, or gives it another value */
	char text[PATH_MAX];	 /* the words' characters */
	const char *words[ENV_WORDS];
};

/*
 * Reads the one argument that the kernel hands to env: `argument`, without blanks at its end. `-S`
 * splits as GNU env does. Returns false if env starts no program with it, or if this code cannot
 * tell which.
 */
bool env_read(const char *argument, struct env_call *call);

#endif
