// SPDX-License-Identifier: MIT
// Finds the parts. There are two builds of this file: the one for the build tree (IN_TREE) looks
// beside itself; the one that is installed never does, whatever lies about there.

#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "./message.h"
#include "./parts.h"

#define LIBRARY "libreplyfrom.so"

/* Where all parts are of which nothing else is said, and where the others are. */
static void set_parts(struct parts *parts, const char *folder, const char *library_folder,
		      const char *unit_folder, const char *bpf_folder)
{
	const struct {
		char *path;
		const char *folder, *name;
	} all[] = {
		{ parts->library, library_folder, LIBRARY },
		{ parts->check, folder, "replyfrom-check" },
		{ parts->probe, folder, "replyfrom-probe" },
		{ parts->scan, folder, "replyfrom-scan" },
		{ parts->status, folder, "replyfrom-status" },
		{ parts->unit, unit_folder, "replyfrom-unit" },
		{ parts->bpf, bpf_folder, "replyfrom-bpf" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (snprintf(all[i].path, PATH_MAX, "%s/%s", all[i].folder, all[i].name) >=
		    PATH_MAX)
			message_fail(EXIT_OURS, "the path of %s is too long", all[i].name);
}

/*
 * Writes the folder of this program, without symbolic links. The kernel knows it; without /proc, or
 * if the dynamic loader was started and told to load this, what execve(2) and then what argv name
 * are next. Returns false if there is no such way to know it.
 */
static bool own_folder(int way, char folder[PATH_MAX])
{
	const char *named = way == 1 ? (const char *)getauxval(AT_EXECFN) : program_invocation_name;
	ssize_t length;

	if (way == 0) {
		length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
		if (length <= 0)
			return false;
		folder[length] = '\0';
	} else if (!named || !strchr(named, '/') || !realpath(named, folder)) {
		return false;
	}
	if (!strchr(folder, '/'))
		return false;
	*strrchr(folder, '/') = '\0';
	return true;
}

#ifdef IN_TREE

/* Sets the parts of the build tree that has this program in its folder tools. */
static void set_tree(struct parts *parts, const char *tools)
{
	const char *slash = strrchr(tools, '/');
	int length = slash ? (int)(slash - tools) : 0;
	char shim[PATH_MAX], scripts[PATH_MAX], bpf[PATH_MAX];

	snprintf(shim, sizeof(shim), "%.*s/shim", length, tools);
	snprintf(scripts, sizeof(scripts), "%.*s/scripts", length, tools);
	snprintf(bpf, sizeof(bpf), "%.*s/bpf", length, tools);
	set_parts(parts, tools, shim, scripts, bpf);
}

static void choose(struct parts *parts)
{
	char first[PATH_MAX] = "", folder[PATH_MAX];

	for (int way = 0; way <= 2; way++) {
		if (!own_folder(way, folder))
			continue;
		set_tree(parts, folder);
		if (!access(parts->library, F_OK))
			return;
		if (!*first)
			strcpy(first, folder);
	}
	if (*first)
		set_tree(parts, first);
}

#else

/*
 * The libdir beside this program: a prefix that was moved, or is below a DESTDIR, keeps what is
 * different between bindir and libdir. Returns false if this program is in no such bindir.
 */
static bool moved_libdir(char libdir[PATH_MAX])
{
	static const char bindir[] = BINDIR, configured[] = LIBDIR;
	size_t common = 0, length, rest;
	char folder[PATH_MAX];

	for (size_t i = 0; bindir[i] && bindir[i] == configured[i]; i++)
		if (bindir[i] == '/')
			common = i;
	if (!own_folder(0, folder) && !own_folder(1, folder))
		return false;
	length = strlen(folder);
	rest = strlen(bindir + common);
	return length >= rest && !strcmp(folder + length - rest, bindir + common) &&
	       snprintf(libdir, PATH_MAX, "%.*s%s/replyfrom", (int)(length - rest), folder,
			configured + common) < PATH_MAX;
}

static void choose(struct parts *parts)
{
	char folder[PATH_MAX];

	if (moved_libdir(folder)) {
		set_parts(parts, folder, folder, folder, folder);
		if (!access(parts->library, F_OK))
			return;
	}
	set_parts(parts, LIBDIR "/replyfrom", LIBDIR "/replyfrom", LIBDIR "/replyfrom",
		  LIBDIR "/replyfrom");
}

#endif

void parts_find(struct parts *parts)
{
	const char *const programs[] = { parts->check, parts->probe, parts->scan, parts->status,
					 parts->unit };

	*parts->library = '\0';
	choose(parts);
	if (!*parts->library)
		message_fail(EXIT_OURS, "cannot find its own path; is /proc mounted?");
	if (access(parts->library, F_OK) < 0)
		message_fail(EXIT_OURS,
			     "the library %s is missing; is replyfrom installed completely?",
			     parts->library);
	if (access(parts->library, R_OK) < 0)
		message_fail(EXIT_OURS, "the library %s cannot be read; see its permissions",
			     parts->library);
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (access(programs[i], X_OK) < 0)
			message_fail(EXIT_OURS,
				     "%s is missing or cannot be run; is replyfrom installed "
				     "completely?",
				     programs[i]);
}
