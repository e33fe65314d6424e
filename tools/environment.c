// SPDX-License-Identifier: MIT
// Changes the environment and leaves alone what setenv(3) would not: duplicates, and entries that
// are no assignments.

#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "./environment.h"
#include "./message.h"

const char *environment_value(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(entry, name, length) && entry[length] == '=' ? entry + length + 1 : NULL;
}

static void *allocate(size_t size)
{
	void *memory = malloc(size);

	if (!memory)
		message_fail(EXIT_OURS, "no memory for the environment");
	return memory;
}

char *environment_entry(const char *name, const char *value)
{
	size_t size = strlen(name) + 1 + strlen(value) + 1;
	char *entry = allocate(size);

	snprintf(entry, size, "%s=%s", name, value);
	return entry;
}

static void append(char *entry)
{
	static char *none[] = { NULL };
	char **old = environ ? environ : none, **longer;
	size_t count = 0;

	while (old[count])
		count++;
	longer = allocate((count + 2) * sizeof(*longer));
	memcpy(longer, old, count * sizeof(*longer));
	longer[count] = entry;
	longer[count + 1] = NULL;
	environ = longer;
}

void environment_set(const char *name, const char *value)
{
	char *entry = environment_entry(name, value);
	bool found = false;

	for (char **each = environ; each && *each; each++) {
		if (!environment_value(*each, name))
			continue;
		*each = entry;
		found = true;
	}
	if (!found)
		append(entry);
}

void environment_remove(char **entry)
{
	for (; *entry; entry++)
		entry[0] = entry[1];
}
