// SPDX-License-Identifier: MIT
// syscall(2): socket calls by number are helped, and every other call is as if nobody looked.

#include <errno.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/host.h"
#include "../../lib/kernel_call.h"
#include "../../lib/map_by_number.h"
#include "numbers.h"
#include "../../lib/preload.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

enum { UNTOUCHED = 9999 };

/* A page that none but six right arguments give. */
static char *map_second_page(int fd)
{
	return map_by_number(NULL, 16, PROT_READ, MAP_PRIVATE, fd, 1);
}

static bool maps_second_page(void)
{
	int fd = (int)syscall(SYS_memfd_create, "pages", 0);
	char *page;

	if (pwrite(fd, "second", 6, 4096) != 6)
		return false;
	page = map_second_page(fd);
	close(fd);
	return page != MAP_FAILED && !memcmp(page, "second", 6);
}

/* glibc runs this before any constructor: the first call finds the libc's function. */
static bool early = true;
static void preinit(void)
{
	early = maps_second_page();
}
__attribute__((section(".preinit_array"), used)) static void (*const preinit_entry)(void) = preinit;

static void case_six_arguments(void)
{
	check(early, "before the constructors");
	check(maps_second_page(), "mmap");
}

static void case_no_such_call(void)
{
	static const long numbers[] = { 511, 512, 0x3fff, 1L << 30, LONG_MAX, -2 };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		long kernel, library;

		errno = UNTOUCHED;
		kernel = outcome(kernel_call(numbers[i], -1L, -1L, -1L, -1L, -1L, -1L));
		library = outcome(syscall(numbers[i], -1L, -1L, -1L, -1L, -1L, -1L));
		check(library == kernel && kernel == -ENOSYS, "%ld: %ld, and with the library %ld",
		      numbers[i], kernel, library);
	}
	errno = UNTOUCHED;
	check(syscall(SYS_getpid) == getpid() && errno == UNTOUCHED, "errno after a success");
	check(syscall(SYS_close, -1) == -1 && errno == EBADF, "errno after a failure");
}

/* A vfork child may not return from where its parent is to return to, so it ends at once. */
#if defined(__x86_64__)
#define END_CHILD(status) __asm__ volatile("syscall" : : "a"(SYS_exit), "D"(status) : "memory")
#elif defined(__i386__)
#define END_CHILD(status) __asm__ volatile("int $0x80" : : "a"(SYS_exit), "b"(status) : "memory")
#endif

#ifdef END_CHILD
static volatile int shared;

static __attribute__((noinline)) pid_t vfork_by_number(int value)
{
	long child = syscall(SYS_vfork);

	if (!child) {
		shared = value;
		END_CHILD(7);
	}
	return (pid_t)child;
}

static void vfork_once(int value)
{
	int status = 0;
	pid_t child = vfork_by_number(value);

	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	check(child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 7 && shared == value,
	      "child %d, status %#x, %d", (int)child, (unsigned int)status, shared);
}

static void case_vfork(void)
{
	for (int i = 1; i < 100; i++)
		vfork_once(i);
}
#endif

static void case_fork(void)
{
	int status = 0;
	long child =
#ifdef __s390x__
		syscall(SYS_clone, 0L, (long)SIGCHLD, NULL, NULL, 0L);
#else
		syscall(SYS_clone, (long)SIGCHLD, 0L, NULL, NULL, 0L);
#endif

	if (!child)
		_exit(7);
	need(waitpid((pid_t)child, &status, 0), "waitpid");
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status %#x", (unsigned int)status);
}

#ifdef __x86_64__
/* The child returns from syscall() on its own stack, to what is on top of that. */
static __attribute__((force_align_arg_pointer)) void run_on_new_stack(void)
{
	shared = 43;
	syscall(SYS_exit, 7);
}

static void case_new_stack(void)
{
	static _Alignas(16) char stack[65536];
	void (*start)(void) = run_on_new_stack;
	char *top = stack + sizeof(stack) - 64;
	int status = 0;
	long child;

	memcpy(top, &start, sizeof(start));
	child = syscall(SYS_clone, (long)(CLONE_VM | SIGCHLD), top, NULL, NULL, 0L);
	need(waitpid((pid_t)need(child, "clone"), &status, 0), "waitpid");
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7 && shared == 43, "status %#x, %d",
	      (unsigned int)status, shared);
}
#endif

static int asked_by_signals;

/* A handler's own calls, in the middle of others. */
static void use_in_handler(int number)
{
	char byte;
	int error = errno;

	(void)number;
	asked_by_signals++;
	syscall(SYS_getpid);
	if (syscall(SYS_recvfrom, -1, &byte, 1, MSG_DONTWAIT, NULL, NULL) >= 0 || errno != EBADF)
		abort();
	errno = error;
}

