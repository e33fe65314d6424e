// SPDX-License-Identifier: MIT
// A UDP server that answers some requests and ends, with something about its standard error: logged
// PORT COUNT HOW [FILE].

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void need(int result, const char *what)
{
	if (result < 0) {
		printf("%s: %s\n", what, strerror(errno));
		exit(1);
	}
}

/* The habit of daemons: 0 to 2 are closed, and the next files get their numbers. Returns the last.
 */
static int close_and_open(const char *file, int flags)
{
	int kept = fcntl(STDOUT_FILENO, F_DUPFD, 10);

	need(kept, "fcntl");
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	need(open("/dev/null", O_RDWR), "/dev/null");
	need(dup2(kept, STDOUT_FILENO), "dup2");
	close(kept);
	return open(file, flags | O_CREAT, 0600);
}

static void show_signals(void)
{
	sigset_t blocked, pending;

	need(sigprocmask(SIG_BLOCK, NULL, &blocked), "sigprocmask");
	need(sigpending(&pending), "sigpending");
	printf("SIGPIPE blocked %d, pending %d; SIGXFSZ blocked %d, pending %d; SIGTTOU blocked "
	       "%d\n",
	       sigismember(&blocked, SIGPIPE), sigismember(&pending, SIGPIPE),
	       sigismember(&blocked, SIGXFSZ), sigismember(&pending, SIGXFSZ),
	       sigismember(&blocked, SIGTTOU));
}

static void block_and_raise(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	need(sigprocmask(SIG_BLOCK, &set, NULL), "sigprocmask");
	raise(signal);
}

static void prepare(char **argv)
{
	static char plain[] = "plain";
	const char *how = argv[3];
	struct rlimit none = { 0, 0 };

	if (!strcmp(how, "waiting")) {
		block_and_raise(SIGPIPE);
	} else if (!strcmp(how, "limit")) {
		need(setrlimit(RLIMIT_FSIZE, &none), "setrlimit");
	} else if (!strcmp(how, "data")) {
		need(close_and_open(argv[4], O_RDWR) - 2, "number 2");
	} else if (!strcmp(how, "exec-data")) {
		need(close_and_open(argv[4], O_RDWR) - 2, "number 2");
		argv[3] = plain;
		need(execv("/proc/self/exe", argv), "execv");
	} else if (!strcmp(how, "child") && fork()) {
		wait(NULL);
		exit(0);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in name = { .sin_family = AF_INET };
	int fd;

	if (argc < 4)
		return 2;
	prepare(argv);
	name.sin_port = htons((in_port_t)atoi(argv[1]));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	need(bind(fd, (struct sockaddr *)&name, sizeof(name)), "bind");
	for (int count = atoi(argv[2]); count; count--) {
		char request[99];
		socklen_t length = sizeof(name);
		ssize_t n = recvfrom(fd, request, sizeof(request), 0, (struct sockaddr *)&name,
				     &length);

		need((int)n, "recvfrom");
		need((int)sendto(fd, request, (size_t)n, 0, (struct sockaddr *)&name, length),
		     "sendto");
		show_signals();
		fflush(stdout);
	}
	puts("ends");
	return 0;
}
