// SPDX-License-Identifier: MIT
// fidelity REPLYFROM LIBRARY MIRROR: starts MIRROR plainly and by REPLYFROM in many ways, and
// compares byte for byte what it got. Prints TAP.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define ONE_STRING (128 * 1024 - 1) /* MAX_ARG_STRLEN, without its end */

enum { MANY = 100000 };

static char replyfrom[PATH_MAX], mirror[PATH_MAX], output[PATH_MAX + 8];
static char preload[PATH_MAX + 32]; /* LD_PRELOAD=LIBRARY */
static unsigned int cases;

struct bytes {
	char *start;
	size_t size;
};

static void result(bool ok, const char *title, const char *reason)
{
	printf("%sok %u - %s\n", ok ? "" : "not ", ++cases, title);
	if (!ok)
		printf("# %s\n", reason);
}

/* Runs the child's preparation and the program; returns what the mirror wrote. */
static struct bytes run(void (*prepare)(void), const char *path, char **argv, char **envp,
			int *status)
{
	struct bytes bytes = { NULL, 0 };
	struct stat file;
	FILE *from;
	pid_t child;

	unlink(output);
	fflush(stdout);
	child = fork();
	if (!child) {
		if (prepare)
			prepare();
		execve(path, argv, envp);
		_exit(99);
	}
	waitpid(child, status, 0);
	from = fopen(output, "r");
	if (!from)
		return bytes;
	if (!fstat(fileno(from), &file) && (bytes.start = malloc((size_t)file.st_size + 1)))
		bytes.size = fread(bytes.start, 1, (size_t)file.st_size, from);
	fclose(from);
	return bytes;
}

/* Both runs get the same argv but for the wrapper's own name before it. */
static void compare(const char *title, void (*prepare)(void), char **argv, char **envp,
		    char **expected_envp)
{
	size_t count = 0;
	char **longer, reason[256];
	struct bytes plain, helped;
	int plain_status, helped_status;
	bool same;

	while (argv[count])
		count++;
	longer = malloc((count + 3) * sizeof(*longer));
	longer[0] = strdup("replyfrom");
	longer[1] = strdup("--");
	memcpy(longer + 2, argv, (count + 1) * sizeof(*argv));
	plain = run(prepare, mirror, argv, expected_envp, &plain_status);
	helped = run(prepare, replyfrom, longer, envp, &helped_status);
	same = plain.size && plain.size == helped.size &&
	       !memcmp(plain.start, helped.start, plain.size) && plain_status == helped_status;
	snprintf(reason, sizeof(reason), "%zu bytes, status %x plainly; %zu, %x by replyfrom",
		 plain.size, (unsigned int)plain_status, helped.size, (unsigned int)helped_status);
	result(same, title, reason);
	for (size_t i = 0; !same && i < plain.size && i < helped.size; i++) {
		if (plain.start[i] == helped.start[i])
			continue;
		printf("# at %zu: %.60s\n# not: %.60s\n", i, helped.start + i, plain.start + i);
		break;
	}
	free(plain.start);
	free(helped.start);
	free(longer);
}

/* The program should get these and the library at the end. */
static void same_environment(const char *title, void (*prepare)(void), char **argv, char **envp)
{
	size_t count = 0;
	char **more;

	while (envp[count])
		count++;
	more = malloc((count + 2) * sizeof(*more));
	memcpy(more, envp, count * sizeof(*more));
	more[count] = preload;
	more[count + 1] = NULL;
	compare(title, prepare, argv, envp, more);
	free(more);
}

#define LIST(...) ((char *[]){ __VA_ARGS__, NULL })
#define ARGUMENTS LIST(mirror, (char *)(uintptr_t) "one", (char *)(uintptr_t) "two")
#define S(text)	  ((char *)(uintptr_t)(text))

