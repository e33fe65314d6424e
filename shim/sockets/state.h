/* SPDX-License-Identifier: MIT */
/* The library's state, made once: settings and the shared memory. */
#ifndef STATE_H
#define STATE_H

#include "base/settings.h"
#include "peers/peer_table.h"

struct library {
	struct peers peers;
	struct settings settings;
};

extern struct library library;

/*
 * Makes the state if that was not done yet; hooks may run before the constructor. Returns false
 * when the library shall do nothing: switched off, no memory, or another caller is just making it.
 */
bool library_ready(void);

#endif
