/* SPDX-License-Identifier: MIT */
/* The library in the memory of a process. */
#ifndef SCAN_LIBRARY_H
#define SCAN_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/counters.h"

/* Of several files that are mapped, the one furthest down this list counts. */
enum library_state {
	LIBRARY_ABSENT,
	LIBRARY_STRANGER, /* a file of its name is mapped, which is not it, or only as data */
	LIBRARY_UNUSABLE, /* the loader could not map it executable */
	LIBRARY_UNKNOWN,  /* it is of a version with other counters */
	LIBRARY_OFF,	  /* it does nothing: REPLYFROM_DISABLE=1, or no memory */
	LIBRARY_SEEMS,	  /* it is mapped, but the memory may not be read */
	LIBRARY_WORKING,
	LIBRARY_HIDDEN, /* the process may not be examined */
	LIBRARY_GONE,	/* the process has ended */
};

enum { VERSION_MOST = 32 };

struct library {
	enum library_state state;
	bool replaced;		    /* the file was removed or replaced since it was mapped */
	char version[VERSION_MOST]; /* "": not known */
	uint64_t counters[COUNTER_COUNT];
};

/* Looks for the library in the memory of this thread's process. */
void library_find(pid_t thread, struct library *library);

/*
 * Reads the version and the counters out of the memory, where the library is mapped at `base`. It
 * may be of another ABI or libc than this program.
 */
enum library_state counters_read(pid_t thread, uint64_t base, struct library *library);

#endif
