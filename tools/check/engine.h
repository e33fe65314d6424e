/* SPDX-License-Identifier: MIT */
/* The second engine, the program replyfrom-bpf: can it work here, and how to become it. */
#ifndef CHECK_ENGINE_H
#define CHECK_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

enum { REASON_MOST = 400 };

/* Which engine is asked for: the preload where it can work and else BPF, or one of them. */
enum engine { ENGINE_AUTO, ENGINE_PRELOAD, ENGINE_BPF };

/*
 * Returns true if the program `engine` is installed and can work here with the settings of the
 * environment; else writes a clause that says why not. Starts its check in a child.
 */
bool engine_works(const char *engine, char reason[REASON_MOST]);

/*
 * Fails with EXIT_OURS if the engine is not installed, or a setting is one that it does not know.
 */
void engine_need(const char *engine);

/* Becomes `engine run` for this command, without our library in LD_PRELOAD. */
_Noreturn void engine_run(const char *engine, bool no_connect, char **command);

/* Becomes the engine with this sub-command, attach or detach, for the target. */
_Noreturn void engine_serve(const char *engine, const char *action, const char *target);

#endif
