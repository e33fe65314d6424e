/* SPDX-License-Identifier: MIT */
/* The verdict on a server. */
#ifndef SCAN_JUDGE_H
#define SCAN_JUDGE_H

#include "../check/apparmor.h"
#include "./scan.h"

enum { TEXT_MOST = 400 };

struct judgement {
	const struct process *process; /* the one that it is about; NULL: none is known */
	char text[TEXT_MOST];
	const char *json;
	bool attach;		    /* --attach helps it, and nothing else */
	char profile[PROFILE_MOST]; /* AppArmor's; "": none */
};

/*
 * Finds out what replyfrom does or can do for the server. The processes of the survey have been
 * looked at; `all` says that none was kept from us, `bpf` that the second engine is installed.
 */
void server_judge(const struct survey *survey, const struct server *server, bool all, bool bpf,
		  struct judgement *judgement);

/* The BPF engine is at work for the cgroup of the server's process: it helps the server. */
void server_add_engine(struct judgement *judgement);

#endif
