/* SPDX-License-Identifier: MIT */
/* Test cases about threads and signals. */
#ifndef THREADS_H
#define THREADS_H

#include <pthread.h>
#include <sys/types.h>

/* cancel.c */
void case_cancel_blocked(void);
void case_cancel_pending(void);
void case_cancel_often(void);

/* interrupt.c */
void case_interrupted(void);
void case_restarted(void);
void case_handler(void);

/* blocked.c */
void case_blocked(void);
void case_smallest_stack(void);
void case_many_threads(void);
void case_errno(void);

/* early.c: before constructors, after destructors */
void case_early(void);
int early_mode(const char *mode);

/* receiver.c: all the calls that receive; each returns what its call did. */
enum { RECEIVERS = 6, VECTOR = 1024 };
extern const char *const receiver_names[RECEIVERS];
ssize_t receiver_call(int number, int fd);

/* A thread that makes one of these calls. */
struct receiver {
	pthread_t thread;
	int number, fd;
	ssize_t result;
	int error;
	volatile pid_t id; /* set right before the call */
};

/* Starts it with the smallest stack; receiver_await_blocked() returns when it sleeps in its call.
 */
void receiver_start(struct receiver *receiver, int number, int fd);
void receiver_await_blocked(struct receiver *receiver);

/* Waits for its end. Returns whether it was cancelled. */
int receiver_join(struct receiver *receiver);

#endif
