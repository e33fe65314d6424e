// SPDX-License-Identifier: MIT
// replyfrom-bpf: the second engine, for what no preload reaches and for servers that run already.

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "channel.h"
#include "engine.h"

struct settings settings = SETTINGS_DEFAULT;

/* Formats a line, with control characters replaced. */
static void make_line(char *line, size_t size, const char *format, va_list arguments)
{
	vsnprintf(line, size, format, arguments);
	for (; *line; line++)
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			*line = '?';
}

void fail(const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	make_line(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (failures_channel >= 0)
		channel_say(failures_channel, line, -1);
	else
		dprintf(STDERR_FILENO, "replyfrom: %s\n", line);
	_exit(EXIT_FAILED);
}

void say(enum log_level level, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	if (level > settings.log)
		return;
	va_start(arguments, format);
	make_line(line, sizeof(line), format, arguments);
	va_end(arguments);
	dprintf(STDERR_FILENO, "replyfrom: %s\n", line);
}

static const char usage[] =
	"Usage: replyfrom-bpf run [OPTION]... [--] COMMAND [ARGUMENT]...\n"
	"       replyfrom-bpf attach [OPTION]... TARGET\n"
	"       replyfrom-bpf detach TARGET\n"
	"       replyfrom-bpf status [--json] [PID]...\n"
	"       replyfrom-bpf check [run]\n"
	"       replyfrom-bpf --help|--version\n"
	"Let UDP servers reply from the address that the request was sent to, by BPF programs\n"
	"for a cgroup: that of COMMAND, or of TARGET, a systemd unit, a process id or the path\n"
	"of a cgroup.\n"
	"\n"
	"  --ports LIST    run, attach: local ports to help, such as 53,5000-5010 (default: all)\n"
	"  --peers NUMBER  run, attach: peers to remember, 1024 to 16777216 (default 65536)\n"
	"  --log LEVEL     run, attach: off, error (default), info or debug, to stderr\n"
	"  --stats         run, attach: print the counters at the end\n"
	"  --no-connect    run: leave connect() alone, so that it waits for no other process\n"
	"  --json          status: print JSON\n"
	"  --help          show this text\n"
	"  --version       show the version\n"
	"\n"
	"Exit status of run: COMMAND's own; 125 if replyfrom-bpf itself fails, 126 if COMMAND\n"
	"cannot be run, 127 if it is not found. See replyfrom-bpf(8).\n";

static bool no_connect;

/* One row each: a setting, its option, its variable, and what reads its value. */
static const struct {
	const char *option, *variable;
	bool (*set)(struct settings *settings, const char *value, struct settings_fault *fault);
} rows[] = {
	{ "--ports", "REPLYFROM_PORTS", settings_ports },
	{ "--peers", "REPLYFROM_PEERS", settings_peers },
	{ "--log", "REPLYFROM_LOG", settings_log },
	{ "--stats", "REPLYFROM_STATS", settings_statistics },
};

static void set(size_t row, const char *value)
{
	struct settings_fault fault;

	if (!rows[row].set(&settings, value, &fault))
		fail("%s=%s is not allowed: it takes %s", rows[row].variable, value, fault.allowed);
}

/* Reads the options of run and attach; returns the first argument that is none. */
static char **read_options(char **argument)
{
	const char *value;
	size_t length, i;

	struct settings_fault fault;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		set(i, getenv(rows[i].variable));
	settings_disable(&settings, getenv("REPLYFROM_DISABLE"), &fault);
	for (; *argument && **argument == '-'; argument++) {
		if (!strcmp(*argument, "--"))
			return argument + 1;
		if (!strcmp(*argument, "--no-connect")) {
			no_connect = true;
			continue;
		}
		for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
			length = strlen(rows[i].option);
			if (!strncmp(*argument, rows[i].option, length) &&
			    ((*argument)[length] == '=' || !(*argument)[length]))
				break;
		}
		if (i == sizeof(rows) / sizeof(*rows))
			fail("unknown option %s; replyfrom-bpf --help lists all", *argument);
		value = strchr(*argument, '=');
		if (rows[i].set == settings_statistics && value)
			fail("option %s takes no value", rows[i].option);
		else if (rows[i].set == settings_statistics)
			value = "1";
		else if (value)
			value++;
		else if (!(value = *++argument))
			fail("option %s needs a value", rows[i].option);
		if (!*value)
			fail("option %s needs a value that is not empty", rows[i].option);
		set(i, value);
	}
	return argument;
}

