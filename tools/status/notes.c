// SPDX-License-Identifier: MIT
// Notes on a process: why the library does not work in it, or why its counters say nothing.

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check/check.h"
#include "./status.h"

enum { PORTS_SHOWN = 5, EXAMINE_SECONDS = 2 };

__attribute__((format(printf, 3, 4))) static void note(struct report *report, const char *word,
						       const char *format, ...)
{
	struct note *added = &report->notes[report->notes_count];
	va_list arguments;

	if (report->notes_count == NOTES_MOST)
		return;
	va_start(arguments, format);
	vsnprintf(added->text, sizeof(added->text), format, arguments);
	va_end(arguments);
	printable(added->text);
	added->word = word;
	report->notes_count++;
}

/* Writes "port 53" or "ports 53, 5000" of those sockets for which `picked` is true. */
static bool list_ports(const struct report *report,
		       bool (*picked)(const struct report *, const struct status_socket *),
		       char *text, size_t size)
{
	size_t found = 0, length;

	snprintf(text, size, "port ");
	for (size_t i = 0; i < report->sockets_count; i++) {
		const struct status_socket *socket = &report->sockets[i];

		if (!picked(report, socket) || found++ >= PORTS_SHOWN)
			continue;
		length = strlen(text);
		snprintf(text + length, size - length, "%s%u", found > 1 ? ", " : "",
			 socket->server->port);
	}
	length = strlen(text);
	if (found > PORTS_SHOWN)
		snprintf(text + length, size - length, " and %zu more", found - PORTS_SHOWN);
	return found != 0;
}

static bool is_excluded(const struct report *report, const struct status_socket *socket)
{
	return !process_has_port(&report->process, socket->server->port) && !socket->view.marked;
}

static const char *state_of(const struct report *report, const struct status_socket *socket)
{
	if (socket->view.marked)
		return "helped";
	if (is_excluded(report, socket))
		return "excluded";
	if (!socket->view.seen)
		return "unseen";
	return socket->view.told ? "itself" : "untouched";
}

/* Datagrams were read from it, of which the library knows nothing. */
static bool is_blind(const struct report *report, const struct status_socket *socket)
{
	return socket->taken && !is_excluded(report, socket);
}

static bool is_waiting(const struct report *report, const struct status_socket *socket)
{
	return socket->waiting && !is_excluded(report, socket);
}

/* A server's socket by its port that the library has not met, and that was read all the same. */
static bool is_untouched(const struct report *report, const struct status_socket *socket)
{
	return is_blind(report, socket) && socket->view.seen && !socket->view.marked &&
	       !socket->view.told && !port_is_ephemeral(socket->server->port);
}

/* A client's socket, or a server's on a port that the kernel could have chosen. */
static bool all_ephemeral(const struct report *report)
{
	for (size_t i = 0; i < report->sockets_count; i++)
		if (is_blind(report, &report->sockets[i]) &&
		    (report->sockets[i].view.marked ||
		     !port_is_ephemeral(report->sockets[i].server->port)))
			return false;
	return true;
}

/* Returns true if another process, in which the library works, reads these sockets. */
static bool others_learn(const struct report *report, struct survey *survey)
{
	if (!survey->processes)
		survey_processes(survey);
	for (size_t i = 0; i < report->sockets_count; i++) {
		const struct server *server = report->sockets[i].server;

		for (size_t j = 0; j < server->holders_count; j++) {
			struct process *other = &survey->processes[server->holders[j].process];

			if (other->pid == report->process.pid)
				continue;
			if (!*other->name)
				process_look(other);
			if (other->library.state == LIBRARY_WORKING &&
			    other->library.counters[COUNTER_learnt])
				return true;
		}
	}
	return false;
}

static void note_traffic(struct report *report, struct survey *survey)
{
	bool learnt = report->process.library.counters[COUNTER_learnt];
	char ports[128];

	if (!learnt && list_ports(report, is_blind, ports, sizeof(ports)) &&
	    !others_learn(report, survey)) {
		note(report, "blind",
		     "works, but sees no datagrams: %s received some, and none was recorded; "
		     "the program reads them by system calls of its own or io_uring, or another "
		     "process does%s",
		     ports, all_ephemeral(report) ? ", or it is a client's socket" : "");
		return;
	}
	if (list_ports(report, is_untouched, ports, sizeof(ports)))
		note(report, "untouched",
		     "%s: not helped; the program uses it by system calls that the library does "
		     "not see",
		     ports);
	if (!learnt && list_ports(report, is_waiting, ports, sizeof(ports)))
		note(report, "waiting", "%s: datagrams wait, and none was read yet", ports);
}

