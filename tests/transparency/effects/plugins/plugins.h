/* SPDX-License-Identifier: MIT */
/* What the plugins have. */
#ifndef PLUGINS_H
#define PLUGINS_H

#include <sys/socket.h>

/* serving.c: a UDP socket that is bound; the answer to one question. Both -1 with errno. */
int plugin_open(const struct sockaddr *address, socklen_t length);
int plugin_answer(int fd);

/* direct.c: an answer by syscall(), or by functions found in the libc; what dlsym() finds there. */
int plugin_answer_by_number(int fd);
int plugin_answer_by_handle(int fd);
void *plugin_default(const char *name);
void *plugin_next(const char *name);

/* choosing.c: what connect() gives, which is own.c's. */
enum { OWN_RESULT = 42 };
int plugin_connect(void);

#endif