static void environments(void)
{
	static char *empty[] = { NULL };
	char *big = malloc(ONE_STRING + 1), **many = malloc((MANY + 1) * sizeof(*many));

	same_environment("an environment that is empty", NULL, ARGUMENTS, empty);
	same_environment("names that are no identifiers", NULL, ARGUMENTS,
			 LIST(S("server.port=8080"), S("my-key=1"), S("a b=c"), S("1=2"), S("%=")));
	same_environment("exported functions of bash", NULL, ARGUMENTS,
			 LIST(S("BASH_FUNC_x%%=() {  echo hi\n}"), S("x=() { :; }")));
	same_environment("entries that are there twice", NULL, ARGUMENTS,
			 LIST(S("A=1"), S("A=2"), S("A=1"), S("PATH=/bin"), S("PATH=/usr/bin")));
	same_environment("entries without =, without a name, and empty ones", NULL, ARGUMENTS,
			 LIST(S("A"), S("=x"), S("=="), S(""), S("="), S("LD_PRELOAD"),
			      S("REPLYFROM_LOG"), S("")));
	same_environment("bytes that are no UTF-8, and control characters", NULL, ARGUMENTS,
			 LIST(S("\xff\xfe=\x80"), S("X=\n\n\t\x1b[31m"), S("\x01=\x7f"),
			      S("\xc3\xa4=\xc3")));
	same_environment("variables that shells set or obey", NULL, ARGUMENTS,
			 LIST(S("PWD=/nonsense"), S("OLDPWD="), S("SHLVL=7"), S("_=/x"), S("IFS=a"),
			      S("PS1=$(x)"), S("ENV=/x"), S("BASH_ENV=/x"), S("PPID=1"),
			      S("OPTIND=9"), S("LINENO=1"), S("UID=7"), S("SHELLOPTS=xtrace"),
			      S("LC_ALL=none"), S("POSIXLY_CORRECT=1")));
	same_environment("settings of the loader and of libc", NULL, ARGUMENTS,
			 LIST(S("LD_BIND_NOW=1"), S("LD_LIBRARY_PATH=/nothing"),
			      S("MALLOC_ARENA_MAX=1"), S("GLIBC_TUNABLES=glibc.malloc.check=0"),
			      S("LD_PRELOADED=x")));
	same_environment("settings of the library", NULL, ARGUMENTS,
			 LIST(S("REPLYFROM_LOG=off"), S("REPLYFROM_LOG=error"), S("A=b"),
			      S("REPLYFROM_PORTS="), S("REPLYFROM_STATS=0")));
	memset(big, 'b', ONE_STRING);
	big[1] = '=';
	big[ONE_STRING] = '\0';
	same_environment("a value of 128 KiB", NULL, ARGUMENTS, LIST(S("A=1"), big));
	for (int i = 0; i < MANY; i++)
		many[i] = S("x=1");
	many[MANY] = NULL;
	same_environment("100,000 entries", NULL, ARGUMENTS, many);
	free(many);
	free(big);
}

static void preloads(void)
{
	char both[2 * PATH_MAX];

	snprintf(both, sizeof(both), "%s:libc.so.6", preload);
	compare("LD_PRELOAD: what is there stays behind ours, in its place", NULL, ARGUMENTS,
		LIST(S("A=1"), S("LD_PRELOAD=libc.so.6"), S("B=2")),
		LIST(S("A=1"), both, S("B=2")));
	compare("LD_PRELOAD: twice", NULL, ARGUMENTS,
		LIST(S("LD_PRELOAD=libc.so.6"), S("B=2"), S("LD_PRELOAD=")),
		LIST(both, S("B=2"), preload));
	compare("LD_PRELOAD: ours already", NULL, ARGUMENTS, LIST(both, S("B=2"), preload),
		LIST(both, S("B=2"), preload));
}

