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

/* For the program: loads a plugin by its path; puts a function of it into the pointer to one at `function`. */
void *plugin_load(const char *name, int mode);
void plugin_look_up(void *handle, const char *name, void *function);

#endif