static void note_working(struct report *report, struct survey *survey)
{
	char ports[128];

	if (list_ports(report, is_excluded, ports, sizeof(ports)))
		note(report, "excluded", "%s: left out by REPLYFROM_PORTS=%s, so not counted",
		     ports, report->process.environment.ports);
	note_traffic(report, survey);
}

/* In place of an errno: the file is on a mount without execution. */
enum { NOEXEC = 255 };

/* Becomes the process's user in its root directory. Returns false if that fails. */
static bool become_user(const struct process *process, const char *root)
{
	unsigned int user = 0, group = 0;
	char line[256];
	FILE *file = process_open(process->thread, "status");

	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "Uid: %*u %u", &user);
		sscanf(line, "Gid: %*u %u", &group);
	}
	/* The effective user only: the other one could stop us by a signal (kill(2)). */
	return !chroot(root) && !chdir("/") && !setgroups(0, NULL) && !setegid(group) &&
	       !seteuid(user);
}

/* The child of examine_file(): its exit status. */
static int examine_as_user(const struct process *process, const char *path)
{
	char root[64], own[PATH_MAX];
	struct statvfs mount;
	sigset_t none;

	signal(SIGALRM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(EXAMINE_SECONDS);
	snprintf(root, sizeof(root), "/proc/%d/root", (int)process->thread);
	if (!geteuid()) {
		if (!become_user(process, root))
			return 0;
	} else {
		if (snprintf(own, sizeof(own), "%s%s", root, path) >= (int)sizeof(own))
			return 0;
		path = own;
	}
	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS))
		return errno;
	return !statvfs(path, &mount) && mount.f_flag & ST_NOEXEC ? NOEXEC : 0;
}

/*
 * Returns 0 if the user of the process may read the file, as the process sees the disk; else the
 * errno, or NOEXEC. Only root can find that out for others. The file system may be of that user's
 * making (FUSE) and never answer: ETIMEDOUT.
 */
