// SPDX-License-Identifier: MIT
// Asks the kernel which AppArmor profile confines a process or program, and what that allows
// (security/apparmor/apparmorfs.c in the kernel).

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "./apparmor.h"
#include "./child.h"

#define ACCESS "/sys/kernel/security/apparmor/.access"

enum { NO_TRACE = 1, NO_EXEC = 2 };
enum { CLASS_FILE = 2, MAY_READ = 0x4, MAY_MAP = 0x10000, QUERY_MOST = 4096 };

/* Reads a file's one line, without its end. Returns its length, or -1. */
static ssize_t read_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, line, size - 1);

	if (fd >= 0)
		close(fd);
	line[length > 0 ? length : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return length;
}

/* Writes what can be shown in a table or JSON. */
static void show(const char *label, char profile[PROFILE_MOST])
{
	snprintf(profile, PROFILE_MOST, "%s", label);
	for (char *letter = profile; *letter; letter++)
		if (*letter < ' ' || *letter > '~' || *letter == '"' || *letter == '\\')
			*letter = '?';
}

/* May a process with this label map the file executable? */
static enum apparmor ask(const char *label, const char *library)
{
	char query[QUERY_MOST], answer[128] = "";
	int length = snprintf(query, sizeof(query), "label%c%s%c%c%s", '\0', label, '\0',
			      CLASS_FILE, library);
	const uint32_t wanted = MAY_READ | MAY_MAP;
	uint32_t allow, deny;
	int fd = open(ACCESS, O_RDWR | O_CLOEXEC);

	if (fd < 0 || length >= (int)sizeof(query) || write(fd, query, (size_t)length) != length ||
	    read(fd, answer, sizeof(answer) - 1) <= 0)
		*answer = '\0';
	if (fd >= 0)
		close(fd);
	if (sscanf(answer, "allow 0x%x deny 0x%x", &allow, &deny) != 2)
		return APPARMOR_UNKNOWN;
	return (allow & ~deny & wanted) == wanted ? APPARMOR_ALLOWS : APPARMOR_DENIES;
}

bool apparmor_is_on(void)
{
	char enabled[4] = "";

	read_line("/sys/module/apparmor/parameters/enabled", enabled, sizeof(enabled));
	return *enabled == 'Y';
}

bool apparmor_answers(void)
{
	return !access(ACCESS, R_OK | W_OK);
}

enum apparmor apparmor_process(pid_t thread, const char *library, char profile[PROFILE_MOST])
{
	char path[64], label[PROFILE_MOST] = "";
	char *mode;

	*profile = '\0';
	snprintf(path, sizeof(path), "/proc/%d/attr/apparmor/current", (int)thread);
	if (read_line(path, label, sizeof(label)) <= 0) {
		/* Kernels before 5.1 have one file for all security modules. */
		snprintf(path, sizeof(path), "/proc/%d/attr/current", (int)thread);
		if (!apparmor_is_on() || read_line(path, label, sizeof(label)) <= 0)
			return APPARMOR_NONE;
	}
	/* "NAME (MODE)", or "unconfined" */
	mode = strrchr(label, '(');
	if (!mode || mode == label || !strcmp(mode, "(unconfined)"))
		return APPARMOR_NONE;
	show(label, profile);
	mode[-1] = '\0';
	if (strcmp(mode, "(enforce)") && strcmp(mode, "(kill)"))
		return APPARMOR_ALLOWS;
	return library ? ask(label, library) : APPARMOR_UNKNOWN;
}

/* Asks for a profile at the next exec, as systemd does for AppArmorProfile=. */
static void change_on_exec(const char *profile)
{
	char text[PROFILE_MOST + 8];
	int length = snprintf(text, sizeof(text), "exec %s", profile);
	int fd = open("/proc/self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		fd = open("/proc/self/attr/exec", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		_exit(NO_EXEC);
	close(fd);
}

/*
 * In the child: executes the program traced, so that it stops before its first instruction. If this
 * process were to end before it looked, the kernel would let it go on: so it is killed then.
 */
static _Noreturn void execute_traced(const char *path, const char *on_exec, pid_t parent)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || prctl(PR_SET_PDEATHSIG, SIGKILL) ||
	    getppid() != parent)
		_exit(NO_TRACE);
	if (on_exec)
		change_on_exec(on_exec);
	execl(path, path, (char *)NULL);
	_exit(NO_EXEC);
}

/*
 * Returns false after unshare(CLONE_NEWPID): the first child is the init of the new namespace, and
 * with its end none can be made there any more. That child is for the program to make.
 */
static bool child_is_ordinary(void)
{
	struct stat own, children;

	/* The second is not there before that first child. */
	return !stat("/proc/self/ns/pid", &own) &&
	       !stat("/proc/self/ns/pid_for_children", &children) && own.st_ino == children.st_ino;
}

/* Only the kernel knows which profile it is: attachments are patterns, and not all kernels show
 * them. */
enum apparmor apparmor_program(const char *path, const char *on_exec, const char *library,
			       char profile[PROFILE_MOST])
{
	bool was_pending = child_signal_is_pending();
	enum apparmor answer = APPARMOR_NONE;
	int status = 0;
	pid_t self = getpid(), child;

	*profile = '\0';
	if (!child_is_ordinary() || (child = fork()) < 0)
		return APPARMOR_NONE;
	if (!child)
		execute_traced(path, on_exec, self);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSTOPPED(status)) {
		answer = apparmor_process(child, library, profile);
		/* Not by kill(2), which the profile may forbid. */
		ptrace(PTRACE_CONT, child, NULL, SIGKILL);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == NO_EXEC) {
		/* It can be executed, but not by a process that is traced. */
		snprintf(profile, PROFILE_MOST, "%s",
			 on_exec ? on_exec : "(which forbids to look)");
		answer = on_exec && library ? ask(on_exec, library) : APPARMOR_UNKNOWN;
	}
	child_wait(child, was_pending);
	return answer;
}
