// SPDX-License-Identifier: MIT
// Hooks called before any constructor ran, and after destructors did.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "threads.h"

enum { SERVED, NOT_ASKED, WRONG };

static int before = NOT_ASKED, wanted;

static int serve(void)
{
	int fd = wildcard_socket(AF_INET, SERVER_PORT);
	bool right = answers(fd, SERVER_PORT) && shows_nothing(fd, SERVER_PORT);

	close(fd);
	return right ? SERVED : WRONG;
}

/* glibc runs these first of all, with main()'s arguments, musl does not run them. */
static void preinit(int argc, char **argv)
{
	wanted = argc > 1 && !strcmp(argv[1], "early");
	if (wanted)
		before = serve();
}
__attribute__((section(".preinit_array"),
	       used)) static void (*const preinit_entry)(int, char **) = preinit;

static void at_exit(void)
{
	if (serve() != SERVED)
		_exit(WRONG);
}

__attribute__((destructor)) static void destructor(void)
{
	if (wanted)
		at_exit();
}

int early_mode(const char *mode)
{
	if (strcmp(mode, "early"))
		return -1;
	atexit(at_exit);
	return before == WRONG ? WRONG : SERVED;
}

void case_early(void)
{
	char name[] = "threads", mode[] = "early";
	char *argv[] = { name, mode, NULL };
	int status = -1;
	pid_t child = (pid_t)need(fork(), "fork");

	if (!child) {
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	need(waitpid(child, &status, 0), "waitpid");
	check(!status, "status %#x", (unsigned int)status);
}
