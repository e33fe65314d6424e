// SPDX-License-Identifier: MIT
// The verdict on a program: one line, with advice if there is any.

#include "config.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "./check.h"

static const struct {
	const char *what, *advice;
	bool launches; /* if it starts other programs, the library is in those */
} verdicts[] = {
	[HELPED] = { "can be helped", NULL, false },
	[NO_RECEIVE] = { "can be started, and what it starts or loads can be helped; it imports no "
			 "receive call itself",
			 NULL, false },
	[LOADER] = { "is a dynamic loader; what it loads was not examined", NULL, false },
	[UNREADABLE] = { "cannot be read, so it was not examined", NULL, false },
	[UNKNOWN] = { "is no ELF program and no script, so it was not examined", NULL, false },
	[UNSEEN] = { "has nothing that can be helped: neither it nor its libraries import a "
		     "receive call, or one that starts programs or loads libraries, from libc",
		     "what it receives by system calls of its own is not seen", false },
	[URING] = { "may receive through io_uring, which the library does not see; it imports no "
		    "receive call itself",
		    "let it receive without io_uring, if it can", false },
	[STATIC] = { "cannot be helped: it is statically linked, so no library can be preloaded",
		     "use a dynamically linked build", true },
	[GO] = { "cannot be helped: it is a Go program, which calls the kernel without libc",
		 "let it listen on each address", true },
	[SETUID] = { "cannot be helped: it is setuid, so the loader ignores LD_PRELOAD",
		     "start it as its owner", false },
	[SETGID] = { "cannot be helped: it is setgid, so the loader ignores LD_PRELOAD",
		     "start it with its group (newgrp, setpriv --regid)", false },
	[CAPABILITIES] = { "cannot be helped: it has file capabilities, so the loader ignores "
			   "LD_PRELOAD for users other than root",
			   "remove them (setcap -r) and give ambient ones (AmbientCapabilities= in "
			   "systemd, setpriv --ambient-caps)",
			   false },
	[SECURE] = { "cannot be helped: replyfrom itself was started setuid, setgid or with file "
		     "capabilities, so the loader ignores LD_PRELOAD",
		     "start it as an ordinary program", false },
	[SANITIZED] = { "cannot be helped as it is: its AddressSanitizer has to be the first "
			"library",
			"put that into LD_PRELOAD; replyfrom puts the library after it", false },
	[OTHER_MACHINE] = { "cannot be helped: the library is for another machine than it",
			    "install the library for that machine as well", false },
	[OTHER_LIBC] = { "cannot be helped: it is for another libc than the library",
			 "build and install replyfrom for that libc", false },
	[CONFINED] = { "cannot be helped: AppArmor denies it the library", NULL, false },
	[DROPPED] = { "cannot be helped: env in the script's first line removes LD_PRELOAD from "
		      "the environment",
		      "remove -i, -u LD_PRELOAD or LD_PRELOAD= from that line", false },
	[NO_LOADER] = { "cannot be run: its dynamic loader is missing", "install its libc", false },
	[NO_INTERPRETER] = { "cannot be run: the interpreter in its first line is missing",
			     "install that", false },
};

static const char *machine_name(unsigned int machine)
{
	static const struct {
		unsigned int machine;
		const char *name;
	} names[] = {
		{ EM_386, "i386" },	   { EM_X86_64, "x86-64" }, { EM_ARM, "ARM" },
		{ EM_AARCH64, "AArch64" }, { EM_PPC, "PowerPC" },   { EM_PPC64, "PowerPC" },
		{ EM_S390, "S/390" },	   { EM_MIPS, "MIPS" },	    { EM_RISCV, "RISC-V" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return "unknown machine";
}

/* Adds to what the line has. */
#define ADD(line, size, ...) snprintf((line) + strlen(line), (size)-strlen(line), __VA_ARGS__)

/* Adds the verdict of AppArmor. */
static void add_profile(const struct program *program, const char *library, char *line, size_t size)
{
	if (program->apparmor == APPARMOR_ALLOWS)
		ADD(line, size, "; AppArmor's profile %s allows it the library", program->profile);
	else if (program->apparmor != APPARMOR_NONE)
		ADD(line, size, "; add '%s mr,' to AppArmor's profile %s", library,
		    program->profile);
}

/* Which calls are seen, and whose. */
static void add_receives(const struct program *program, char *line, size_t size)
{
	const char *caller = program->receiver, *separator = " ", *name;

	ADD(line, size, " (%s calls", *caller ? caller : "it");
	for (unsigned int i = 0; (name = elf_receive_name(i)); i++) {
		if (!(program->elf.receives >> i & 1))
			continue;
		ADD(line, size, "%s%s", separator, name);
		separator = ", ";
	}
	ADD(line, size, ")");
	if (*program->uring)
		ADD(line, size, "; what it receives through io_uring (%s) is not seen",
		    program->uring);
}

void verdict_print(const struct program *program, const char *library, char *line, size_t size)
{
	const struct elf *elf = &program->elf;

	snprintf(line, size, "%s %s", program->path, verdicts[program->finding].what);
	if (program->finding == OTHER_MACHINE)
		ADD(line, size, " (%d-bit %s)", elf->class == ELFCLASS64 ? 64 : 32,
		    machine_name(elf->machine));
	if (program->finding == OTHER_LIBC || program->finding == NO_LOADER)
		ADD(line, size, " (%s)", program->loader);
	if (program->finding == SANITIZED)
		ADD(line, size, " (%s)", program->asan);
	if (program->finding == URING)
		ADD(line, size, " (%s)", program->uring);
	if (program->finding == HELPED)
		add_receives(program, line, size);
	if (*program->no_bpf)
		ADD(line, size, "; %s", program->no_bpf);
	if (verdicts[program->finding].advice)
		ADD(line, size, "; %s", verdicts[program->finding].advice);
	add_profile(program, library, line, size);
}

void verdict_print_bpf(const struct program *program, char *line, size_t size)
{
	const char *what = verdicts[program->finding].what, *reason = strstr(what, ": ");

	snprintf(line, size, "%s can be helped by the BPF engine, not by the library: %s%s",
		 program->path, reason ? "" : "it ", reason ? reason + 2 : what);
}

bool verdict_launches(const struct program *program)
{
	return verdicts[program->finding].launches;
}

const char *verdict_offer(const struct program *program)
{
	return verdicts[program->finding].launches
		       ? "; the dynamically linked programs that it starts are helped: if those "
			 "are the servers, start it with --force"
		       : ", or start it as it is with --force";
}
