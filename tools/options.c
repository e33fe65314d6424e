// SPDX-License-Identifier: MIT
// The options: one table has each option, its action, and its line of --help.

#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "./environment.h"
#include "./message.h"
#include "./options.h"

typedef void option_action(struct options *options, const char *value);

static option_action show_help, show_version;

static void check_only(struct options *options, const char *value)
{
	(void)value;
	options->mode = CHECK;
}

static void start_anyway(struct options *options, const char *value)
{
	(void)value;
	options->mode = FORCE;
}

static void set_engine(struct options *options, const char *value)
{
	static const char *const names[] = {
		[ENGINE_AUTO] = "auto",
		[ENGINE_PRELOAD] = "preload",
		[ENGINE_BPF] = "bpf",
	};

	options->engine_name = value;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		options->engine = (enum engine)i;
		if (!strcmp(names[i], value))
			return;
	}
	message_fail(EXIT_OURS, "option --engine is '%s'; allowed: auto, preload or bpf", value);
}

static void set_no_connect(struct options *options, const char *value)
{
	(void)value;
	options->no_connect = true;
}

static void attach(struct options *options, const char *value)
{
	options->mode = ATTACH;
	options->target = value;
}

static void detach(struct options *options, const char *value)
{
	options->mode = DETACH;
	options->target = value;
}

static void scan(struct options *options, const char *value)
{
	(void)value;
	options->mode = SCAN;
}

static void probe(struct options *options, const char *value)
{
	(void)value;
	options->mode = PROBE;
}

static void set_request(struct options *options, const char *value)
{
	options->request = value;
}

static void status(struct options *options, const char *value)
{
	(void)value;
	options->mode = STATUS;
}

static void all_processes(struct options *options, const char *value)
{
	(void)value;
	options->all = true;
}

static void use_json(struct options *options, const char *value)
{
	(void)value;
	options->json = true;
}

static void print_unit(struct options *options, const char *value)
{
	(void)value;
	options->mode = UNIT;
}

static void set_unit_action(struct options *options, const char *action)
{
	if (*options->unit_action)
		message_fail(EXIT_OURS, "only one of --install, --remove and --list");
	options->unit_action = action;
}

static void install_unit(struct options *options, const char *value)
{
	(void)value;
	set_unit_action(options, "yes");
}

static void remove_unit(struct options *options, const char *value)
{
	(void)value;
	set_unit_action(options, "remove");
}

static void list_units(struct options *options, const char *value)
{
	(void)value;
	set_unit_action(options, "list");
}

/*
 * An option with a setting puts its value, 1 if it takes none, into the environment. --help prints
 * the options in this order, and the group above the first one of each group.
 */
