// SPDX-License-Identifier: MIT
// dlsym(3): socket functions by a library's handle are helped, and callers are who they are.

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/host.h"
#include "numbers.h"
#include "plugins/plugins.h"

#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

static void serve(int (*answer_one)(int))
{
	int fd = bound_socket(&library_side, "0.0.0.0", SERVER_PORT), client = client_at(CLIENT);

	ask_at(client, ASKED);
	need(answer_one(fd), "the plugin's answer");
	check_source(client, ASKED);
	close(fd);
	close(client);
}

void case_found_by_handle(void)
{
	static const char *const names[] = { "socket",	 "bind",    "connect",	"recv",
					     "recvfrom", "recvmsg", "recvmmsg", "send",
					     "sendto",	 "sendmsg", "sendmmsg", "setsockopt",
					     "accept4",	 "dup3",    "fcntl",	"syscall",
					     "getpid",	 "close" };
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), *plugin = plugin_load("direct.so", RTLD_NOW | RTLD_LOCAL);
	int (*by_handle)(int);
	const char *error;

	for (size_t i = 0; libc && i < sizeof(names) / sizeof(*names); i++)
		check(dlsym(libc, names[i]) == dlsym(RTLD_DEFAULT, names[i]),
		      "%s() is not what the program calls", names[i]);
	check(!dlsym(plugin, "no_such_name"), "found what is not there");
	error = dlerror();
	check(error && strstr(error, "no_such_name"), "dlerror(): %s", error ? error : "nothing");
	make_hosts();
	plugin_look_up(plugin, "plugin_answer_by_handle", &by_handle);
	if (libc)
		serve(by_handle);
}

void case_callers(void)
{
	void *plugin = plugin_load("direct.so", RTLD_NOW | RTLD_LOCAL);
	void *(*find_default)(const char *), *(*find_next)(const char *);

	plugin_look_up(plugin, "plugin_default", &find_default);
	plugin_look_up(plugin, "plugin_next", &find_next);
	/* Names of a plugin that are not for others: found from within, and only from there. */
	check(!dlsym(RTLD_DEFAULT, "plugin_default"), "found by the program");
	check(find_default("plugin_default") != NULL, "not found by the plugin itself");
	/* After the plugin comes the libc, after the program the library. */
	check(!find_next("plugin_default"), "found after itself");
	check(find_next("getpid") == dlsym(RTLD_DEFAULT, "getpid"), "not the next getpid()");
	check(dlsym(RTLD_NEXT, "recvmsg") == dlsym(RTLD_DEFAULT, "recvmsg"), "not the next");
	check(find_next("recvmsg") && find_next("recvmsg") != dlsym(RTLD_DEFAULT, "recvmsg"),
	      "not the libc's recvmsg()");
}

void case_deepbind_direct(void)
{
	void *plugin = plugin_load("direct.so", RTLD_NOW | RTLD_DEEPBIND);
	int (*by_number)(int), (*by_handle)(int);

	make_hosts();
	plugin_look_up(plugin, "plugin_answer_by_number", &by_number);
	plugin_look_up(plugin, "plugin_answer_by_handle", &by_handle);
	serve(by_number);
	if (dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD))
		serve(by_handle);
}
