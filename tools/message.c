// SPDX-License-Identifier: MIT
// Messages: cleaned, in one line, with one write(2).

#include "config.h"

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "./message.h"

enum { LINE = PATH_MAX + 1024 };

/* The length of the valid UTF-8 sequence here, 1 for ASCII; 0: it is none. */
static size_t sequence_length(const unsigned char *text)
{
	size_t length = *text < 0x80			? 1
			: *text >= 0xc2 && *text < 0xe0 ? 2
			: *text >= 0xe0 && *text < 0xf0 ? 3
			: *text >= 0xf0 && *text < 0xf5 ? 4
							: 0;

	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80) /* also where the text ends */
			return 0;
	return length;
}

void message_clean(char *text)
{
	unsigned char *from = (unsigned char *)text, *to = from;

	while (*from) {
		size_t length = sequence_length(from);
		bool control = length == 1   ? *from < 0x20 || *from == 0x7f
			       : length == 2 ? *from == 0xc2 && from[1] < 0xa0
			       : !length     ? *from < 0xa0
					     : false;

		length += !length;
		if (control)
			*to++ = '?';
		else
			for (size_t i = 0; i < length; i++)
				*to++ = from[i];
		from += length;
	}
	*to = '\0';
}

/* As write(2), but a pipe that nobody reads is an error and no signal. */
static void write_unkilled(const char *line, size_t length)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction kept;
	ssize_t written;

	sigaction(SIGPIPE, &ignore, &kept);
	written = write(STDERR_FILENO, line, length);
	(void)written; /* there is nobody to tell */
	sigaction(SIGPIPE, &kept, NULL);
}

void message_write(const char *format, va_list arguments)
{
	char line[LINE] = "replyfrom: ";
	size_t length = strlen(line);

	vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
	message_clean(line);
	length = strlen(line);
	line[length] = '\n';
	write_unkilled(line, length + 1);
}

void message_warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message_write(format, arguments);
	va_end(arguments);
}

void message_fail(int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message_write(format, arguments);
	va_end(arguments);
	_exit(status);
}