static const char *the_only(char **arguments)
{
	if (!*arguments || !**arguments)
		fail("a unit, a process id or the path of a cgroup is missing; replyfrom-bpf "
		     "--help shows the usage");
	if (arguments[1])
		fail("one target at a time; %s is one too many", arguments[1]);
	return *arguments;
}

/* Starts the keeper as a grandchild: the program gets no signal and has no child. */
static void start_keeper(struct cgroup *cgroup, int channel)
{
	long child = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);

	if (child < 0)
		fail("cannot start the keeper: %s", strerror(errno));
	if (!child) {
		child = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
		if (child)
			_exit(child < 0);
		keep_run(cgroup, channel);
	}
	while (waitpid((pid_t)child, NULL, __WALL) < 0 && errno == EINTR)
		;
}

static _Noreturn void execute(char **command)
{
	int error;

	execvp(*command, command);
	error = errno;
	dprintf(STDERR_FILENO, "replyfrom: %s: %s\n", *command, strerror(error));
	_exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN);
}

/* Moves a descriptor above the standard streams, which the program may have closed. */
static int move_up(int fd)
{
	int moved;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return moved;
}

static _Noreturn void run(char **command)
{
	struct cgroup cgroup;
	int ends[2], listener = -1;
	char line[1024];

	if (!*command)
		fail("no command to start; replyfrom-bpf --help shows the usage");
	if (settings.disabled)
		execute(command);
	cgroup_make(&cgroup);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		fail("socketpair: %s", strerror(errno));
	cgroup.fd = move_up(cgroup.fd);
	cgroup.events = move_up(cgroup.events);
	ends[0] = move_up(ends[0]);
	ends[1] = move_up(ends[1]);
	start_keeper(&cgroup, ends[1]);
	close(ends[1]);
	if (!channel_hear_line(ends[0], line, sizeof(line)))
		snprintf(line, sizeof(line), "the keeper ended before it was ready");
	if (*line) {
		rmdir(cgroup.path);
		fail("%s", line);
	}
	if (!cgroup_enter(&cgroup))
		fail("cannot move into %s: %s", cgroup.path, strerror(errno));
	if (!no_connect) {
		listener = supervisor_filter();
		if (listener < 0)
			say(LOG_INFO, "connect() is left to the kernel: %s", strerror(errno));
	}
	channel_say(ends[0], "", listener);
	channel_hear_line(ends[0], line, sizeof(line));
	if (listener >= 0)
		close(listener);
	close(cgroup.fd);
	if (cgroup.events >= 0)
		close(cgroup.events);
	close(ends[0]);
	execute(command);
}

int main(int count, char **arguments)
{
	const char *command = count > 1 ? arguments[1] : "--help";
	struct cgroup cgroup;
	const char *target;

	if (!strcmp(command, "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	if (!strcmp(command, "--version")) {
		puts("replyfrom-bpf " VERSION);
		return 0;
	}
	if (!strcmp(command, "run"))
		run(read_options(arguments + 2));
	if (!strcmp(command, "attach")) {
		target = the_only(read_options(arguments + 2));
		cgroup_find(&cgroup, target);
		keep_attach(&cgroup, target);
	}
	if (!strcmp(command, "detach"))
		return detach_target(the_only(arguments + 2));
	if (!strcmp(command, "status")) {
		bool json = count > 2 && !strcmp(arguments[2], "--json");
		char **processes = arguments + 2 + json;

		for (char **process = processes; *process; process++)
			if (!**process || (*process)[strspn(*process, "0123456789")])
				fail("status takes --json and process ids, not %s", *process);
		return status(json, processes);
	}
	if (!strcmp(command, "check")) {
		if (count > 2 && (strcmp(arguments[2], "run") || count > 3))
			fail("check takes run and nothing else");
		return check(count > 2);
	}
	fail("unknown command %s; replyfrom-bpf --help shows the usage", command);
}