static void arguments(void)
{
	char *empty = S(""), *big = malloc(ONE_STRING + 1);
	char **many = malloc((MANY + 2) * sizeof(*many));
	size_t count = 1;

	same_environment("arguments: empty ones", NULL, LIST(mirror, empty, empty, empty),
			 LIST(S("A=1")));
	same_environment("arguments: what looks like options", NULL,
			 LIST(mirror, S("--"), S("--help"), S("--log=x"), S("-"), S("--check")),
			 LIST(S("A=1")));
	same_environment("arguments: any bytes", NULL,
			 LIST(mirror, S("\xff\x80"), S("\n"), S("\x1b]0;x\a"), S("*"), S("$(x)")),
			 LIST(S("A=1")));
	many[0] = mirror;
	memset(big, 'c', ONE_STRING);
	big[ONE_STRING] = '\0';
	/* 2 MiB with a stack of 8 MiB (execve(2)), but for a few KiB. */
	for (int i = 0; i < 15; i++)
		many[count++] = big;
	many[count++] = big + 24 * 1024;
	many[count] = NULL;
	same_environment("arguments: near the most that there can be, long", NULL, many,
			 LIST(S("A=1")));
	for (count = 1; count <= MANY; count++)
		many[count] = count % 3 ? S("xy") : empty;
	many[count] = NULL;
	same_environment("arguments: 100,000", NULL, many, LIST(S("A=1")));
	free(many);
	free(big);
}

static void close_input(void)
{
	close(0);
}

static void close_output(void)
{
	close(1);
}

static void close_error(void)
{
	close(2);
}

static void close_all(void)
{
	close(0);
	close(1);
	close(2);
}

static void open_many(void)
{
	for (int i = 0; i < 20; i++)
		open("/dev/null", O_RDONLY | (i % 2 ? O_CLOEXEC : 0));
	fcntl(0, F_SETFL, O_NONBLOCK);
	dup2(0, 150);
}

static void ignore_signals(void)
{
	for (int number = 1; number < NSIG; number += 2)
		signal(number, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

static void ignore_no_signal(void)
{
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
}

static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	raise(SIGUSR1);
	raise(SIGTERM);
	raise(SIGPIPE);
}

static void set_umask(void)
{
	umask(0);
}

static void set_umask_most(void)
{
	umask(0777);
}

static void delete_folder(void)
{
	char folder[] = "/tmp/fidelity-XXXXXX";

	if (!mkdtemp(folder) || chdir(folder) || rmdir(folder))
		_exit(98);
}

static void other_folder(void)
{
	if (chdir("/proc/sys/net"))
		_exit(98);
}

static void set_limits(void)
{
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 256, 300 });
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	setrlimit(RLIMIT_STACK, &(struct rlimit){ 1 << 20, 1 << 22 });
	setrlimit(RLIMIT_NPROC, &(struct rlimit){ 1, 1 });
}

static void set_others(void)
{
	struct itimerval timer = { .it_value.tv_sec = 1000 };

	setitimer(ITIMER_REAL, &timer, NULL);
	setpriority(PRIO_PROCESS, 0, 7);
	personality(ADDR_NO_RANDOMIZE);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	setsid();
}

