// SPDX-License-Identifier: MIT
/*
 * recvmmsg() and sendmmsg() take as many messages as the kernel does, wherever they are called from
 * and however earlier calls ended, and the memory for it does not grow.
 */

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/preload.h"
#include "../../lib/filter.h"
#include "../../lib/map_by_number.h"

enum { BATCH = 64, MOST = 1024, THREADS = 80, GROWTH_KIB = 4096, FIRST_PORT = 6000 };

static struct mmsghdr large[MOST];
static _Alignas(struct cmsghdr) char controls[MOST][1024];
static struct iovec large_part;
static char large_bytes[16];

static void fill(struct mmsghdr *messages, unsigned int count, struct iovec *part, size_t control)
{
	for (unsigned int i = 0; i < count; i++)
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = part,
						       .msg_iovlen = 1,
						       .msg_control = control ? controls[i] : NULL,
						       .msg_controllen = control };
}

/* Receives a batch; how many came. */
static int receive_batch(int fd, int flags)
{
	struct mmsghdr messages[BATCH];
	char bytes[16];
	struct iovec part = { bytes, sizeof(bytes) };

	fill(messages, BATCH, &part, 0);
	return recvmmsg(fd, messages, BATCH, flags, NULL);
}

static int receive_large(int fd, size_t control, int flags)
{
	large_part = (struct iovec){ large_bytes, sizeof(large_bytes) };
	fill(large, MOST, &large_part, control);
	return recvmmsg(fd, large, MOST, flags, NULL);
}

static void ask_times(int port, int times)
{
	for (int i = 0; i < times; i++)
		ask(port, "question");
}

static int large_socket(int port)
{
	int fd = wildcard_socket(AF_INET, port), size = 1 << 25;

	need(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)), "SO_RCVBUFFORCE");
	return fd;
}

static void check_large(int fd, int port, size_t control, const char *what)
{
	ask_times(port, MOST);
	check(receive_large(fd, control, MSG_DONTWAIT) == MOST, "%s: fewer than %d", what, MOST);
}

