// SPDX-License-Identifier: MIT
// Starts a program with libreplyfrom.so preloaded or under the second engine, or one of the
// programs behind its other options. Each of them takes the place of this process: nothing of the
// wrapper is left, and nothing but LD_PRELOAD and REPLYFROM_* changes for the program.

#include "config.h"

#include <stddef.h>
#include <stdio.h>

#include "check/check.h"
#include "./become.h"
#include "./options.h"
#include "./parts.h"

int main(int count, char **arguments)
{
	static struct parts parts;
	struct options options;
	struct start start = { .mode = CHECK_START };
	static char how[PATH_MAX + sizeof("json:")];
	const char *format;

	options_read(&options, arguments + !!count);
	parts_find(&parts);
	start.library = parts.library;
	start.checker = parts.check;
	start.bpf = parts.bpf;
	start.engine = options.engine;
	start.no_connect = options.no_connect;
	format = options.json ? "json" : "text";
	snprintf(how, sizeof(how), "%s:%s", format, parts.bpf);
	switch (options.mode) {
	case PROBE:
		BECOME(parts.probe, options.rest, format, options.request ? options.request : "");
	case SCAN:
		BECOME(parts.scan, options.rest, how);
	case STATUS:
		BECOME(parts.status, options.rest, how, options.all ? "--all" : NULL);
	case UNIT:
		BECOME(parts.unit, options.rest, parts.check, parts.library, parts.bpf,
		       options.engine_name ? options.engine_name : "auto", options.unit_action);
	case ATTACH:
		engine_serve(parts.bpf, "attach", options.target);
	case DETACH:
		engine_serve(parts.bpf, "detach", options.target);
	case CHECK:
		start.mode = CHECK_ONLY;
		break;
	case FORCE:
		start.mode = CHECK_FORCE;
		break;
	case START:
		break;
	}
	check_run(&start, options.rest);
}