static int examine_file(const struct process *process, const char *path)
{
	pid_t child = fork();
	int answer = 0;

	if (child < 0)
		return 0;
	if (!child)
		_exit(examine_as_user(process, path));
	while (waitpid(child, &answer, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(answer) ? WEXITSTATUS(answer) : ETIMEDOUT;
}

/* Notes the reason why the file in LD_PRELOAD is not loaded, as the process sees the disk. */
static void note_file(struct report *report)
{
	const char *preload = report->process.environment.preload;
	int error = 0;

	if (*preload == '/' && !strchr(preload, '$'))
		error = examine_file(&report->process, preload);
	if (error == NOEXEC)
		note(report, "noexec", "LD_PRELOAD names %.300s, which is mounted noexec", preload);
	else if (error == ETIMEDOUT)
		note(report, "missing",
		     "LD_PRELOAD names %.300s, whose file system does not answer", preload);
	else if (error)
		note(report, "missing", "LD_PRELOAD names %.300s, which it cannot read: %s",
		     preload, strerror(error));
	else
		note(report, "ignored", "LD_PRELOAD names %.300s, but the loader ignored it",
		     preload);
}

static void note_profile(struct report *report, enum apparmor allows)
{
	const char *preload = report->process.environment.preload;

	note(report, "apparmor", "AppArmor's profile %s %s the library; add '%.300s mr,' to it",
	     report->profile, allows == APPARMOR_DENIES ? "denies" : "has to allow",
	     preload && *preload == '/' && !strchr(preload, '$')
		     ? preload
		     : "/usr/lib/@{multiarch}/replyfrom/libreplyfrom.so");
}

static void note_absent(struct report *report)
{
	static struct program program;
	const struct environment *environment = &report->process.environment;
	const char *preload = environment->preload;
	enum apparmor allows = apparmor_process(report->process.thread,
						preload && !strchr(preload, '$') ? preload : NULL,
						report->profile);

	if (report->process.kernel) {
		note(report, "kernel", "is a thread of the kernel");
		return;
	}
	if (!environment->seen)
		return;
	if (report->process.secure && *report->profile) {
		note(report, "secure",
		     "the loader ignored LD_PRELOAD: it gained privileges, or AppArmor's profile "
		     "%s "
		     "was entered by a rule Px or Cx; px or cx keeps LD_PRELOAD",
		     report->profile);
		return;
	}
	if (report->process.secure)
		note(report, "secure",
		     "the loader ignores LD_PRELOAD: it gained privileges (setuid, setgid, file "
		     "capabilities, SELinux domain)");
	if (environment->disabled)
		note(report, "disabled", "REPLYFROM_DISABLE=1 is in its environment");
	else if (!preload)
		note(report, "unset", "LD_PRELOAD in its environment does not name the library");
	if (!preload || environment->disabled || report->process.secure)
		return;
	program = (struct program){ .finding = UNKNOWN };
	snprintf(program.path, sizeof(program.path), "/proc/%d/exe", (int)report->process.thread);
	program_judge(&program);
	if (program.finding == STATIC)
		note(report, "static", "it is statically linked, so LD_PRELOAD has no effect");
	else if (program.finding == OTHER_MACHINE || program.finding == OTHER_LIBC)
		note(report, "foreign", "it is for another machine or libc than this replyfrom");
	else if (*report->profile && allows != APPARMOR_ALLOWS)
		note_profile(report, allows);
	else
		note_file(report);
}

static void note_unusable(struct report *report)
{
	enum apparmor allows = apparmor_process(
		report->process.thread, report->process.environment.preload, report->profile);

	if (*report->profile && allows != APPARMOR_ALLOWS)
		note_profile(report, allows);
	else
		note(report, "unusable",
		     "the loader could not map it executable: a noexec mount, NoExecPaths= or a "
		     "security module");
}

void notes_add_engine(struct report *report)
{
	note(report, "bpf", "the BPF engine helps the sockets of its cgroup");
}

void notes_take(struct report *report, struct survey *survey)
{
	struct process *process = &report->process;
	char why[128];

	for (size_t i = 0; i < report->sockets_count; i++) {
		struct status_socket *socket = &report->sockets[i];
		const struct traffic *traffic =
			socket->view.seen ? &socket->view.traffic : &socket->server->traffic;

		socket->received = traffic->waiting || traffic->kept || traffic->dropped;
		socket->waiting = traffic->waiting;
		socket->taken = traffic->kept && !traffic->waiting;
		if (process->library.state == LIBRARY_WORKING)
			socket->state = state_of(report, socket);
	}
	switch (process->library.state) {
	case LIBRARY_STRANGER:
		note(report, "stranger",
		     "has a file mapped that is named so, but is not loaded as "
		     "replyfrom's library");
		process->library.state = LIBRARY_ABSENT;
		note_absent(report);
		break;
	case LIBRARY_ABSENT:
		note_absent(report);
		break;
	case LIBRARY_UNUSABLE:
		note_unusable(report);
		break;
	case LIBRARY_OFF:
		if (process->environment.disabled)
			note(report, "disabled", "REPLYFROM_DISABLE=1 is in its environment");
		else
			note(report, "stopped",
			     "it had no memory for its tables, or the program has only just "
			     "started");
		break;
	case LIBRARY_SEEMS:
		note(report, "mapped",
		     "the library is mapped; whether it is at work only root may see");
		break;
	case LIBRARY_HIDDEN:
		process_why_hidden(process->pid, why, sizeof(why));
		note(report, "hidden", "it may not be examined%s: %s", geteuid() ? "; be root" : "",
		     why);
		break;
	case LIBRARY_WORKING:
		note_working(report, survey);
		break;
	default:
		break;
	}
	if (process->library.replaced)
		note(report, "replaced",
		     "its library was replaced since; restart it to use the new one");
	if (!*report->profile && process->library.state != LIBRARY_GONE)
		apparmor_process(process->thread, NULL, report->profile);
}
