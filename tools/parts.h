/* SPDX-License-Identifier: MIT */
/* Where the library and the programs behind the options are. */
#ifndef TOOLS_PARTS_H
#define TOOLS_PARTS_H

#include <limits.h>

struct parts {
	char library[PATH_MAX];
	char bpf[PATH_MAX]; /* the second engine, which need not be there */
	char check[PATH_MAX], probe[PATH_MAX], scan[PATH_MAX], status[PATH_MAX], unit[PATH_MAX];
};

/* Finds them all; fails with EXIT_OURS if one is missing. */
void parts_find(struct parts *parts);

#endif