static const struct option {
	const char *group, *option, *argument, *setting;
	option_action *action;
	const char *text;
} table[] = {
	{ "Settings", "--ports", "LIST", "REPLYFROM_PORTS", NULL,
	  "local ports to help, such as 53,5000-5010 (default: all)" },
	{ NULL, "--log", "LEVEL", "REPLYFROM_LOG", NULL,
	  "messages on stderr: off, error (default), info or debug" },
	{ NULL, "--stats", NULL, "REPLYFROM_STATS", NULL,
	  "print the counters when a program ends" },
	{ NULL, "--peers", "NUMBER", "REPLYFROM_PEERS", NULL,
	  "peers to remember, 1024 to 16777216 (default 65536)" },
	{ NULL, "--source", "ADDRESS", "REPLYFROM_SOURCE", NULL,
	  "source for peers never received from: ADDRESS, or IPv4,IPv6" },
	{ NULL, "--follow-tcp", NULL, "REPLYFROM_FOLLOW_TCP", NULL,
	  "source for these peers: where their TCP connection was accepted" },
	{ "Engines", "--engine", "ENGINE", NULL, set_engine,
	  "preload, bpf, or auto (default): bpf if the library cannot work" },
	{ NULL, "--no-connect", NULL, NULL, set_no_connect,
	  "with the engine bpf: leave connect() alone" },
	{ NULL, "--attach", "TARGET", NULL, attach,
	  "help the servers that run in TARGET: a unit, a PID, or a cgroup's path" },
	{ NULL, "--detach", "TARGET", NULL, detach, "end an --attach" },
	{ NULL, "--force", NULL, NULL, start_anyway,
	  "start COMMAND even if the library cannot work for it" },
	{ "Inspection", "--check", NULL, NULL, check_only,
	  "say whether COMMAND can be helped, and by which engine; do not start it" },
	{ NULL, "--scan", NULL, NULL, scan,
	  "list the wildcard UDP servers of this host, and whether each can be helped" },
	{ NULL, "--probe", NULL, NULL, probe,
	  "send a request to each ADDRESS:PORT, and show where the reply comes from" },
	{ NULL, "--request", "KIND", NULL, set_request,
	  "with --probe: dns, echo, ntp, radius, sip, snmp, tftp, hex:DIGITS" },
	{ NULL, "--status", NULL, NULL, status,
	  "show what the library does in the processes PID...: counters, sockets" },
	{ NULL, "--all", NULL, NULL, all_processes,
	  "with --status: in all processes that have it" },
	{ NULL, "--json", NULL, NULL, use_json, "with --scan, --probe and --status: print JSON" },
	{ "systemd units", "--unit", NULL, NULL, print_unit,
	  "print the drop-in that brings an engine to NAME.service" },
	{ NULL, "--install", NULL, NULL, install_unit,
	  "with --unit: write the drop-in, and say how to undo it" },
	{ NULL, "--remove", NULL, NULL, remove_unit,
	  "with --unit: remove the drop-in that --install wrote" },
	{ NULL, "--list", NULL, NULL, list_units,
	  "with --unit: list the units and drop-ins that bring an engine" },
	{ "Help", "--help", NULL, NULL, show_help, "show this text" },
	{ NULL, "--version", NULL, NULL, show_version, "show the version" },
};

#define OPTIONS (sizeof(table) / sizeof(*table))

static _Noreturn void end_output(void)
{
	if (fflush(stdout) || ferror(stdout))
		message_fail(EXIT_OURS, "stdout: %s", strerror(errno));
	_exit(EXIT_SUCCESS);
}

static void show_help(struct options *options, const char *value)
{
	(void)options;
	(void)value;
	fputs("Usage: replyfrom [OPTION]... [--] COMMAND [ARGUMENT]...\n"
	      "       replyfrom [--engine ENGINE] --check COMMAND\n"
	      "       replyfrom [OPTION]... --attach TARGET\n"
	      "       replyfrom --detach TARGET\n"
	      "       replyfrom --scan [--json]\n"
	      "       replyfrom --probe [--request KIND] [--json] ADDRESS:PORT...\n"
	      "       replyfrom --status [--json] --all|PID...\n"
	      "       replyfrom [OPTION]... --unit [--install|--remove] NAME.service\n"
	      "       replyfrom --unit --list\n"
	      "Start COMMAND so that it replies from the address that the request was sent to.\n",
	      stdout);
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option *option = &table[i];
		int used;

		if (option->group)
			printf("\n%s:\n", option->group);
		used = printf("  %s%s%s", option->option, option->argument ? " " : "",
			      option->argument ? option->argument : "");
		printf("%*s%s\n", used < 20 ? 20 - used : 1, "", option->text);
	}
	fputs("\n"
	      "Exit status: COMMAND's own; 125 if replyfrom itself fails or no engine can "
	      "work for\n"
	      "COMMAND, 126 if COMMAND cannot be run, 127 if it is not found. See replyfrom(1).\n",
	      stdout);
	end_output();
}

static void show_version(struct options *options, const char *value)
{
	(void)options;
	(void)value;
	puts("replyfrom " PACKAGE_VERSION);
	end_output();
}

