// SPDX-License-Identifier: MIT
// Does the calls of a sequence one after the other, in children and threads where it says so.

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/loopback.h"
#include "model.h"
#include "show.h"
#include "world.h"

struct world world;

static void perform_one(const struct call *call)
{
	int *slot = &world.slot[pick(call, 0, SLOTS)];
	int fd = *slot;

	switch (call->kind) {
	case CALL_SOCKET:
		perform_socket(call, slot);
		break;
	case CALL_BIND:
		perform_bind(call, fd);
		break;
	case CALL_CONNECT:
		perform_connect(call, fd);
		break;
	case CALL_ASK:
		peer_ask(call, fd);
		break;
	case CALL_SEND:
	case CALL_SENDTO:
	case CALL_SENDMSG:
	case CALL_SENDMMSG:
		perform_send(call, fd);
		break;
	case CALL_RECV:
	case CALL_RECVFROM:
	case CALL_RECVMSG:
	case CALL_RECVMMSG:
		perform_receive(call, fd);
		break;
	case CALL_SETSOCKOPT:
	case CALL_GETSOCKOPT:
		perform_option(call, fd);
		break;
	case CALL_NAMES:
		perform_names(call, fd);
		break;
	case CALL_OPEN:
	case CALL_PAIR:
		perform_open(call, slot);
		break;
	case CALL_PASS:
		show_shared();
		perform_pass(call, slot);
		break;
	case CALL_VFORK:
		show_shared();
		perform_vfork(call, fd);
		break;
	default:
		perform_descriptor(call, slot);
		break;
	}
	if (!loopback_settle_errors())
		trace_add("a mark was lost\n");
	peers_collect();
}

struct part {
	const struct sequence *sequence;
	uint64_t keep;
	unsigned int from, to;
};

static void *in_thread(void *argument)
{
	const struct part *part = argument;

	perform_all(part->sequence, part->keep, part->from, part->to);
	return NULL;
}

static void perform_thread(struct part *part)
{
	struct last last = sources_thread_start();
	pthread_t thread;

	trace_add("%u thread\n", world.at);
	if (pthread_create(&thread, NULL, in_thread, part) || pthread_join(thread, NULL))
		abort();
	sources_thread_end(last);
	trace_add("%u thread ended\n", world.at);
}

/* The child has the descriptors and all that is known; what it makes ends with it. */
static void perform_fork(const struct part *part)
{
	unsigned int at = world.at;
	int status = 0;
	pid_t child;

	show_shared();
	trace_add("%u fork\n", at);
	child = fork();
	if (!child) {
		world.is_child = true;
		model_forked();
		perform_all(part->sequence, part->keep, part->from, part->to);
		_exit(3);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		abort();
	trace_add("%u child ended with %x\n", at, (unsigned int)status);
}

/* Does the call at `at`, and those up to `to` that run in its child or thread: returns how many. */
static unsigned int perform(const struct sequence *sequence, uint64_t keep, unsigned int at,
			    unsigned int to)
{
	const struct call *call = &sequence->call[at];
	unsigned int inside = sequence_inside(call);
	struct part part = { sequence, keep, at + 1, at + 1 + inside };

	if (!(keep >> at & 1))
		return 0;
	world.at = at;
	if (part.to > to)
		part.to = to;
	if (call->kind == CALL_FORK)
		perform_fork(&part);
	else if (call->kind == CALL_THREAD)
		perform_thread(&part);
	else
		perform_one(call);
	return inside ? part.to - part.from : 0;
}

void perform_all(const struct sequence *sequence, uint64_t keep, unsigned int from, unsigned int to)
{
	for (unsigned int at = from; at < to; at++)
		at += perform(sequence, keep, at, to);
}
