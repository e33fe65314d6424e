// SPDX-License-Identifier: MIT
// Judges a running server: it is behind replyfrom, does not need it, or is out of its reach.

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../check/check.h"
#include "./judge.h"

/* How far a process with the library has come with a server; from SEEMS on it is helped. */
enum stand { NOTHING, UNUSABLE, OTHER, OFF, EXCLUDED, UNTOUCHED, SEEMS, BEHIND };

static const struct {
	const char *text, *json;
} stands[] = {
	[UNUSABLE] = { "has replyfrom mapped, but not executable: noexec or NoExecPaths=",
		       "unusable" },
	[OTHER] = { "has a replyfrom of another version, which cannot be examined", "version" },
	[OFF] = { "has replyfrom, which is switched off", "off" },
	[EXCLUDED] = { "has replyfrom, but REPLYFROM_PORTS leaves this port out", "excluded" },
	[UNTOUCHED] = { "has replyfrom, which has not helped this socket so far", "untouched" },
	[SEEMS] = { "seems to be behind replyfrom; only root can see", "seems" },
	[BEHIND] = { "is behind replyfrom", "behind" },
};

static enum stand stand_of(const struct process *process, const struct server *server,
			   const struct socket_view *view)
{
	switch (process->library.state) {
	case LIBRARY_UNUSABLE:
		return UNUSABLE;
	case LIBRARY_UNKNOWN:
		return OTHER;
	case LIBRARY_OFF:
		return OFF;
	case LIBRARY_SEEMS:
		if (process->environment.disabled)
			return OFF;
		return process_has_port(process, server->port) ? SEEMS : EXCLUDED;
	case LIBRARY_WORKING:
		if (view->marked)
			return BEHIND;
		if (!process_has_port(process, server->port))
			return EXCLUDED;
		/* The library leaves no mark where the program uses PKTINFO itself. */
		return !view->seen || view->told ? BEHIND : UNTOUCHED;
	default:
		return NOTHING;
	}
}

static bool is_systemd(const struct process *process)
{
	return !strcmp(process->name, "systemd");
}

/* Says it of the process if it may receive what the library does not see. */
static void add_uring(const struct program *program, struct judgement *judgement)
{
	size_t length = strlen(judgement->text);

	if (*program->uring && program->finding < CANNOT_HELP)
		snprintf(judgement->text + length, sizeof(judgement->text) - length,
			 "; what it receives through io_uring is not seen");
}

static void say(struct judgement *judgement, const char *text, const char *json)
{
	judgement->json = json;
	snprintf(judgement->text, sizeof(judgement->text), "%s", text);
}

/* Looks at the program that the process runs, and at what it has loaded. */
static const struct program *look_at_program(const struct process *process)
{
	static struct program program;

	program = (struct program){ .finding = UNKNOWN };
	snprintf(program.path, sizeof(program.path), "/proc/%d/exe", (int)process->thread);
	program_judge(&program);
	libraries_judge_running(&program, process->thread);
	return &program;
}

/* Judges the program as if it were started with the library. */
static void judge_program(const struct process *process, const struct socket_view *view,
			  bool passed, struct judgement *judgement)
{
	const struct program *program = look_at_program(process);

	if (process->secure && *judgement->profile)
		say(judgement,
		    "cannot be helped: gains privileges, or AppArmor's Px drops LD_PRELOAD",
		    "privileged");
	else if (process->secure)
		say(judgement, "cannot be helped: gains privileges", "privileged");
	else if (program->finding == STATIC)
		say(judgement, "cannot be helped: static", "static");
	else if (program->finding == GO)
		say(judgement, "cannot be helped: Go", "go");
	else if (program->finding == OTHER_MACHINE || program->finding == OTHER_LIBC)
		say(judgement, "cannot be helped: other machine or libc", "foreign");
	else if (is_systemd(process))
		say(judgement, "is held by systemd, for a service that has not started", "waiting");
	else if (program->finding == URING)
		say(judgement, "may receive through io_uring, which the library does not see",
		    "uring");
	else if (program->finding == UNSEEN)
		say(judgement, "cannot be helped: nothing in it imports a receive call", "unseen");
	else if (!view->seen)
		say(judgement,
		    geteuid() ? "can be helped, unless it uses PKTINFO itself; only root can see"
			      : "can be helped, unless it uses PKTINFO itself",
		    "perhaps");
	else if (view->told && passed)
		say(judgement, "can be helped, unless it uses PassPacketInfo=; see --probe",
		    "passed");
	else
		say(judgement, "can be helped", "helpable");
	if (!strncmp(judgement->text, "can be", strlen("can be")))
		add_uring(program, judgement);
	if (*judgement->profile && !strncmp(judgement->text, "can be", strlen("can be")))
		snprintf(judgement->text + strlen(judgement->text),
			 sizeof(judgement->text) - strlen(judgement->text),
			 "; AppArmor's %.100s has to allow the library", judgement->profile);
}

/* Returns true if the second engine can help it and the library cannot. */
static bool is_for_bpf(const struct judgement *judgement)
{
	static const char *const states[] = { "privileged", "static", "go",
					      "foreign",    "uring",  "unseen" };

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (!strcmp(judgement->json, states[i]))
			return true;
	return false;
}

/* A socket that no process has; `all`: all processes were examined. */
static void judge_nobody(bool all, struct judgement *judgement)
{
	if (all)
		say(judgement,
		    "belongs to no process here: to the kernel, or to another PID namespace",
		    "nobody");
	else
		say(judgement, "belongs to a process that only root may examine", "hidden");
}

void server_add_engine(struct judgement *judgement)
{
	judgement->attach = false;
	if (!strcmp(judgement->json, "itself"))
		return;
	say(judgement, "is behind replyfrom, by the BPF engine of its cgroup", "bpf");
}

void server_judge(const struct survey *survey, const struct server *server, bool all, bool bpf,
		  struct judgement *judgement)
{
	struct socket_view view = { .seen = false };
	enum stand best = NOTHING;
	bool passed = false;
	size_t helped = 0, holders = 0;

	*judgement = (struct judgement){ .process = NULL };
	if (!server->holders_count) {
		judge_nobody(all, judgement);
		return;
	}
	for (size_t i = 0; i < server->holders_count && !view.seen; i++)
		socket_look(server->holders[i].thread, server->holders[i].fd, server->inode, &view);
	for (size_t i = 0; i < server->holders_count; i++) {
		const struct process *process = &survey->processes[server->holders[i].process];
		enum stand stand = stand_of(process, server, &view);

		if (process_is_keeper(process) && server->holders_count > 1) {
			passed |= is_systemd(process);
			continue;
		}
		holders++;
		helped += stand >= SEEMS;
		if (!judgement->process || stand > best) {
			judgement->process = process;
			best = stand;
		}
	}
	if (!judgement->process) /* systemd twice, or for a user */
		judgement->process = &survey->processes[server->holders[0].process];
	apparmor_process(judgement->process->thread, NULL, judgement->profile);
	if (best != NOTHING)
		say(judgement, stands[best].text, stands[best].json);
	else if (view.told && !passed && !is_systemd(judgement->process))
		say(judgement, "uses PKTINFO itself", "itself");
	else
		judge_program(judgement->process, &view, passed, judgement);
	judgement->attach = bpf && is_for_bpf(judgement);
	if (helped && helped < holders) {
		snprintf(judgement->text, sizeof(judgement->text),
			 "is behind replyfrom in %zu of its %zu processes", helped, holders);
		judgement->json = "partly";
	}
	if (best >= SEEMS)
		add_uring(look_at_program(judgement->process), judgement);
}
