// SPDX-License-Identifier: MIT
// Helped sockets that others get: passed over a UNIX socket, inherited, kept across exec and fork.

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/kernel_call.h"
#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "descriptors.h"
#include "../../lib/preload.h"

extern char **environ;

/*
 * Sends a descriptor over a UNIX socket and receives it again, after closing it and `closed`
 * behind the library's back: it comes to the lower number of the two.
 */
static int pass(int fd, int closed)
{
	_Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct cmsghdr header = { .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS,
				  .cmsg_len = CMSG_LEN(sizeof(int)) };
	char byte = 'x';
	struct iovec vector = { &byte, 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int ends[2], got;

	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), "socketpair");
	memcpy(control, &header, sizeof(header));
	memcpy(control + CMSG_LEN(0), &fd, sizeof(fd));
	need(sendmsg(ends[0], &message, 0), "sendmsg");
	kernel_call(SYS_close, fd);
	if (closed >= 0)
		kernel_call(SYS_close, closed);
	need(recvmsg(ends[1], &message, 0), "recvmsg");
	memcpy(&got, control + CMSG_LEN(0), sizeof(got));
	close(ends[0]);
	close(ends[1]);
	return got;
}

void case_passed(void)
{
	int plain = (int)need(socket(AF_INET, SOCK_STREAM, 0), "socket"), lowest = plain;
	int helped = wildcard_socket(AF_INET6, SERVER_PORT);

	/* The library knows that number as a TCP socket's. */
	helped = pass(helped, plain);
	check(helped == lowest, "descriptor %d, not %d", helped, lowest);
	plain = hidden_socket(0);
	check(answers(helped, SERVER_PORT), "source");
	check(shows_nothing(helped, SERVER_PORT), "shows");
	/* A helped socket comes to the number of one that is not, and the other way round. */
	for (int i = 0; i < 4; i++) {
		bool higher = helped > plain;
		int spare = dup(helped);

		lowest = higher ? plain : helped;
		if (higher) {
			helped = pass(helped, plain);
			check(helped == lowest, "descriptor %d, not %d", helped, lowest);
			plain = hidden_socket(0);
		} else {
			plain = pass(plain, helped);
			check(plain == lowest, "descriptor %d, not %d", plain, lowest);
			helped = dup(spare);
		}
		close(spare);
		recv(plain, NULL, 0, MSG_DONTWAIT);
		check(!is_helped(plain), "an option was set on another socket");
		check(answers(helped, SERVER_PORT), "source");
		check(shows_nothing(helped, SERVER_PORT), "shows");
	}
}

enum { SERVED, WRONG_SOURCE = 1, SHOWS = 2, NO_SUCH_MODE = 3, KEPT = 3 };

/* Serves on a helped socket in a process that did not make it. Without the library: just works. */
static int serve(int fd)
{
	bool helped = library_is_loaded(), right = answers(fd, SERVER_PORT);
	bool nothing = shows_nothing(fd, SERVER_PORT);

	if (!helped)
		return SERVED;
	return (right ? SERVED : WRONG_SOURCE) | (nothing ? SERVED : SHOWS);
}

int passing_mode(const char *mode)
{
	return !strncmp(mode, "serve-", 6) ? serve(atoi(mode + 6)) : NO_SUCH_MODE;
}

/* Starts this program with the socket at a number, and says how it ended. */
static int start(int fd, int number, bool preload)
{
	int status = -1;
	char name[] = "descriptors", mode[] = "serve-0";
	char *argv[] = { name, mode, NULL };
	pid_t child = (pid_t)need(fork(), "fork");

	if (!child) {
		mode[6] = (char)('0' + number);
		if (fd != number)
			dup2(fd, number);
		if (!preload)
			unsetenv("LD_PRELOAD");
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	need(waitpid(child, &status, 0), "waitpid");
	return status;
}

void case_inherited(void)
{
	for (int number = 0; number < 3; number++) {
		int fd = wildcard_socket(AF_INET, SERVER_PORT), status = start(fd, number, true);

		check(!status, "descriptor %d: status %#x", number, (unsigned int)status);
		close(fd);
	}
}

void case_exec(void)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (int i = 0; i < 2; i++) {
		int fd = wildcard_socket(families[i], SERVER_PORT);

		check(!start(fd, KEPT + 4, true), "with the library");
		check(!start(fd, KEPT + 4, false), "without the library");
		check(!start(fd, KEPT + 4, true), "with the library again");
		check(answers(fd, SERVER_PORT), "source in the parent");
		check(shows_nothing(fd, SERVER_PORT), "shows in the parent");
		close(fd);
	}
}

void case_fork(void)
{
	int fd = wildcard_socket(AF_INET, SERVER_PORT), status = -1;
	pid_t child = (pid_t)need(fork(), "fork");

	if (!child)
		_exit(serve(fd));
	need(waitpid(child, &status, 0), "waitpid");
	check(!status, "in the child: status %#x", (unsigned int)status);
	check(answers(fd, SERVER_PORT), "source in the parent");
	check(shows_nothing(fd, SERVER_PORT), "shows in the parent");
}

/* A vfork child shares the parent's memory but not its descriptors. */
static void replace_in_vfork(int fd, int other)
{
	pid_t child = vfork();

	if (!child) {
		dup2(other, fd);
		close(fd);
		_exit(0);
	}
	need(waitpid(child, NULL, 0), "waitpid");
}

void case_vfork(void)
{
	char name[] = "true";
	char *argv[] = { name, NULL };
	int fd = wildcard_socket(AF_INET, SERVER_PORT), other = hidden_socket(OTHER_PORT);
	posix_spawn_file_actions_t actions;
	pid_t child;

	for (int i = 0; i < 3; i++) {
		replace_in_vfork(fd, other);
		check(answers(fd, SERVER_PORT), "source");
		check(shows_nothing(fd, SERVER_PORT), "shows");
	}
	replace_in_vfork(other, fd);
	check(!is_helped(other), "an option was set on another socket");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addclose(&actions, fd);
	posix_spawn_file_actions_adddup2(&actions, other, fd);
	need(-posix_spawnp(&child, "true", &actions, NULL, argv, environ), "posix_spawn");
	posix_spawn_file_actions_destroy(&actions);
	need(waitpid(child, NULL, 0), "waitpid");
	check(answers(fd, SERVER_PORT), "source");
	check(shows_nothing(fd, SERVER_PORT), "shows");
}
