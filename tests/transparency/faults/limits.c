// SPDX-License-Identifier: MIT
/*
 * Programs in narrow places: little memory, few descriptors, no /proc, a filter of system calls. A
 * small server is started in each, and has to answer as it would without the library.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/preload.h"
#include "../../lib/side.h"
#include "../../lib/deadline.h"
#include "../../lib/filter.h"
#include "../../lib/map_by_number.h"

enum { PORT = 5000, QUESTIONS = 3, NOT_POSSIBLE = 9 };

/* What the place does to the server before it starts, in its own process. */
static bool nothing(void)
{
	return true;
}

static bool limit(int what, rlim_t most)
{
	struct rlimit rlimit = { most, most };

	return !setrlimit((__rlimit_resource_t)what, &rlimit);
}

/* Room for the program and its libraries, not for the memory of peers. */
static bool little_memory(void)
{
	return limit(RLIMIT_AS, 3 << 20);
}

static bool few_descriptors(void)
{
	return limit(RLIMIT_NOFILE, 4);
}

static bool no_proc(void)
{
	return !unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("none", "/proc", "tmpfs", 0, NULL);
}

/* The program's own calls are socket, bind, poll, recvfrom and sendto: it allows no others. */
static bool kill_what_is_not_its_own(void)
{
	static const unsigned int calls[] = {
		SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_recvmsg,	SYS_sendmsg,
		SYS_connect,	SYS_recvmmsg,	SYS_sendmmsg,	 SYS_getrandom, CALL_MMAP,
	};

	return !filter_calls(calls, sizeof(calls) / sizeof(*calls), SECCOMP_RET_KILL_PROCESS,
			     SECCOMP_RET_ALLOW);
}

/* A sandbox that has no socket options. No filter can refuse them where libc calls socketcall(2), as on s390x. */
static bool refuse_options(void)
{
	static const unsigned int calls[] = { SYS_getsockopt, SYS_setsockopt };

	return !filter_calls(calls, 2, SECCOMP_RET_ERRNO | ENOSYS, SECCOMP_RET_ALLOW) &&
	       setsockopt(-1, 0, 0, NULL, 0) && errno == ENOSYS;
}

static bool refuse_names(void)
{
	static const unsigned int calls[] = { SYS_getsockname, SYS_getrandom };

	return !filter_calls(calls, 2, SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW) &&
	       getsockname(-1, NULL, NULL) && errno == EPERM;
}

static const struct place {
	const char *name;
	bool (*before)(void);
	bool (*serving)(void);
	const char *disable;
	bool helped; /* the answers come from where was asked */
} places[] = {
	{ "nothing in the way", nothing, nothing, "0", true },
	{ "REPLYFROM_DISABLE=1", nothing, nothing, "1", false },
	{ "RLIMIT_AS", little_memory, nothing, "0", false },
	{ "RLIMIT_NOFILE", few_descriptors, nothing, "0", true },
	{ "no /proc", no_proc, nothing, "0", true },
	{ "seccomp, with REPLYFROM_DISABLE=1", nothing, kill_what_is_not_its_own, "1", false },
	{ "no socket options", nothing, refuse_options, "0", false },
	{ "no getsockname(2), no getrandom(2)", nothing, refuse_names, "0", false },
};
enum { PLACES = sizeof(places) / sizeof(*places) };

#define SERVER_NAME "limits-server"

static int serve(const struct place *place)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) }, peer;
	char payload[64];
	int fd;

	if (!place->serving())
		return NOT_POSSIBLE;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)))
		return 2;
	if (write(STDOUT_FILENO, "!", 1) != 1)
		return 3;
	for (int i = 0; i < QUESTIONS; i++) {
		socklen_t length = sizeof(peer);
		ssize_t n = recvfrom(fd, payload, sizeof(payload), 0, (struct sockaddr *)&peer,
				     &length);

		if (n < 0 ||
		    sendto(fd, payload, (size_t)n, 0, (struct sockaddr *)&peer, length) != n)
			return 4;
	}
	return 0;
}

static pid_t start(unsigned int which, int *ready)
{
	char number[12];
	char *argv[] = { (char *)(uintptr_t)SERVER_NAME, number, NULL };
	char own[PATH_MAX] = "";
	pid_t child;
	int ends[2];

	/* Not by /proc or by its descriptor: some kernels know neither where /proc is another file system. */
	if (readlink("/proc/self/exe", own, sizeof(own) - 1) < 0 || pipe(ends))
		abort();
	snprintf(number, sizeof(number), "%u", which);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDOUT_FILENO);
		setenv("LD_PRELOAD", library_path(), 1);
		setenv("REPLYFROM_DISABLE", places[which].disable, 1);
		setenv("REPLYFROM_LOG", "off", 1);
		close(ends[0]);
		close(ends[1]);
		if (!places[which].before())
			_exit(NOT_POSSIBLE);
		execve(own, argv, environ);
		_exit(5);
	}
	close(ends[1]);
	*ready = ends[0];
	return child;
}

/* Returns how many of the answers came from where was asked, -1 when one did not come. */
static int ask(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET }, to = own, from;
	struct pollfd answer = { .events = POLLIN };
	int right = 0;
	char byte = 'x';

	own.sin_addr.s_addr = htonl(0x7f000064);
	to.sin_port = htons(PORT);
	answer.fd = kernel_side.socket(AF_INET, SOCK_DGRAM, 0);
	if (kernel_side.bind(answer.fd, (struct sockaddr *)&own, sizeof(own)))
		return -1;
	for (unsigned int i = 0; i < QUESTIONS; i++) {
		socklen_t length = sizeof(from);

		to.sin_addr.s_addr = htonl(0x7f000005 + i);
		kernel_side.sendto(answer.fd, &byte, 1, 0, (struct sockaddr *)&to, sizeof(to));
		if (poll(&answer, 1, deadline_ms()) != 1 ||
		    kernel_side.recvfrom(answer.fd, &byte, 1, 0, (struct sockaddr *)&from,
					 &length) != 1)
			return -1;
		right += from.sin_addr.s_addr == to.sin_addr.s_addr;
	}
	close(answer.fd);
	return right;
}

static bool try(unsigned int which)
{
	const struct place *place = &places[which];
	int ready, status = 0, right = -1;
	pid_t server = start(which, &ready);
	char byte;

	if (read(ready, &byte, 1) == 1)
		right = ask();
	close(ready);
	if (right < 0)
		kill(server, SIGTERM);
	waitpid(server, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_POSSIBLE) {
		printf("%s: left out, not to be had here\n", place->name);
		return true;
	}
	printf("%s: %d of %d answers from where was asked, ended with %x\n", place->name, right,
	       QUESTIONS, (unsigned int)status);
	return !status && right == (place->helped ? QUESTIONS : 0);
}

int main(int argc, char **argv)
{
	bool well = true;

	if (argc == 2 && !strcmp(argv[0], SERVER_NAME))
		return serve(&places[(unsigned int)atoi(argv[1]) % PLACES]);
	if (library_is_loaded()) {
		fprintf(stderr, "the library is for the servers only\n");
		return 1;
	}
	make_sides(false);
	enter(&library_side);
	for (unsigned int i = 0; i < PLACES; i++)
		well &= try(i);
	return well ? 0 : 1;
}
