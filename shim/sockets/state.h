/* SPDX-License-Identifier: MIT */
/* The library's state, made once: settings and the shared memory. */
#ifndef STATE_H
#define STATE_H

#include "base/compiler.h"
#include "base/settings.h"
#include "peers/peer_table.h"

struct library {
	struct peers peers;
	struct settings settings;
};

extern HIDDEN struct library library;

/*
 * Starts the library if that was not done yet; hooks may run before the constructor. Returns false
 * if the library is to do nothing: it is switched off, there is no memory, or another caller is
 * starting it. errno stays.
 */
bool library_ready(void);

#endif