/* The size of the address space, which all that is mapped counts for. */
static long mapped_kib(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	check(file && fscanf(file, "%ld", &pages) == 1, "/proc/self/statm");
	if (file)
		fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void check_growth(long before)
{
	long growth = mapped_kib() - before;

	check(growth < GROWTH_KIB, "%ld KiB more than before", growth);
}

/* Waits for the whole batch, as all the others do. */
static void *receive_blocking(void *fd)
{
	return (void *)(intptr_t)receive_batch(*(int *)fd, 0);
}

static void run_threads(int first_port, int count)
{
	pthread_t threads[THREADS];
	int fds[THREADS], full = 0;
	void *n;

	for (int i = 0; i < count; i++) {
		fds[i] = wildcard_socket(AF_INET, first_port + i);
		need(-pthread_create(&threads[i], NULL, receive_blocking, &fds[i]), "thread");
		/* It has an area when it has taken a datagram, and waits for the others. */
		ask(first_port + i, "first");
		while (recv(fds[i], large_bytes, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
			sched_yield();
	}
	for (int i = 0; i < count; i++)
		ask_times(first_port + i, BATCH - 1);
	for (int i = 0; i < count; i++) {
		need(-pthread_join(threads[i], &n), "join");
		full += (intptr_t)n == BATCH;
		close(fds[i]);
	}
	check(full == count, "%d of %d threads got all", full, count);
}

static void case_threads(void)
{
	long before;

	run_threads(FIRST_PORT, THREADS);
	before = mapped_kib();
	for (int round = 1; round < 4; round++)
		run_threads(FIRST_PORT + round * THREADS, THREADS);
	check_growth(before);
}

/* Threads wait for datagrams while the process forks. */
static void case_forked(void)
{
	pthread_t thread;
	int fds[THREADS], fd, status;
	pid_t child;

	for (int i = 0; i < THREADS; i++) {
		fds[i] = wildcard_socket(AF_INET, FIRST_PORT + i);
		need(-pthread_create(&thread, NULL, receive_blocking, &fds[i]), "thread");
		ask(FIRST_PORT + i, "first");
		while (recv(fds[i], large_bytes, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
			sched_yield();
	}
	child = (pid_t)need(fork(), "fork");
	if (!child) {
		fd = large_socket(SERVER_PORT);
		check_large(fd, SERVER_PORT, 1024, "the child");
		run_threads(FIRST_PORT + 2 * THREADS, THREADS);
		_exit(cases_failed());
	}
	need(waitpid(child, &status, 0), "waitpid");
	check(!status, "the child ended with %x", (unsigned int)status);
}

static sigjmp_buf back;

static void jump_back(int number)
{
	(void)number;
	siglongjmp(back, 1);
}

static timer_t timer;

/* The alarm of a case itself stays what it is: one that hangs ends by it. */
static void handle_by(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };

	need(sigaction(SIGUSR1, &action, NULL), "sigaction");
	need(timer_create(CLOCK_MONOTONIC, &event, &timer), "timer_create");
}

static void alarm_soon(void)
{
	const struct itimerspec soon = { .it_value = { .tv_nsec = 300000 } };

	timer_settime(timer, 0, &soon, NULL);
}

/* Deeper and deeper, so that the frames of calls that were left lie beneath those of later ones. */
static __attribute__((noinline)) int receive_at_depth(int fd, int depth)
{
	volatile char room[256];

	room[0] = (char)depth;
	if (depth)
		return receive_at_depth(fd, depth - 1) + room[0] * 0;
	return receive_batch(fd, 0);
}

static void jump_out(int fd, int times, int depths)
{
	for (volatile int i = 0; i < times; i++) {
		if (sigsetjmp(back, 1))
			continue;
		alarm_soon();
		receive_at_depth(fd, i % depths);
	}
}

static void case_jumps(void)
{
	int fd = large_socket(SERVER_PORT);
	long before;

	handle_by(jump_back, 0);
	jump_out(fd, 50, 1);
	before = mapped_kib();
	jump_out(fd, 300, 1);
	check_growth(before);
	jump_out(fd, 300, 50);
	check_growth(before);
	check_large(fd, SERVER_PORT, 0, "after siglongjmp()");
	check_large(fd, SERVER_PORT, 1024, "after siglongjmp()");
	check(answers(fd, SERVER_PORT), "source");
}

static void case_jumps_from_signal_stack(void)
{
	static char room[16384];
	const stack_t stack = { .ss_sp = room, .ss_size = sizeof(room) };
	int fd = large_socket(SERVER_PORT);
	long before;

	need(sigaltstack(&stack, NULL), "sigaltstack");
	handle_by(jump_back, SA_ONSTACK);
	jump_out(fd, 50, 5);
	before = mapped_kib();
	jump_out(fd, 300, 5);
	check_growth(before);
	check_large(fd, SERVER_PORT, 1024, "after siglongjmp()");
}

static int nested_fd[4], nested_result[4];
static volatile int level;

static void receive_in_handler(int number)
{
	int own = ++level;

	(void)number;
	if (own < 3)
		alarm_soon();
	else
		for (int i = 0; i < 4; i++)
			ask_times(FIRST_PORT + i, BATCH);
	nested_result[own] = receive_batch(nested_fd[own], 0);
}

/* Handlers in handlers, each of which waits for a batch. */
static void case_nested_handlers(void)
{
	for (int i = 0; i < 4; i++)
		nested_fd[i] = wildcard_socket(AF_INET, FIRST_PORT + i);
	handle_by(receive_in_handler, SA_NODEFER | SA_RESTART);
	alarm_soon();
	nested_result[0] = receive_batch(nested_fd[0], 0);
	for (int i = 0; i < 4; i++)
		check(nested_result[i] == BATCH || (!i && level == 3), "level %d: %d", i,
		      nested_result[i]);
}

static ucontext_t here, there;
static int coroutine_fd, coroutine_result;
static bool coroutine_waits;

static void coroutine(void)
{
	static struct mmsghdr messages[BATCH];

	fill(messages, BATCH, &large_part, 0);
	if (coroutine_waits)
		alarm_soon();
	coroutine_result =
		recvmmsg(coroutine_fd, messages, BATCH, coroutine_waits ? 0 : MSG_DONTWAIT, NULL);
}

/* On a stack that is small, and gone afterwards. */
static void run_coroutine(bool waits)
{
	const size_t size = 16384;
	void *volatile stack =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(stack == MAP_FAILED ? -1 : 0, "mmap");
	coroutine_waits = waits;
	if (!sigsetjmp(back, 1)) {
		getcontext(&there);
		there.uc_stack.ss_sp = stack;
		there.uc_stack.ss_size = size;
		there.uc_link = &here;
		makecontext(&there, coroutine, 0);
		swapcontext(&here, &there);
	}
	munmap(stack, size);
}

static void case_coroutines(void)
{
	long before;

	large_part = (struct iovec){ large_bytes, sizeof(large_bytes) };
	coroutine_fd = large_socket(SERVER_PORT);
	handle_by(jump_back, 0);
	for (int i = 0; i < 20; i++)
		run_coroutine(true);
	before = mapped_kib();
	for (int i = 0; i < 300; i++)
		run_coroutine(true);
	check_growth(before);
	ask_times(SERVER_PORT, BATCH);
	run_coroutine(false);
	check(coroutine_result == BATCH, "%d", coroutine_result);
	check_large(coroutine_fd, SERVER_PORT, 1024, "after coroutines");
}

static void case_vfork(void)
{
	static volatile int result;
	int fd = wildcard_socket(AF_INET, SERVER_PORT);
	long before = mapped_kib();

	for (int i = 0; i < 100; i++) {
		pid_t child;

		ask_times(SERVER_PORT, BATCH);
		child = vfork();
		if (!child) {
			result = receive_batch(fd, MSG_DONTWAIT);
			_exit(0);
		}
		need(waitpid(child, NULL, 0), "waitpid");
		check(result == BATCH, "%d", result);
	}
	check_growth(before);
}

/* The program's own file system calls etc. go on; nothing can be mapped. */
static void refuse_memory(unsigned int action)
{
	static const unsigned int calls[] = { CALL_MMAP, SYS_munmap, SYS_gettid, SYS_getpid,
					      SYS_tgkill, SYS_futex };

	need(filter_calls(calls, sizeof(calls) / sizeof(*calls), action, SECCOMP_RET_ALLOW),
	     "seccomp");
}

static void check_without_memory(int fd)
{
	struct timespec second = { .tv_sec = 1 }, over = { .tv_sec = 0 };
	int n;

	check_large(fd, SERVER_PORT, 0, "no memory");
	check_large(fd, SERVER_PORT, 1024, "no memory, and much control data");
	ask_times(SERVER_PORT, MOST);
	check(receive_large(fd, 1024, 0) == MOST, "no memory, waiting");
	ask_times(SERVER_PORT, 500);
	check(receive_large(fd, 1024, MSG_WAITFORONE) == 500, "no memory, MSG_WAITFORONE");
	ask_times(SERVER_PORT, 500);
	errno = 0;
	fill(large, MOST, &large_part, 1024);
	n = recvmmsg(fd, large, MOST, MSG_DONTWAIT, &second);
	check(n == 500 && !errno && !second.tv_sec && second.tv_nsec, "no memory, a timeout: %d",
	      n);
	ask_times(SERVER_PORT, 500);
	fill(large, MOST, &large_part, 1024);
	check(recvmmsg(fd, large, MOST, 0, &over) == 1, "no memory, the time is over");
	check(receive_large(fd, 1024, MSG_DONTWAIT) == 499, "no memory, the rest");
}

/* Two signal handlers' worth of calls hold the library's own areas; then the third has none. */
static void hold_areas(int number)
{
	int own = ++level;

	(void)number;
	if (own < 3) {
		alarm_soon();
		receive_batch(nested_fd[own], 0);
	} else {
		refuse_memory(SECCOMP_RET_ERRNO | ENOMEM);
		check_without_memory(nested_fd[3]);
		_exit(cases_failed());
	}
}

static void case_no_memory(void)
{
	large_part = (struct iovec){ large_bytes, sizeof(large_bytes) };
	nested_fd[3] = large_socket(SERVER_PORT);
	refuse_memory(SECCOMP_RET_ERRNO | ENOMEM);
	check_without_memory(nested_fd[3]);
}

static void case_no_area(void)
{
	pid_t child = (pid_t)need(fork(), "fork");
	int status;

	if (!child) {
		large_part = (struct iovec){ large_bytes, sizeof(large_bytes) };
		nested_fd[3] = large_socket(SERVER_PORT);
		for (int i = 0; i < 3; i++)
			nested_fd[i] = wildcard_socket(AF_INET, FIRST_PORT + i);
		handle_by(hold_areas, SA_NODEFER);
		alarm_soon();
		receive_batch(nested_fd[0], 0);
		_exit(2);
	}
	need(waitpid(child, &status, 0), "waitpid");
	check(!status, "the child ended with %x", (unsigned int)status);
}

/* A sandbox that kills: a program that got its sockets before goes on. */
static void case_sandbox(void)
{
	int fd = wildcard_socket(AF_INET, SERVER_PORT), status;
	pid_t child = (pid_t)need(fork(), "fork");

	if (!child) {
		refuse_memory(SECCOMP_RET_KILL_PROCESS);
		for (int i = 0; i < 3; i++) {
			ask_times(SERVER_PORT, BATCH);
			check(receive_batch(fd, MSG_DONTWAIT) == BATCH, "a batch");
			check(answers(fd, SERVER_PORT), "source");
		}
		_exit(cases_failed());
	}
	need(waitpid(child, &status, 0), "waitpid");
	check(!status, "the child ended with %x", (unsigned int)status);
}

/* Answers in one vector, with a bad one in it and without memory. */
static void case_sent(void)
{
	struct sockaddr_in peer, from;
	socklen_t length = sizeof(peer);
	int fd = wildcard_socket(AF_INET, SERVER_PORT), client = hidden_socket(0), size = 1 << 25;
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(SERVER_PORT),
				  .sin_addr.s_addr = htonl(0x7f000035) };
	int right = 0, sent, first;

	setsockopt(client, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	large_part = (struct iovec){ large_bytes, 8 };
	need(kernel_side.sendto(client, "ask", 3, 0, (struct sockaddr *)&at, sizeof(at)), "ask");
	need(recvfrom(fd, large_bytes, 8, 0, (struct sockaddr *)&peer, &length), "recvfrom");
	for (int memory = 1; memory >= 0; memory--) {
		if (!memory)
			refuse_memory(SECCOMP_RET_ERRNO | ENOMEM);
		fill(large, MOST, &large_part, 0);
		for (int i = 0; i < MOST; i++) {
			large[i].msg_hdr.msg_name = &peer;
			large[i].msg_hdr.msg_namelen = length;
		}
		check(sendmmsg(fd, large, MOST, 0) == MOST, "all are sent");
		large[MOST - 2].msg_hdr.msg_iov = NULL;
		sent = sendmmsg(fd, large, MOST, 0);
		check(sent == MOST - 2, "%d before the bad one", sent);
		first = right;
		length = sizeof(from);
		while (kernel_side.recvfrom(client, large_bytes, 8, MSG_DONTWAIT,
					    (struct sockaddr *)&from, &length) >= 0)
			right += from.sin_addr.s_addr == at.sin_addr.s_addr;
		check(right - first == MOST + sent, "%d of them from where was asked",
		      right - first);
		length = sizeof(peer);
	}
}

static const struct test_case cases[] = {
	{ "many threads wait for a batch each, again and again", case_threads },
	{ "a child of a process whose threads wait", case_forked },
	{ "calls that siglongjmp() leaves", case_jumps },
	{ "calls left from a signal stack", case_jumps_from_signal_stack },
	{ "handlers in handlers", case_nested_handlers },
	{ "coroutines whose stacks are gone", case_coroutines },
	{ "children of vfork()", case_vfork },
	{ "nothing can be mapped", case_no_memory },
	{ "nothing can be mapped, and there is no area left", case_no_area },
	{ "a sandbox that kills", case_sandbox },
	{ "sendmmsg() of as many", case_sent },
};

int main(int argc, char **argv)
{
	(void)argc;
	run_under_library(argv);
	make_sides(true);
	enter(&library_side);
	return run_cases(cases, sizeof(cases) / sizeof(*cases));
}
