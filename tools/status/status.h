/* SPDX-License-Identifier: MIT */
/* replyfrom-status: what the library does in running processes. */
#ifndef STATUS_H
#define STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../check/apparmor.h"
#include "../scan/scan.h"
#include "./engines.h"

enum { NOTES_MOST = 8, NOTE_MOST = 600 };

/* A socket of the process on the wildcard address. */
struct status_socket {
	const struct server *server;
	struct socket_view view;
	const char *state; /* for JSON; NULL: the library is not at work */
	bool received;	   /* datagrams came in */
	bool taken;	   /* a process read them: none is left in the queue */
	bool waiting;	   /* some are in the queue */
};

/* Something to know beside the counters: a word for JSON, a line for people. */
struct note {
	const char *word;
	char text[NOTE_MOST];
};

struct report {
	struct process process;
	char profile[PROFILE_MOST]; /* AppArmor's; "": none */
	struct status_socket *sockets;
	size_t sockets_count;
	struct note notes[NOTES_MOST];
	size_t notes_count;
};

/* Fills in the sockets' states, the profile and the notes. */
void notes_take(struct report *report, struct survey *survey);

/* Adds the note that the BPF engine helps the sockets of the process. */
void notes_add_engine(struct report *report);

/* The table or the JSON: a head, each process, and an end. */
void report_begin(bool json);
void report_process(const struct report *report, bool json, bool first);
void report_end(bool json, size_t unseen);

#endif
