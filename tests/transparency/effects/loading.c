// SPDX-License-Identifier: MIT
// Objects that a program loads while it runs, with RTLD_DEEPBIND and without.

#include <dlfcn.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/deadline.h"
#include "../../lib/host.h"
#include "plugins/plugins.h"
#include "effects.h"

#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

/* Its calls bound at once, and each when it is first made. */
static const int bindings[] = { RTLD_NOW, RTLD_LAZY };
enum { BINDINGS = sizeof(bindings) / sizeof(*bindings) };

void case_constructor_waits(void)
{
	alarm((unsigned int)deadline()); /* a deadlock ends the case */
	plugin_load("waiting.so", RTLD_NOW);
}

static void serve_by_plugin(const char *name, int mode)
{
	struct address any = address_of("0.0.0.0", SERVER_PORT);
	void *handle = plugin_load(name, mode);
	int (*open_socket)(const struct sockaddr *, socklen_t), (*answer)(int), fd, client;

	plugin_look_up(handle, "plugin_open", &open_socket);
	plugin_look_up(handle, "plugin_answer", &answer);
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
		serve_by_plugin("serving.so", bindings[i] | RTLD_DEEPBIND);
}

/* Where the plugin whose calls are bound at once has what is read-only after that. */
static int find_relro(struct dl_phdr_info *info, size_t size, void *argument)
{
	uintptr_t *relro = argument;

	(void)size;
	if (!strstr(info->dlpi_name, "/hardened.so"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_GNU_RELRO)
			*relro = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
	return 1;
}

static bool is_read_only(uintptr_t address)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t start, end;
	char mode[5], line[PATH_MAX + 128];
	bool read_only = false;

	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start, &end, mode) == 3 &&
		    start <= address && address < end)
			read_only = !strncmp(mode, "r--", 3);
	fclose(maps);
	return read_only;
}

void case_deepbind_read_only(void)
{
	void *handle = plugin_load("hardened.so", RTLD_NOW | RTLD_DEEPBIND);
	uintptr_t relro = 0;

	make_hosts();
	dl_iterate_phdr(find_relro, &relro);
	check(relro && is_read_only(relro), "the table of addresses can be written");
	serve_by_plugin("hardened.so", RTLD_NOW | RTLD_DEEPBIND);
	dlclose(handle);
}

/* The dependency comes before all preloaded libraries: that is what RTLD_DEEPBIND asks for. */
void case_deepbind_own_connect(void)
{
	for (int i = 0; i < BINDINGS; i++) {
		void *handle = plugin_load("choosing.so", bindings[i] | RTLD_DEEPBIND);
		int (*call)(void);

		plugin_look_up(handle, "plugin_connect", &call);
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