static void case_signals(void)
{
	struct sigaction action = { .sa_handler = use_in_handler, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
	int fd = wildcard_socket(AF_INET, SERVER_PORT);
	char text[16];

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 500 || asked_by_signals < 50; i++) {
		ask(SERVER_PORT, "question");
		check(syscall(SYS_recvfrom, fd, text, sizeof(text), 0, NULL, NULL) == 8,
		      "recvfrom");
		check(maps_second_page(), "mmap");
#ifdef END_CHILD
		if (i % 20 == 0)
			vfork_once(i + 1);
#endif
	}
	setitimer(ITIMER_REAL, &never, NULL);
}

/* Whatever receives and whatever answers, and the question's own conversation by connect(). */
static long receive(int way, int fd, struct address *peer)
{
	char question[16];
	struct iovec part = { question, sizeof(question) };
	struct mmsghdr message = { .msg_hdr = { .msg_name = &peer->name,
						.msg_namelen = sizeof(peer->name),
						.msg_iov = &part,
						.msg_iovlen = 1 } };
	long result;

	peer->length = sizeof(peer->name);
	switch (way) {
	case 0:
		return syscall(SYS_recvfrom, fd, question, sizeof(question), 0, &peer->name,
			       &peer->length);
	case 1:
		result = syscall(SYS_recvmsg, fd, &message.msg_hdr, 0);
		break;
#ifdef SYS_recvmmsg_time64
	case 2:
		result = syscall(SYS_recvmmsg_time64, fd, &message, 1, 0, NULL);
		break;
#endif
	default:
		result = syscall(SYS_recvmmsg, fd, &message, 1, 0, NULL);
		break;
	}
	peer->length = message.msg_hdr.msg_namelen;
	return result;
}

static long answer(int way, int fd, struct address *peer)
{
	char text[] = "answer";
	struct iovec part = { text, sizeof(text) };
	struct mmsghdr message = { .msg_hdr = { .msg_name = &peer->name,
						.msg_namelen = peer->length,
						.msg_iov = &part,
						.msg_iovlen = 1 } };

	switch (way) {
	case 0:
		return syscall(SYS_sendto, fd, text, sizeof(text), 0, &peer->name, peer->length);
	case 1:
		return syscall(SYS_sendmsg, fd, &message.msg_hdr, 0);
	case 2:
		return syscall(SYS_sendmmsg, fd, &message, 1, 0);
	default:
		if (syscall(SYS_connect, fd, &peer->name, peer->length))
			return -1;
		return syscall(SYS_sendto, fd, text, sizeof(text), 0, NULL, 0);
	}
}

static void serve_by_number(const char *client_address, const char *any, const char *asked)
{
	for (int in = 0; in < 4; in++)
		for (int out = 0; out < 4; out++) {
			struct address name = address_of(any, SERVER_PORT), peer;
			int client = client_at(client_address);
			int fd = (int)syscall(SYS_socket, name.name.any.sa_family, SOCK_DGRAM, 0);

			need(syscall(SYS_bind, fd, &name.name, name.length), "bind");
			ask_at(client, asked);
			need(receive(in, fd, &peer), "receiving");
			need(answer(out, fd, &peer), "answering");
			check_source(client, asked);
			close(fd);
			close(client);
		}
}

static void case_answers(void)
{
	make_hosts();
	serve_by_number(CLIENT, "0.0.0.0", ASKED);
	serve_by_number(CLIENT6, "::", ASKED6);
}

#ifdef SYS_socketcall
static void case_socketcall(void)
{
	enum { BIND = 2, SENDTO = 11, RECVFROM = 12 };
	struct address name = address_of("0.0.0.0", SERVER_PORT);
	struct address peer = { .length = sizeof(peer.name) };
	char question[16];
	int fd, client;

	make_hosts();
	client = client_at(CLIENT);
	fd = fresh_socket(&kernel_side, AF_INET);
	{
		long a[] = { fd, (long)&name.name, (long)name.length };

		need(syscall(SYS_socketcall, BIND, a), "bind");
	}
	ask_at(client, ASKED);
	{
		long a[] = { fd, (long)question,   sizeof(question),
			     0,	 (long)&peer.name, (long)&peer.length };

		need(syscall(SYS_socketcall, RECVFROM, a), "recvfrom");
	}
	{
		long a[] = { fd, (long)question, 1, 0, (long)&peer.name, (long)peer.length };

		need(syscall(SYS_socketcall, SENDTO, a), "sendto");
	}
	check_source(client, ASKED);
	errno = 0;
	check(syscall(SYS_socketcall, SENDTO, 8L) < 0 && errno == EFAULT, "a bad pointer");
}
#endif

