/* SPDX-License-Identifier: MIT */
/* A number that the library knows as a helped socket, and that is something else now. */
#ifndef REUSE_H
#define REUSE_H

#include <stdbool.h>
#include <stddef.h>

/* Ways to close a descriptor, only some of which a preloaded library could see. */
struct way {
	const char *name;
	void (*close)(int fd);
};
extern const struct way ways_to_close[];
extern const size_t ways_to_close_count;

/* Makes two connected ends. `hidden`: by raw system calls. */
typedef void make_ends(int ends[2], bool hidden);

/*
 * Makes a helped socket, uses it, closes it in that way, and puts the first of two new ends at its
 * number. Returns the number; the other end goes to *other.
 */
int reuse_number(const struct way *way, make_ends *make, bool hidden, int *other);

/* How many descriptors this process has open. */
int count_open(void);

#endif
