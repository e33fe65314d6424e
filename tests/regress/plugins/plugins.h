/* SPDX-License-Identifier: MIT */
/* What the plugins have. */
#ifndef PLUGINS_H
#define PLUGINS_H

#include <sys/socket.h>

/* serving.c: a UDP socket that is bound; the answer to one question. Both -1 with errno. */
int plugin_open(const struct sockaddr *address, socklen_t length);
int plugin_answer(int fd);

/* choosing.c: what connect() gives, which is own.c's. */
enum { OWN_RESULT = 42 };
int plugin_connect(void);

#endif