/* A thread that receives, in one of the ways. */
struct thread {
	pthread_t thread;
	int fd, way, type;
	volatile pid_t id;
	long result;
	volatile bool went_on;
};

static void *receive_in_thread(void *argument)
{
	struct thread *thread = argument;
	struct address peer;

	pthread_setcanceltype(thread->type, NULL);
	__atomic_store_n(&thread->id, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	thread->result = receive(thread->way, thread->fd, &peer);
	thread->went_on = true;
	pthread_testcancel();
	return NULL;
}

static void await_blocked(struct thread *thread)
{
	char path[64], line[256], *end;
	pid_t id;
	FILE *file;

	do {
		sched_yield();
		line[0] = '\0';
		id = __atomic_load_n(&thread->id, __ATOMIC_ACQUIRE);
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)id);
		file = id ? fopen(path, "r") : NULL;
		if (file && !fgets(line, sizeof(line), file))
			line[0] = '\0';
		if (file)
			fclose(file);
		end = strrchr(line, ')');
	} while (!end || end[2] != 'S');
}

/* syscall() is no cancellation point: the datagram still comes, and the thread ends afterwards. */
static void case_not_cancelled(void)
{
	int fd = wildcard_socket(AF_INET, SERVER_PORT);

	for (int way = 0; way < 4; way++) {
		struct thread thread = { .fd = fd, .way = way, .type = PTHREAD_CANCEL_DEFERRED };
		void *value;

		need(-pthread_create(&thread.thread, NULL, receive_in_thread, &thread), "thread");
		await_blocked(&thread);
		pthread_cancel(thread.thread);
		ask(SERVER_PORT, "question");
		need(-pthread_join(thread.thread, &value), "join");
		check(thread.went_on && thread.result > 0, "way %d: cancelled in the call", way);
		check(value == PTHREAD_CANCELED, "way %d: not cancelled afterwards", way);
	}
}

static void *answer_when_cancelled(void *argument)
{
	struct thread *thread = argument;
	struct address peer;

	need(receive(0, thread->fd, &peer), "receiving");
	pthread_cancel(pthread_self());
	thread->result = answer(thread->way, thread->fd, &peer);
	thread->went_on = true;
	pthread_testcancel();
	return NULL;
}

static void case_pending_cancel(void)
{
	for (int way = 0; way < 4; way++) {
		struct thread thread = { .fd = wildcard_socket(AF_INET, SERVER_PORT), .way = way };
		void *value;

		ask(SERVER_PORT, "question");
		need(-pthread_create(&thread.thread, NULL, answer_when_cancelled, &thread),
		     "thread");
		need(-pthread_join(thread.thread, &value), "join");
		check(thread.went_on && thread.result > 0, "way %d: cancelled in the call", way);
		check(value == PTHREAD_CANCELED, "way %d: not cancelled afterwards", way);
		close(thread.fd);
	}
}

static void case_cancelled_at_any_time(void)
{
	int fd = wildcard_socket(AF_INET, SERVER_PORT);

	for (int way = 0; way < 4; way++) {
		struct thread thread = { .fd = fd,
					 .way = way,
					 .type = PTHREAD_CANCEL_ASYNCHRONOUS };
		void *value;

		need(-pthread_create(&thread.thread, NULL, receive_in_thread, &thread), "thread");
		await_blocked(&thread);
		pthread_cancel(thread.thread);
		need(-pthread_join(thread.thread, &value), "join");
		check(value == PTHREAD_CANCELED && !thread.went_on, "way %d: not cancelled", way);
		check(answers(fd, SERVER_PORT), "way %d: the source afterwards", way);
	}
}

static sigjmp_buf jump;

static void jump_out(int number)
{
	(void)number;
	siglongjmp(jump, 1);
}

