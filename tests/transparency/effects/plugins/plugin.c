// SPDX-License-Identifier: MIT
// Loads the plugins, which are beside the program.

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../../lib/cases.h"
#include "plugins.h"

void *plugin_load(const char *name, int mode)
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
void plugin_look_up(void *handle, const char *name, void *function)
{
	void *address = handle ? dlsym(handle, name) : NULL;

	need(address ? 0 : -1, name);
	memcpy(function, &address, sizeof(address));
}
