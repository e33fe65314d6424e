// SPDX-License-Identifier: MIT
// The calls that the library makes: how many, and in an order that others may come between.

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asked.h"
#include "behind.h"
#include "cases.h"
#include "host.h"
#include "preload.h"

static unsigned int *sends;
static void (**between)(void);

/* One call of the program is one call of the kernel, whatever the source needs to be valid. */
static void case_link_local_source(void)
{
	int fd, client;
	struct address peer;
	unsigned int before;

	make_hosts();
	fd = bound_socket(&library_side, "::", SERVER_PORT);
	client = client_at(CLIENT6);
	ask_at(client, ASKED_LL);
	peer = hear(&library_side, fd);
	before = *sends;
	need(tell(&library_side, fd, &peer), "sendto");
	check(*sends - before == 1, "%u calls", *sends - before);
	check_source(client, ASKED_LL);
}

static int shared;
static unsigned int calls, interrupted;

/* What a thread does that uses the socket for the first time as well. */
static void use_too(void)
{
	char byte;

	if (++calls != interrupted)
		return;
	*between = NULL;
	library_side.recv(shared, &byte, 1, MSG_DONTWAIT);
}

/* The library knows nothing yet of the number to which this socket comes. */
static int inherited_socket(void)
{
	enum { NUMBER = 500 };
	int fd = bound_socket(&kernel_side, "0.0.0.0", SERVER_PORT);

	need(dup2(fd, NUMBER), "dup2");
	close(fd);
	return NUMBER;
}

/* Two threads use an inherited socket first: whichever call of one the other comes before. */
static void case_first_used_by_two(void)
{
	int on;
	char byte;

	make_hosts();
	do {
		socklen_t length = sizeof(on);

		shared = inherited_socket();
		interrupted++;
		calls = 0;
		*between = use_too;
		library_side.recv(shared, &byte, 1, MSG_DONTWAIT);
		*between = NULL;
		need(library_side.getsockopt(shared, IPPROTO_IP, IP_PKTINFO, &on, &length),
		     "PKTINFO");
		check(!on, "PKTINFO is taken for the program's own, with another before call %u",
		      interrupted);
		check_answer(&library_side, shared, client_at(CLIENT));
		close(shared);
	} while (calls >= interrupted);
	check(interrupted > 4, "only %u calls", interrupted);
}

static const struct test_case cases[] = {
	{ "an answer from a link-local address is one call", case_link_local_source },
	{ "an inherited socket that two threads use first", case_first_used_by_two },
};

/* Starts the program again with that library behind the one under test. */
static void run_under_both(char **argv)
{
	char path[PATH_MAX], preload[3 * PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *end, *preloaded = getenv("LD_PRELOAD");

	if (library_is_loaded())
		return;
	path[length > 0 ? length : 0] = '\0';
	end = strrchr(path, '/');
	snprintf(preload, sizeof(preload), "%s %.*s/behind.so", library_path(),
		 end ? (int)(end - path) : 0, path);
	if (preloaded && !strcmp(preloaded, preload)) {
		fprintf(stderr, "%s cannot be preloaded\n", preload);
		exit(1);
	}
	setenv("LD_PRELOAD", preload, 1);
	execv("/proc/self/exe", argv);
	perror("/proc/self/exe");
	exit(1);
}

int main(int argc, char **argv)
{
	(void)argc;
	run_under_both(argv);
	sends = dlsym(RTLD_DEFAULT, "behind_sends");
	between = (void (**)(void))dlsym(RTLD_DEFAULT, "behind_between");
	if (!sends || !between) {
		fputs("behind.so is not there\n", stderr);
		return 1;
	}
	if (system("ip -V >/dev/null 2>&1"))
		unavailable("ip(8) of iproute2 is not installed");
	make_sides();
	return run_cases(cases, sizeof(cases) / sizeof(*cases));
}