static void *jump_out_of_receive(void *argument)
{
	struct thread *thread = argument;
	struct address peer;
	int state = -1;

	if (!sigsetjmp(jump, 1)) {
		__atomic_store_n(&thread->id, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
		receive(thread->way, thread->fd, &peer);
	}
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	thread->went_on = state == PTHREAD_CANCEL_ENABLE;
	return NULL;
}

/* A receive that a signal handler never returns to leaves nothing behind. */
static void case_jumped_out_of(void)
{
	int fd = wildcard_socket(AF_INET, SERVER_PORT);

	signal(SIGUSR1, jump_out);
	for (int way = 0; way < 4; way++) {
		struct thread thread = { .fd = fd, .way = way };

		need(-pthread_create(&thread.thread, NULL, jump_out_of_receive, &thread), "thread");
		await_blocked(&thread);
		pthread_kill(thread.thread, SIGUSR1);
		need(-pthread_join(thread.thread, NULL), "join");
		check(thread.went_on, "way %d: cancellation is off", way);
		check(answers(fd, SERVER_PORT), "way %d: the source afterwards", way);
	}
}

/* Descriptors of another socket on the same number, by number. */
static int by_dup3(int fd, int number)
{
	return (int)syscall(SYS_dup3, fd, number, 0);
}

static int by_fcntl(int fd, int number)
{
	kernel_call(SYS_close, number);
#ifdef SYS_fcntl64
	return (int)syscall(SYS_fcntl64, fd, F_DUPFD, number);
#else
	return (int)syscall(SYS_fcntl, fd, F_DUPFD, number);
#endif
}

static int by_getfd(int fd, int number)
{
	int self = (int)need(kernel_call(SYS_pidfd_open, getpid(), 0), "pidfd_open");

	kernel_call(SYS_close, number);
	return (int)syscall(SYS_pidfd_getfd, self, fd, 0);
}

static int by_libc_getfd(int fd, int number)
{
	int (*getfd)(int, int, unsigned int);
	void *found = dlsym(RTLD_DEFAULT, "pidfd_getfd");
	int self = (int)need(kernel_call(SYS_pidfd_open, getpid(), 0), "pidfd_open");

	check(found != NULL, "no pidfd_getfd()");
	memcpy(&getfd, &found, sizeof(getfd));
	kernel_call(SYS_close, number);
	return found ? getfd(self, fd, 0) : -1;
}

static int by_passing(int fd, int number)
{
	int ends[2], passed = -1;
	char byte = 0;
	struct iovec part = { &byte, 1 };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	need(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	need(syscall(SYS_sendmsg, ends[0], &message, 0), "sendmsg");
	kernel_call(SYS_close, number);
	need(syscall(SYS_recvmsg, ends[1], &message, 0), "recvmsg");
	memcpy(&passed, CMSG_DATA(header), sizeof(int));
	close(ends[0]);
	close(ends[1]);
	return passed;
}

static void reuse(int (*way)(int, int), const char *name)
{
	struct address peer;
	int old = bound_socket(&library_side, "0.0.0.0", SERVER_PORT), client = client_at(CLIENT);
	int other = bound_socket(&kernel_side, OTHER, 0), number = old;
	socklen_t length = sizeof(int);
	int on = -1;

	ask_at(client, ASKED);
	peer = hear(&library_side, old);
	check(way(other, old) == number, "%s: another number", name);
	/* It has an address of its own, from which it sends to the same peer. */
	check(library_side.sendto(number, "x", 1, 0, &peer.name.any, peer.length) == 1, "sendto");
	check_source(client, OTHER);
	need(kernel_side.getsockopt(number, IPPROTO_IP, IP_PKTINFO, &on, &length), "PKTINFO");
	check(!on, "%s: PKTINFO is on", name);
	close(number);
	close(other);
	close(client);
}

static void case_reused_number(void)
{
	make_hosts();
	reuse(by_dup3, "dup3");
	reuse(by_fcntl, "fcntl");
	reuse(by_getfd, "pidfd_getfd by number");
	reuse(by_libc_getfd, "pidfd_getfd");
	reuse(by_passing, "SCM_RIGHTS");
}

static const struct test_case cases[] = {
	{ "six arguments arrive, before the constructors too", case_six_arguments },
	{ "numbers that are none, and errno", case_no_such_call },
#ifdef END_CHILD
	{ "vfork by number returns twice", case_vfork },
#endif
	{ "fork by number returns twice", case_fork },
#ifdef __x86_64__
	{ "clone by number onto a new stack", case_new_stack },
#endif
	{ "signals during all this", case_signals },
	{ "each call by number answers from where it was asked", case_answers },
#ifdef SYS_socketcall
	{ "the same through socketcall()", case_socketcall },
#endif
	{ "a receive by number is no cancellation point", case_not_cancelled },
	{ "nor is an answer by number", case_pending_cancel },
	{ "asynchronous cancellation ends a receive by number", case_cancelled_at_any_time },
	{ "a receive by number that a handler jumps out of", case_jumped_out_of },
	{ "numbers that become another socket's", case_reused_number },
	{ "dlsym() of a library gives what the program calls", case_found_by_handle },
	{ "dlsym() for its callers", case_callers },
	{ "a plugin under RTLD_DEEPBIND calls by number and by handle", case_deepbind_direct },
};

int main(int argc, char **argv)
{
	(void)argc;
	run_under_library(argv);
	return run_on_hosts(cases, sizeof(cases) / sizeof(*cases));
}
