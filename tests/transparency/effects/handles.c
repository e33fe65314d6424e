// SPDX-License-Identifier: MIT
// dlsym(3): socket functions by a library's handle are helped, and callers are who they are.

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "host.h"
#include "numbers.h"
#include "plugins/plugins.h"

#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

static void *load(int mode)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *end;
	void *handle;

	path[need(length, "/proc/self/exe")] = '\0';
	end = strrchr(path, '/') + 1;
	snprintf(end, (size_t)(path + sizeof(path) - end), "plugins/direct.so");
	handle = dlopen(path, mode | RTLD_NOW);
	check(handle != NULL, "%s", dlerror());
	return handle;
}

/* POSIX lets an object pointer hold a function's address; ISO C has no cast for it. */
static void look_up(void *handle, const char *name, void *function)
{
	void *address = handle ? dlsym(handle, name) : NULL;

	need(address ? 0 : -1, name);
	memcpy(function, &address, sizeof(address));
}

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
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), *plugin = load(RTLD_LOCAL);
	int (*by_handle)(int);
	const char *error;

	for (size_t i = 0; libc && i < sizeof(names) / sizeof(*names); i++)
		check(dlsym(libc, names[i]) == dlsym(RTLD_DEFAULT, names[i]),
		      "%s() is not what the program calls", names[i]);
	check(!dlsym(plugin, "no_such_name"), "found what is not there");
	error = dlerror();
	check(error && strstr(error, "no_such_name"), "dlerror(): %s", error ? error : "nothing");
	make_hosts();
	look_up(plugin, "plugin_answer_by_handle", &by_handle);
	if (libc)
		serve(by_handle);
}

void case_callers(void)
{
	void *plugin = load(RTLD_LOCAL);
	void *(*find_default)(const char *), *(*find_next)(const char *);

	look_up(plugin, "plugin_default", &find_default);
	look_up(plugin, "plugin_next", &find_next);
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
	void *plugin = load(RTLD_DEEPBIND);
	int (*by_number)(int), (*by_handle)(int);

	make_hosts();
	look_up(plugin, "plugin_answer_by_number", &by_number);
	look_up(plugin, "plugin_answer_by_handle", &by_handle);
	serve(by_number);
	if (dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD))
		serve(by_handle);
}
