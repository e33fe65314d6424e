// SPDX-License-Identifier: MIT
// A process as /proc shows it (proc(5)).

#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "./fail.h"
#include "./process.h"

#define LIBRARY "/libreplyfrom"

FILE *process_open(pid_t pid, const char *name)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/%s", name);
	return fopen(path, "re");
}

void printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			*text = '?';
}

void process_name(pid_t pid, char name[NAME_MOST])
{
	FILE *file = process_open(pid, "comm");
	size_t length = file ? fread(name, 1, NAME_MOST - 1, file) : 0;

	/* A process chooses its name, and that may have lines. */
	if (length && name[length - 1] == '\n')
		length--;
	name[length] = '\0';
	printable(name);
	if (!*name)
		strcpy(name, "?");
	if (file)
		fclose(file);
}

bool process_exists(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/", (int)pid);
	return !access(path, F_OK) || !kill(pid, 0) || errno == EPERM;
}

/* The letter of its state in /proc/PID/stat; '\0': it is gone. */
static char state(pid_t pid)
{
	FILE *file = process_open(pid, "stat");
	char line[512] = "", *end;

	if (!file)
		return errno == ENOENT || errno == ESRCH ? '\0' : '?';
	line[fread(line, 1, sizeof(line) - 1, file)] = '\0';
	fclose(file);
	end = strrchr(line, ')'); /* behind its name, in which there can be anything */
	return end && end[1] == ' ' ? end[2] : '\0';
}

static bool runs(pid_t thread)
{
	char letter = state(thread);

	return letter && letter != 'Z' && letter != 'X';
}

pid_t process_thread(pid_t pid)
{
	char path[64];
	const struct dirent *entry;
	pid_t found = 0;
	DIR *folder;

	if (runs(pid))
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder)))
		if (isdigit((unsigned char)*entry->d_name) && runs((pid_t)atoi(entry->d_name)))
			found = (pid_t)atoi(entry->d_name);
	if (folder)
		closedir(folder);
	return found;
}

/* The loader ignores LD_PRELOAD for it if this is set in its auxiliary vector (getauxval(3)). */
static bool is_secure(pid_t thread)
{
	FILE *vector = process_open(thread, "auxv");
	ElfW(auxv_t) entry;
	bool secure = false;

	while (vector && fread(&entry, sizeof(entry), 1, vector) == 1)
		if (entry.a_type == AT_SECURE && entry.a_un.a_val)
			secure = true;
	if (vector)
		fclose(vector);
	return secure;
}

static void read_preload(struct environment *environment, const char *value)
{
	for (value += strspn(value, ": "); *value; value += strspn(value, ": ")) {
		size_t length = strcspn(value, ": ");
		const char *found = memmem(value, length, LIBRARY, strlen(LIBRARY));

		if (found && !memchr(found + 1, '/', (size_t)(value + length - found - 1))) {
			environment->preload = strndup(value, length);
			if (!environment->preload)
				fail("not enough memory");
			return;
		}
		value += length;
	}
}

static void read_ports(struct environment *environment, const char *value)
{
	struct settings *settings = malloc(sizeof(*settings));
	struct settings_fault fault;

	if (!settings)
		fail("not enough memory");
	*settings = (struct settings)SETTINGS_DEFAULT;
	if (settings_ports(settings, value, &fault) && settings->some_ports) {
		environment->settings = settings;
		if (snprintf(environment->ports, PORTS_MOST, "%s", value) >= PORTS_MOST)
			strcpy(environment->ports + PORTS_MOST - sizeof("..."), "...");
	} else {
		free(settings);
	}
}

/* Returns what follows NAME= if the entry is of that variable and is the first one. */
static const char *variable(const char *entry, const char *name, bool *had)
{
	size_t length = strlen(name);

	if (*had || strncmp(entry, name, length) || entry[length] != '=')
		return NULL;
	*had = true;
	return entry + length + 1;
}

static void read_environment(pid_t thread, struct environment *environment)
{
	bool preload = false, disable = false, ports = false;
	FILE *file = process_open(thread, "environ");
	char *entry = NULL;
	const char *value;
	size_t room = 0;

	if (!file)
		return;
	errno = 0;
	while (getdelim(&entry, &room, '\0', file) > 0) {
		if ((value = variable(entry, "LD_PRELOAD", &preload)))
			read_preload(environment, value);
		else if ((value = variable(entry, "REPLYFROM_DISABLE", &disable)))
			environment->disabled = !strcmp(value, "1");
		else if ((value = variable(entry, "REPLYFROM_PORTS", &ports)))
			read_ports(environment, value);
	}
	environment->seen = !errno;
	free(entry);
	fclose(file);
}

/* A thread of the kernel has neither memory nor a program. */
static bool is_kernel(pid_t pid)
{
	char path[64], target[8];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return readlink(path, target, sizeof(target)) < 0 && errno == ENOENT;
}

void process_look(struct process *process)
{
	pid_t thread = process_thread(process->pid);

	process->thread = thread;
	process_name(process->pid, process->name);
	if (!thread) {
		/* A zombie, or one that is not in /proc: hidden there (hidepid=), or gone. */
		process->library.state = !state(process->pid) && process_exists(process->pid)
						 ? LIBRARY_HIDDEN
						 : LIBRARY_GONE;
		return;
	}
	library_find(thread, &process->library);
	if (process->library.state == LIBRARY_HIDDEN || process->library.state == LIBRARY_GONE)
		return;
	process->kernel = process->library.state == LIBRARY_ABSENT && is_kernel(thread);
	read_environment(thread, &process->environment);
	process->secure = is_secure(thread);
	/* What is left of a failed mapping, and what was mapped to be read. */
	if (process->library.state == LIBRARY_UNUSABLE && process->environment.seen &&
	    !process->environment.preload)
		process->library.state = LIBRARY_STRANGER;
	if (!runs(thread))
		process->library.state = LIBRARY_GONE;
}

void process_free(struct process *process)
{
	free(process->environment.preload);
	free(process->environment.settings);
	process->environment.preload = NULL;
	process->environment.settings = NULL;
}

bool process_has_port(const struct process *process, unsigned int port)
{
	return !process->environment.settings ||
	       settings_port(process->environment.settings, htons((in_port_t)port));
}

/* Reads a number from a line "NAME:\tNUMBER" of /proc/PID/status. */
static bool read_status(pid_t pid, const char *name, int base, unsigned long long *number)
{
	FILE *file = process_open(pid, "status");
	size_t length = strlen(name);
	bool found = false;
	char line[256];

	while (file && !found && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length) && line[length] == ':') {
			*number = strtoull(line + length + 1, NULL, base);
			found = true;
		}
	if (file)
		fclose(file);
	return found;
}

void process_why_hidden(pid_t pid, char *text, size_t size)
{
	unsigned long long user, theirs, ours;
	const char *why = "the kernel forbids it (Yama's ptrace_scope, or it is not dumpable)";

	if (!read_status(pid, "Uid", 10, &user) || !read_status(pid, "CapPrm", 16, &theirs) ||
	    !read_status(0, "CapPrm", 16, &ours))
		why = "/proc hides it (hidepid=)";
	else if (user != getuid())
		why = "it is another user's";
	else if (theirs & ~ours)
		why = "it has capabilities that you have not";
	snprintf(text, size, "%s", why);
}
