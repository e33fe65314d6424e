/* SPDX-License-Identifier: MIT */
/* The command line of replyfrom. */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <stdbool.h>

#include "check/engine.h"

enum mode { START, FORCE, CHECK, ATTACH, DETACH, SCAN, PROBE, STATUS, UNIT };

struct options {
	enum mode mode;
	bool json, all, no_connect;
	enum engine engine;
	const char *engine_name; /* as it is given; NULL: not given */
	const char *target;	 /* of --attach and --detach; NULL: not given */
	const char *unit_action; /* what --unit does with the drop-in; "": print it */
	const char *request;	 /* NULL: not given */
	char **rest;		 /* the command, or what the mode takes */
};

/*
 * Reads the options. A setting goes into the environment; --help and --version print and end the
 * process; a mistake ends it with EXIT_OURS.
 */
void options_read(struct options *options, char **arguments);

/* The option (such as "--log") behind this setting (such as "REPLYFROM_LOG"); NULL: there is none.
 */
const char *options_of_setting(const char *setting);

#endif
