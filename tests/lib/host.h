/* SPDX-License-Identifier: MIT */
/* A host with several addresses, a server on it, and clients that the library knows nothing of. */
#ifndef HOST_H
#define HOST_H

#include <netinet/in.h>

#include "cases.h"
#include "side.h"

/* The host's addresses, all on lo; clients have the last ones. */
#define ASKED	 "192.0.2.2"
#define OTHER	 "192.0.2.3"
#define CLIENT	 "192.0.2.4"
#define CLIENT2	 "192.0.2.5"
#define ASKED6	 "2001:db8::2"
#define CLIENT6	 "2001:db8::4"
#define ASKED_LL "fe80::2"

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} name;
	socklen_t length;
};

/* Both sides anew, for the running case alone: it may change addresses and routes. */
void make_hosts(void);

/* One command of ip(8) in this namespace. */
void ip(const char *command);

/* An added IPv6 address is local a while later: waits until a datagram gets there. */
void await_address(const char *address);

/* An address as text and a port; a link-local one is that on lo. */
struct address address_of(const char *text, int port);

/* A UDP socket of that side, unbound, or bound to an address and a port. */
int fresh_socket(const struct side *side, int family);
int bound_socket(const struct side *side, const char *address, int port);

/* A client's socket, whatever side's namespace this is. */
int client_at(const char *address);

/* The client asks at an address of the host, on SERVER_PORT. */
void ask_at(int client, const char *address);

/* Reads the question that is there, and says who asked. */
struct address hear(const struct side *side, int fd);

/* What a call returned, or errno below zero. */
long outcome(long result);

/* Sends to the peer; for outcome(). */
long tell(const struct side *side, int fd, const struct address *peer);

/* Fails the case unless the next thing that comes to the client is from that address. */
void check_source(int client, const char *expected);

/* The same, after a question at ASKED was heard and answered. */
void check_answer(const struct side *side, int fd, int client);

/* Waits for an error that is pending on the socket. */
void await_error(int fd);

/*
 * Has the same conversation on the kernel's side and on the library's: fails the case unless it
 * ends in the same way, and returns the kernel's.
 */
typedef long conversation(const struct side *side, long argument);
long same_on_both(conversation *talk, long argument, const char *what);

/* The same, and fails it too unless the kernel ends it as expected: else it would prove nothing. */
void check_both(conversation *talk, long argument, long expected, const char *what);

/* As run_cases(), where there are namespaces and ip(8) for make_hosts(); else skips the test. */
int run_on_hosts(const struct test_case *cases, size_t count);

#endif
