/* SPDX-License-Identifier: MIT */
/* A wildcard socket, someone who asks it, and whether all is as it should be. */
#ifndef ASKED_H
#define ASKED_H

#include <stdbool.h>
#include <sys/socket.h>

#include "side.h"

enum { SERVER_PORT = 5000, OTHER_PORT = 5001 };

/* A UDP socket bound to the wildcard address, as a program makes it. */
int wildcard_socket(int family, int port);

/* One made behind the library's back, bound to 127.0.0.1. */
int hidden_socket(int port);

/* Has the library switched PKTINFO on? Asks the kernel. */
bool is_helped(int fd);

/* Sends `text` to 127.0.0.53 at a port, from a socket that the library knows nothing of; it is there on return. */
void ask(int port, const char *text);

/* Receives a question by recvfrom() and answers by sendto(); was the answer from 127.0.0.53? */
bool answers(int fd, int port);

/*
 * Receives a question by recvmsg() with room for control data: true if there is none, and
 * getsockopt() too knows of no PKTINFO.
 */
bool shows_nothing(int fd, int port);

#endif
