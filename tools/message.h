/* SPDX-License-Identifier: MIT */
/* Messages of replyfrom and its parts: one line on stderr that no argument can forge. */
#ifndef TOOLS_MESSAGE_H
#define TOOLS_MESSAGE_H

#include <stdarg.h>

/* env(1)'s exit statuses; EXIT_CANNOT_HELP is that of a --check that says no. */
enum {
	EXIT_CANNOT_HELP = 1,
	EXIT_OURS = 125,
	EXIT_NOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
};

/*
 * Puts `?` for each control character of the text: C0, DEL, and C1 in UTF-8 or as a stray byte,
 * which terminals obey. Other bytes stay, valid UTF-8 or not.
 */
void message_clean(char *text);

/*
 * Writes "replyfrom: ", the text and a newline to stderr in one write(2). The text is cleaned, and
 * cut where it is longer than a path and a sentence. A closed pipe does not end the process, and
 * signals stay as they were.
 */
void message_write(const char *format, va_list arguments);

/* Write the formatted arguments as message_write() does; message_fail() ends with this status. */
void message_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void message_fail(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
