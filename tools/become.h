/* SPDX-License-Identifier: MIT */
/* Executes one of the wrapper's parts in place of this process. */
#ifndef TOOLS_BECOME_H
#define TOOLS_BECOME_H

/*
 * Becomes the program `part` with the arguments of `before`, NULL after the last, and then those of
 * `rest`. Fails with EXIT_OURS.
 */
_Noreturn void become(const char *part, const char *const *before, char **rest);

#define BECOME(part, rest, ...) become(part, (const char *const[]){ __VA_ARGS__, NULL }, rest)

#endif
