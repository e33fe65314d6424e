// SPDX-License-Identifier: MIT
// The bench's program: one part a run, one line a batch; bench.py makes tables of them.

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

static const struct {
	const char *name;
	int (*run)(int count, char *arguments[]);
} parts[] = {
	{ "trips", bench_trips }, { "connected", bench_connected }, { "others", bench_others },
	{ "crowd", bench_crowd }, { "memory", bench_memory },	    { "hot", bench_hot },
};

int main(int count, char *arguments[])
{
	if (!dlsym(RTLD_DEFAULT, "replyfrom_version")) {
		fputs("bench: libreplyfrom.so is not preloaded\n", stderr);
		return 2;
	}
	calls_find();
	for (size_t i = 0; count > 1 && i < sizeof(parts) / sizeof(*parts); i++)
		if (!strcmp(arguments[1], parts[i].name))
			return parts[i].run(count - 2, arguments + 2);
	fputs("usage: bench PART [ARGUMENT]...\n", stderr);
	return 2;
}
