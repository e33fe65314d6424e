// SPDX-License-Identifier: MIT
// Compares two traces line by line; lines about sources have rules of their own.

#include <stdio.h>
#include <string.h>

#include "compare.h"

bool compare_lenient;

struct line {
	const char *text;
	size_t length;
};

static bool next_line(const struct trace *from, size_t *at, struct line *line)
{
	const char *end;

	if (*at >= from->length)
		return false;
	line->text = from->text + *at;
	end = memchr(line->text, '\n', from->length - *at);
	line->length = end ? (size_t)(end - line->text) : from->length - *at;
	*at += line->length + 1;
	return true;
}

/* The word behind `name` in a line; to the line's end. */
static struct line field(const struct line *line, const char *name)
{
	const char *found = memmem(line->text, line->length, name, strlen(name));
	struct line value = { "", 0 };

	if (found) {
		value.text = found + strlen(name);
		value.length = strcspn(value.text, " \n");
	}
	return value;
}

static bool same(const struct line *one, const struct line *other)
{
	return one->length == other->length && !memcmp(one->text, other->text, one->length);
}

static bool is(const struct line *line, const char *text)
{
	return line->length == strlen(text) && !memcmp(line->text, text, line->length);
}

/* Did somebody ask there before? */
static bool was_asked(const struct trace *helped, size_t before, const struct line *address)
{
	static const char ask[] = " ask: ";
	struct line line, from;
	size_t at = 0;

	while (at < before && next_line(helped, &at, &line)) {
		from = field(&line, " from=");
		if (memmem(line.text, line.length, ask, strlen(ask)) && same(&from, address))
			return true;
	}
	return false;
}

/* The source must be the one that was asked where that is known, else at least one that was. */
static bool source_is_right(const struct line *plain, const struct line *helped,
			    const struct trace *all, size_t at)
{
	struct line want = field(helped, " want="), from = field(helped, " from=");
	struct line bare = field(plain, " from=");
	size_t what = (size_t)(want.text - helped->text);

	if (what > plain->length || memcmp(plain->text, helped->text, what + want.length))
		return false;
	if (is(&want, "plain"))
		return same(&from, &bare) || (compare_lenient && was_asked(all, at, &from));
	if (is(&want, "any"))
		return same(&from, &bare) || was_asked(all, at, &from);
	return same(&from, &want) || (compare_lenient && same(&from, &bare));
}

static bool has(const struct line *line, const char *text)
{
	return memmem(line->text, line->length, text, strlen(text)) != NULL;
}

/* After this the kernel has to be asked what the program wants, and what others made of a socket. */
static bool changes_sockets(const struct line *line)
{
	return has(line, " fork") || has(line, " vfork") || has(line, " dup") ||
	       has(line, " fcntl") || has(line, " SCM_RIGHTS") || has(line, " setsockopt");
}

/*
 * Without the calls that failed the library cannot find out what others did to a socket: what they
 * switched on may show, or be missing.
 */
static bool is_excused(const struct line *plain, const struct line *helped, bool shared)
{
	return compare_lenient && shared &&
	       ((has(plain, "  flags ") && has(helped, "  flags ")) ||
		(has(plain, "  control ") && has(helped, "  control ")));
}

const char *traces_differ(const struct trace *plain, const struct trace *helped)
{
	static char text[2048];
	size_t at[2] = { 0, 0 };
	struct line one, other;
	bool first, second, shared = false;

	for (;;) {
		first = next_line(plain, &at[0], &one);
		second = next_line(helped, &at[1], &other);
		if (!first && !second)
			return NULL;
		shared |= first && changes_sockets(&one);
		if (first && second &&
		    (*one.text == '~' && *other.text == '~'
			     ? source_is_right(&one, &other, helped, at[1])
			     : same(&one, &other) || is_excused(&one, &other, shared)))
			continue;
		snprintf(text, sizeof(text), "without: %.*s\nwith:    %.*s",
			 first ? (int)one.length : 5, first ? one.text : "(end)",
			 second ? (int)other.length : 5, second ? other.text : "(end)");
		return text;
	}
}