const char *options_of_setting(const char *setting)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (table[i].setting && !strcmp(table[i].setting, setting))
			return table[i].option;
	return NULL;
}

/* Finds the option whose name is the first `length` bytes of the argument. */
static const struct option *find_option(const char *argument, size_t length)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (strlen(table[i].option) == length && !memcmp(table[i].option, argument, length))
			return &table[i];
	message_fail(EXIT_OURS, "unknown option %.*s; replyfrom --help lists all",
		     (int)(length < PATH_MAX ? length : PATH_MAX), argument);
}

/* Takes one option, and its value from the next argument if need be; returns what comes then. */
static char **read_option(struct options *options, char **arguments)
{
	size_t length = strcspn(*arguments, "=");
	const struct option *option = find_option(*arguments, length);
	const char *value = (*arguments++)[length] ? arguments[-1] + length + 1 : NULL;

	if (!option->argument && value)
		message_fail(EXIT_OURS, "option %s takes no value", option->option);
	if (option->argument && !value) {
		value = *arguments;
		if (!value)
			message_fail(EXIT_OURS, "option %s needs a value: %s %s", option->option,
				     option->option, option->argument);
		arguments++;
	}
	if (option->argument && !*value)
		message_fail(EXIT_OURS, "option %s needs a value that is not empty: %s %s",
			     option->option, option->option, option->argument);
	if (option->setting)
		environment_set(option->setting, value ? value : "1");
	else
		option->action(options, value);
	return arguments;
}

static void refuse_combinations(const struct options *options)
{
	enum mode mode = options->mode;

	if (options->target && *options->rest)
		message_fail(EXIT_OURS, "options --attach and --detach start no command");
	if (!*options->rest && !options->target && mode != SCAN && mode != STATUS &&
	    strcmp(options->unit_action, "list"))
		message_fail(EXIT_OURS, "no %s; replyfrom --help shows the usage",
			     mode == UNIT    ? "NAME.service for --unit"
			     : mode == PROBE ? "ADDRESS:PORT for --probe"
			     : mode == CHECK ? "command to check"
					     : "command to start");
	if (*options->unit_action && mode != UNIT)
		message_fail(EXIT_OURS,
			     "options --install, --remove and --list go with --unit only");
	if (options->target && mode != ATTACH && mode != DETACH)
		message_fail(EXIT_OURS, "options --attach and --detach go with no other mode");
	if (options->engine_name && mode != START && mode != CHECK &&
	    (mode != UNIT || !(!*options->unit_action || !strcmp(options->unit_action, "yes"))) &&
	    !(mode == FORCE && options->engine == ENGINE_PRELOAD))
		message_fail(EXIT_OURS,
			     mode == FORCE ? "option --force means --engine preload"
					   : "option --engine goes with a command only, or with "
					     "--unit and --unit --install");
	if (options->no_connect &&
	    ((mode != START && mode != CHECK) || options->engine == ENGINE_PRELOAD))
		message_fail(EXIT_OURS,
			     "option --no-connect goes with a command and the engine bpf only");
	if (options->request && mode != PROBE)
		message_fail(EXIT_OURS, "option --request goes with --probe only");
	if (options->all && mode != STATUS)
		message_fail(EXIT_OURS, "option --all goes with --status only");
	if (options->json && mode != PROBE && mode != SCAN && mode != STATUS)
		message_fail(EXIT_OURS,
			     "option --json goes with --scan, --probe and --status only");
}

void options_read(struct options *options, char **arguments)
{
	*options = (struct options){ .mode = START, .unit_action = "" };
	while (*arguments && **arguments == '-' && (*arguments)[1]) {
		if (!strcmp(*arguments, "--")) {
			arguments++;
			break;
		}
		if ((*arguments)[1] != '-')
			message_fail(EXIT_OURS, "unknown option %s; replyfrom --help lists all",
				     *arguments);
		arguments = read_option(options, arguments);
	}
	options->rest = arguments;
	refuse_combinations(options);
}
