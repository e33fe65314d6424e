/* SPDX-License-Identifier: MIT */
/* The test server: one program that answers datagrams in each of the ways that servers do. */
#ifndef SERVER_H
#define SERVER_H

#include <stddef.h>
#include <sys/socket.h>

/* As many as one recvmmsg() or sendmmsg() takes. */
#define MAX_BATCH 1024

struct request {
	char payload[512];
	size_t length;
	struct sockaddr_storage peer;
	socklen_t peer_length;
};

/* Says what failed and ends the program if the result is negative; returns it otherwise. */
int check(int result, const char *what);

/* A socket as the command line describes it, bound to the wildcard and that port (0: any). */
int open_wildcard(int port);
int service_port(void);

/* What servers do to themselves, by name; says what was not possible, and ends the program. */
void confine(const char *how);

/* How datagrams come in: up to max of them, at least one; the number. */
typedef int receive_function(int sock, struct request *requests, int max);
/* How the answers, the same payloads, go out. */
typedef void answer_function(int sock, struct request *requests, int count);

/* By name, or NULL. */
receive_function *find_receive(const char *name, size_t length);
answer_function *find_answer(const char *name);

int receive_recvfrom(int sock, struct request *requests, int max);
int receive_recvmsg(int sock, struct request *requests, int max);
void answer_sendto(int sock, struct request *requests, int count);
void answer_sendmsg(int sock, struct request *requests, int count);

/* Receives one request, and answers it from a socket of its own with a port of its own. */
void answer_once_fresh(int sock);

/* A whole way to serve; returns only when the service ends. */
typedef void serve_function(int sock);

struct mode {
	const char *name;
	serve_function *serve;
};

/* Each ends with an entry without a name. */
extern const struct mode connect_modes[];
extern const struct mode fresh_modes[];
extern const struct mode process_modes[];
extern const struct mode thread_modes[];

#endif
