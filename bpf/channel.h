/* SPDX-License-Identifier: MIT */
/*
 * Messages between the program's process and its keeper until the program starts. A message is a
 * line of text: "" means success, any other text is the reason why the start failed.
 */
#ifndef BPF_CHANNEL_H
#define BPF_CHANNEL_H

#include <stddef.h>

/* Sends a line, and a descriptor unless that is -1. */
void channel_say(int channel, const char *line, int fd);
/* Waits for a message; returns its descriptor, or -1. */
int channel_hear(int channel);
/* Waits for a line. Returns false if the other end is gone. */
_Bool channel_hear_line(int channel, char *line, size_t size);
/* Sends the lines of fail() there in place of stderr; -1: to stderr. */
void channel_for_failures(int channel);
extern int failures_channel;

#endif
