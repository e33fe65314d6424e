// SPDX-License-Identifier: MIT
// Objects that a program loads while it runs, with RTLD_DEEPBIND and without.

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asked.h"
#include "cases.h"
#include "host.h"
#include "plugins/plugins.h"
#include "regress.h"

#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

/* Many times what loading takes: a deadlock ends the case. */
enum { PATIENCE = 10 };

/* Its calls bound at once, and each when it is first made. */
static const int bindings[] = { RTLD_NOW, RTLD_LAZY };
enum { BINDINGS = sizeof(bindings) / sizeof(*bindings) };

/* Loads one of the plugins by its path. */
static void *load(const char *name, int mode)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *end;
	void *handle;

	path[need(length, "/proc/self/exe")] = '\0';
	end = strrchr(path, '/') + 1;
	snprintf(end, (size_t)(path + sizeof(path) - end), "plugins/%s", name);
	handle = dlopen(path, mode);
	check(handle != NULL, "%s", dlerror());
	return handle;
}

/* POSIX lets an object pointer hold a function's address; ISO C has no cast for it. */
static void look_up(void *handle, const char *name, void *function)
{
	void *address = handle ? dlsym(handle, name) : NULL;

	check(address != NULL, "no %s", name);
	memcpy(function, &address, sizeof(address));
}

void case_constructor_waits(void)
{
	alarm(PATIENCE);
	load("waiting.so", RTLD_NOW);
}

static void serve_by_plugin(int mode)
{
	struct address any = address_of("0.0.0.0", SERVER_PORT);
	void *handle = load("serving.so", mode);
	int (*open_socket)(const struct sockaddr *, socklen_t), (*answer)(int), fd, client;

	look_up(handle, "plugin_open", &open_socket);
	look_up(handle, "plugin_answer", &answer);
	fd = (int)need(open_socket(&any.name.any, any.length), "the plugin's socket");
	client = client_at(CLIENT);
	ask_at(client, ASKED);
	need(answer(fd), "the plugin's answer");
	check_source(client, ASKED);
	close(fd);
	dlclose(handle);
}

void case_deepbind_helped(void)
{
	make_hosts();
	for (int i = 0; i < BINDINGS; i++)
		serve_by_plugin(bindings[i] | RTLD_DEEPBIND);
}

/* The dependency comes before all preloaded libraries: that is what RTLD_DEEPBIND asks for. */
void case_deepbind_own_connect(void)
{
	for (int i = 0; i < BINDINGS; i++) {
		void *handle = load("choosing.so", bindings[i] | RTLD_DEEPBIND);
		int (*call)(void);

		look_up(handle, "plugin_connect", &call);
		check(call() == OWN_RESULT, "another connect() was called");
		dlclose(handle);
	}
}

/* The loader asks who called dlopen(), and looks into that object's RUNPATH. */
void case_found_by_runpath(void)
{
	static const int modes[] = { RTLD_NOW, RTLD_NOW | RTLD_DEEPBIND };

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		void *handle = dlopen("serving.so", modes[i]);

		check(handle != NULL, "%s", dlerror());
		if (handle)
			dlclose(handle);
	}
}
