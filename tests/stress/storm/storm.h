/* SPDX-License-Identifier: MIT */
/* Servers in a storm, and clients that check the source of each answer. */
#ifndef STORM_H
#define STORM_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PORT = 5000,	/* an IPv4 socket; the next port is a dual-stack one */
	ADDRESSES = 16, /* 127.0.0.1 and on: where is asked */
	SERVERS = 2,	/* sockets */
};

/* In memory shared by all processes. */
struct totals {
	uint64_t replies;
	uint64_t wrong;
	uint64_t renewed; /* clients that went on from a new port, since no answer came */
	uint64_t events;  /* cancelled threads, killed processes, handled signals */
	uint32_t wrong_asked, wrong_from; /* the last wrong one, host byte order */
	int stop;
};
extern struct totals *totals;

#define count_one(field) __atomic_fetch_add(&totals->field, 1, __ATOMIC_RELAXED)
#define is_over()	 __atomic_load_n(&totals->stop, __ATOMIC_RELAXED)

/* What is asked, and answered as it came. */
struct question {
	uint32_t magic, asked, number;
};
enum { MAGIC = 0x51554553 };

/*
 * A client process: each of its sockets has one question under way, so the address its answer must
 * come from is never in doubt. It speaks to the kernel directly. Ends when the storm is over.
 */
_Noreturn void client(unsigned int number);

/* The server's sockets. */
extern int servers[SERVERS];
void serve_open(void);

/*
 * Answers what is there on a descriptor, by one of the ways to receive and to send; with `wait`
 * until something comes or a tenth of a second went by. Async-signal-safe without it.
 */
void serve_some(int fd, uint64_t *random, bool wait);

/* A cheap random number for each thread's own use. */
uint32_t chance(uint64_t *random, uint32_t below);

/* The storms; each returns when the storm is over. */
void storm_of_threads(void);
void storm_of_signals(void);
void storm_of_processes(void);
void storm_of_cancels(void);
void storm_of_vandalism(void);

/* A process of the storm that was started by exec, with a server socket. */
_Noreturn void storm_executed(int fd);
#define EXECUTED_NAME "storm-executed"

#endif
