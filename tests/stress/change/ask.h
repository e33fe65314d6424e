/* SPDX-License-Identifier: MIT */
/* The load: questions to each server at each address, all the time, and from where each was
 * answered. */
#ifndef ASK_H
#define ASK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "change.h"

enum {
	ADDRESSES = 16,
	SERVERS = 16,	 /* even numbers: plain, each followed by its helped twin */
	WINDOW = 4,	 /* questions under way of a flow to one address */
	PATIENCE = 100,	 /* milliseconds until another is asked in the place of one that was not
			    answered */
};

/* What became of the questions to one server at one address. */
struct tally {
	unsigned int asked, answered;
	unsigned int waiting;	 /* under way */
	unsigned int wrong;	 /* answered from another address than was asked */
	unsigned int duplicates; /* answers to a question that was answered already */
	struct in6_addr from;	 /* of the last wrong one */
};

enum period {
	CHANGING, /* from before a change until its effects are there, and when nothing is measured
		   */
	MEASURED, /* nothing changes */
	PERIODS,
};

extern struct tally tallies[SERVERS][ADDRESSES][PERIODS];

/* Told by the commands. */
extern struct in6_addr addresses[ADDRESSES]; /* IPv4 as mapped ones */
extern in_port_t ports[SERVERS];
extern bool speaks[SERVERS][ADDRESSES]; /* is that server asked at that address? */
extern uint32_t scope;			/* of link-local addresses */

/* How many more questions to ask there that are MEASURED. */
extern unsigned int quota[SERVERS][ADDRESSES];

/* Each question carries the epoch in which it was asked; this is the newest that was answered. */
extern uint32_t epoch, answered_epoch[SERVERS][ADDRESSES];

/* Milliseconds after which a question that is MEASURED is lost: a quarter of the deadline, for the twins wait for some. */
int64_t patience(void);

/* Makes the tallies zero: what was asked before is nobody's any more, whatever becomes of it. */
void tallies_clear(void);

/*
 * For each server a flow to each address, and one that roams: from one port it asks at one address
 * after the other, each when the one before was answered, or else from a new port.
 */
void flows_open(int server);

/* Asks what is to be asked, waits some milliseconds at most, and takes what was answered. */
void flows_go_on(int command_fd, bool *has_command);

int64_t milliseconds(void);

#endif