static void states(void)
{
	static const struct {
		const char *title;
		void (*prepare)(void);
	} table[] = {
		{ "standard input is closed", close_input },
		{ "standard output is closed", close_output },
		{ "standard error is closed", close_error },
		{ "all three are closed", close_all },
		{ "descriptors, with and without close-on-exec", open_many },
		{ "ignored signals", ignore_signals },
		{ "no ignored signal", ignore_no_signal },
		{ "blocked and pending signals", block_signals },
		{ "umask 0", set_umask },
		{ "umask 0777", set_umask_most },
		{ "another folder", other_folder },
		{ "limits", set_limits },
		{ "timer, priority, personality, no_new_privs, session", set_others },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		same_environment(table[i].title, table[i].prepare, ARGUMENTS,
				 LIST(S("A=1"), S("PWD=/x")));
}

/* The names of the two folders differ; all else is compared. */
static void deleted_folder(void)
{
	char *envp[] = { S("A=1"), S("PWD=/gone"), NULL };
	char *expected[] = { S("A=1"), S("PWD=/gone"), preload, NULL };
	int plain_status, helped_status;
	struct bytes plain = run(delete_folder, mirror, ARGUMENTS, expected, &plain_status);
	struct bytes helped =
		run(delete_folder, replyfrom, LIST(S("replyfrom"), mirror, S("one"), S("two")),
		    envp, &helped_status);
	const char *start = "folder /tmp/fidelity-", *deleted;
	char *names[] = { plain.start, helped.start };

	for (int i = 0; i < 2; i++) {
		size_t size = i ? helped.size : plain.size;
		char *name = names[i] ? memmem(names[i], size, start, strlen(start)) : NULL;

		deleted = name ? name + strlen(start) + 6 : "";
		result(!strncmp(deleted, " (deleted)\n", 11), "a folder that was deleted is one",
		       "it is not");
		if (name)
			memset(name + strlen(start), 'X', 6);
	}
	result(plain.size && plain.size == helped.size &&
		       !memcmp(plain.start, helped.start, plain.size) &&
		       plain_status == helped_status,
	       "a folder that was deleted: all is the same", "it is not");
	free(plain.start);
	free(helped.start);
}

/* The wrapper's own name is nothing that it needs. */
static void own_names(void)
{
	static char *const names[] = { S(""), S("/nowhere/at/all"), S("--help"), S("\xff\n") };
	char *expected[] = { S("A=1"), preload, NULL };
	int status;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct bytes plain = run(NULL, mirror, ARGUMENTS, expected, &status);
		struct bytes helped =
			run(NULL, replyfrom, LIST(names[i], mirror, S("one"), S("two")),
			    LIST(S("A=1")), &status);

		result(plain.size && plain.size == helped.size &&
			       !memcmp(plain.start, helped.start, plain.size),
		       "any argv[0] of replyfrom's own", "not the same");
		free(plain.start);
		free(helped.start);
	}
}

static bool apparmor_is_on(void)
{
	FILE *file = fopen("/sys/module/apparmor/parameters/enabled", "r");
	bool on = file && fgetc(file) == 'Y';

	if (file)
		fclose(file);
	return on;
}

/*
 * The wrapper, and then the program: what a start costs is counted, as times differ. AppArmor is
 * asked by one more process.
 */
static void count_programs(void)
{
	const long events = PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			    PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	unsigned int programs = 0, processes = 0;
	char reason[64];
	pid_t child, stopped;
	int status;

	fflush(stdout);
	child = fork();
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(77);
		raise(SIGSTOP);
		execve(replyfrom, LIST(S("replyfrom"), mirror), LIST(S("A=1")));
		_exit(99);
	}
	if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)) {
		printf("ok %u - a start executes two programs # SKIP no ptrace\n", ++cases);
		return;
	}
	ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)events);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	/* A process that it makes is traced as well. */
	while ((stopped = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status))
			continue;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
			programs++;
		else if (status >> 16)
			processes++;
		ptrace(PTRACE_CONT, stopped, NULL, NULL);
	}
	snprintf(reason, sizeof(reason), "%u programs, %u more processes", programs, processes);
#ifdef __GLIBC__ /* the loader of musl is asked by a program of its own */
	result(programs == 2 && processes <= apparmor_is_on(),
	       "a start executes two programs, in one process", reason);
#else
	result(programs <= 3 && processes <= 1U + apparmor_is_on(),
	       "a start executes three programs", reason);
#endif
}

int main(int count, char **argv)
{
	if (count != 4)
		return 99;
	snprintf(replyfrom, sizeof(replyfrom), "%s", argv[1]);
	snprintf(mirror, sizeof(mirror), "%s", argv[3]);
	snprintf(output, sizeof(output), "%s.out", mirror);
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", argv[2]);
	environments();
	preloads();
	arguments();
	states();
	deleted_folder();
	own_names();
	count_programs();
	printf("1..%u\n", cases);
	return 0;
}
