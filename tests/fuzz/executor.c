// SPDX-License-Identifier: MIT
// Executes sequences, each in a child of its own, and keeps the traces.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/deadline.h"
#include "../lib/preload.h"
#include "environment.h"
#include "executor.h"
#include "model.h"

enum { REQUESTS = HIGH, ANSWERS, TRACE };

static struct trace *map_trace(int fd)
{
	void *memory = mmap(NULL, sizeof(struct trace), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}

static _Noreturn void run(const struct request *request)
{
	signal(SIGPIPE, SIG_IGN);
	alarm((unsigned int)deadline());
	world.base = request->base;
	for (unsigned int i = 0; i < SLOTS; i++)
		world.slot[i] = -1;
	model_start();
	network_peers();
	perform_all(&request->sequence, request->keep, 0, request->sequence.count);
	_exit(0);
}

void executor_main(void)
{
	struct request request;
	int status;

	trace = map_trace(TRACE);
	/* The loader only warns of a library that it does not find, and then nothing would differ.
	 */
	if (getenv("LD_PRELOAD") && !library_is_loaded()) {
		fprintf(stderr, "%s cannot be preloaded\n", getenv("LD_PRELOAD"));
		exit(1);
	}
	network_make();
	while (read(REQUESTS, &request, sizeof(request)) == (ssize_t)sizeof(request)) {
		pid_t child = fork();

		if (!child)
			run(&request);
		if (child < 0 || waitpid(child, &status, 0) != child)
			break;
		if (write(ANSWERS, &status, sizeof(status)) != (ssize_t)sizeof(status))
			break;
	}
	exit(0);
}

static void become(const struct executor *executor, int requests, int answers, int memory)
{
	char *argv[] = { (char *)(uintptr_t)EXECUTOR_NAME, NULL };
	int null = open("/dev/null", O_RDWR);

	if (executor->preload)
		setenv("LD_PRELOAD", executor->preload, 1);
	else
		unsetenv("LD_PRELOAD");
	environment_set(executor->environment);
	if (executor->fault)
		setenv("REPLYFROM_FAULT", executor->fault, 1);
	dup2(requests, REQUESTS);
	dup2(answers, ANSWERS);
	dup2(memory, TRACE);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	/* What the library logs is not looked at. */
	if (executor->environment)
		dup2(null, STDERR_FILENO);
	syscall(SYS_close_range, 3, HIGH - 1, 0);
	execv("/proc/self/exe", argv);
	perror("/proc/self/exe");
	_exit(1);
}

static void begin(struct executor *executor)
{
	int requests[2], answers[2], memory = (int)syscall(SYS_memfd_create, "trace", 0);

	if (memory < 0 || ftruncate(memory, sizeof(struct trace)) || pipe2(requests, O_CLOEXEC) ||
	    pipe2(answers, O_CLOEXEC)) {
		perror("pipe2");
		exit(1);
	}
	if (!executor->trace)
		executor->trace = map_trace(memory);
	else if (mmap(executor->trace, sizeof(struct trace), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_FIXED, memory, 0) == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	executor->process = fork();
	if (!executor->process)
		become(executor, requests[0], answers[1], memory);
	close(requests[0]);
	close(answers[1]);
	close(memory);
	executor->requests = requests[1];
	executor->answers = answers[0];
}

void executor_end(struct executor *executor)
{
	if (!executor->process)
		return;
	close(executor->requests);
	close(executor->answers);
	kill(executor->process, SIGTERM);
	waitpid(executor->process, NULL, 0);
	executor->process = 0;
}

void executor_start(struct executor *executor, const struct request *request)
{
	if (!executor->process)
		begin(executor);
	executor->trace->length = 0;
	if (write(executor->requests, request, sizeof(*request)) != (ssize_t)sizeof(*request))
		perror("write");
}

const char *executor_await(struct executor *executor)
{
	struct pollfd poll_answers = { .fd = executor->answers, .events = POLLIN };
	static char words[64];
	int status = 0;

	if (poll(&poll_answers, 1, 2 * deadline_ms()) != 1 ||
	    read(executor->answers, &status, sizeof(status)) != (ssize_t)sizeof(status)) {
		bool gone = waitpid(executor->process, &status, WNOHANG) == executor->process;

		if (gone) {
			executor->process = 0;
			close(executor->requests);
			close(executor->answers);
			/* It says itself what it lacks (unavailable()). */
			if (WIFEXITED(status))
				exit(WEXITSTATUS(status));
		}
		executor_end(executor);
		return "hung";
	}
	if (!status)
		return NULL;
	snprintf(words, sizeof(words), WIFSIGNALED(status) ? "killed by signal %d" : "status %d",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return words;
}
