/* SPDX-License-Identifier: MIT */
/* The environment that the program gets: every entry as it came but for those that are set here. */
#ifndef TOOLS_ENVIRONMENT_H
#define TOOLS_ENVIRONMENT_H

extern char **environ;

/* Returns the value if this entry of `environ` has that name, else NULL. */
const char *environment_value(const char *entry, const char *name);

/*
 * Gives each entry of that name the value, in its place; adds one at the end if there is none.
 * Entries of other names stay as they are, whatever is in them. Fails with EXIT_OURS if there is no
 * memory.
 */
void environment_set(const char *name, const char *value);

/* Takes the entry at this place of `environ` out. */
void environment_remove(char **entry);

/* Returns NAME=VALUE in memory of its own; fails with EXIT_OURS if there is none. */
char *environment_entry(const char *name, const char *value);

#endif
