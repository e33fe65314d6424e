/* SPDX-License-Identifier: MIT */
/* A library behind the one under test, by which something happens before each call that it makes.
 */
#ifndef BETWEEN_H
#define BETWEEN_H

#include <stdbool.h>

/* Called before connect(), getsockname(), getsockopt(), setsockopt(), socket() and close(). */
extern void (*between_calls)(void);

/* IPV6_RTHDR is refused, as by kernels that know no segment routing (before Linux 4.10). */
extern bool between_refuses_hops;

#endif
