/* SPDX-License-Identifier: MIT */
/* The library's state, made once: settings and the shared memory. */
#ifndef START_H
#define START_H

#include "peers/peer_table.h"
#include "base/settings.h"

struct library {
	struct peers peers;
	struct settings settings;
};

extern struct library library;

/*
 * Makes the state if that was not done yet; hooks may run before the constructor. Returns false
 * when the library shall do nothing: switched off, no memory, or another caller is just making it.
 */
bool start_ready(void);

#endif
