// SPDX-License-Identifier: MIT
// env(1) of the GNU coreutils: options, `-S` with its quotes, escapes and variables, assignments.

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "./env.h"

#define SPACES " \t\n\v\f\r"

/* The words that are still to be read, and where the characters of new ones go. */
struct reader {
	struct env_call *call;
	size_t used, count;
	bool full, clears;
};

static void put(struct reader *reader, char letter)
{
	if (reader->used < sizeof(reader->call->text))
		reader->call->text[reader->used++] = letter;
	else
		reader->full = true;
}

/* Appends the value of ${NAME}; *text is behind the dollar. Returns false for any other form. */
static bool put_variable(struct reader *reader, const char **text)
{
	char name[128];
	size_t length;
	const char *value;

	if (**text != '{')
		return false;
	length = strcspn(++*text, "}");
	if (!(*text)[length] || length >= sizeof(name))
		return false;
	memcpy(name, *text, length);
	name[length] = '\0';
	*text += length + 1;
	for (value = getenv(name); value && *value; value++)
		put(reader, *value);
	return true;
}

enum escape { ESCAPE_LETTER, ESCAPE_SEPARATOR, ESCAPE_END, ESCAPE_WRONG };

/* Reads what stands behind a backslash outside of single quotes. */
static enum escape put_escape(struct reader *reader, char letter, char quote)
{
	static const char from[] = "fnrtv", to[] = "\f\n\r\t\v";
	const char *found;

	if (letter == '_' && !quote)
		return ESCAPE_SEPARATOR;
	if (letter == 'c')
		return quote ? ESCAPE_WRONG : ESCAPE_END;
	if (letter == '_')
		put(reader, ' ');
	else if (letter && strchr("\"#$'\\", letter))
		put(reader, letter);
	else if (letter && (found = strchr(from, letter)))
		put(reader, to[found - from]);
	else
		return ESCAPE_WRONG;
	return ESCAPE_LETTER;
}

/*
 * Reads one word of the string of `-S` into the text. Returns false if the string is not valid;
 * *text is NULL after its end.
 */
static bool split_word(struct reader *reader, const char **text)
{
	char quote = '\0';

	while (**text && (quote || !strchr(SPACES, **text))) {
		char letter = *(*text)++;

		if (strchr("'\"", letter) && (!quote || quote == letter)) {
			quote = quote ? '\0' : letter;
		} else if (letter == '\\' && quote == '\'') {
			/* Only these two are escaped there. */
			put(reader, **text == '\\' || **text == '\'' ? *(*text)++ : letter);
		} else if (letter == '\\') {
			enum escape escape = put_escape(reader, **text, quote);

			if (escape == ESCAPE_WRONG)
				return false;
			if (escape == ESCAPE_END) {
				*text = NULL;
				return true;
			}
			++*text;
			if (escape == ESCAPE_SEPARATOR)
				return true;
		} else if (letter == '$' && quote != '\'') {
			if (!put_variable(reader, text))
				return false;
		} else {
			put(reader, letter);
		}
	}
	return !quote;
}

/* Puts the words of the string of `-S` before those that are left from number `next` on. */
static bool split(struct reader *reader, const char *text, size_t next)
{
	const char *words[ENV_WORDS];
	size_t count = 0, left = reader->count - next;

	while (text && !reader->full) {
		text += strspn(text, SPACES);
		if (!strncmp(text, "\\_", 2)) {
			text += 2;
			continue;
		}
		if (!*text || *text == '#' || !strncmp(text, "\\c", 2))
			break;
		if (count == ENV_WORDS)
			return false;
		words[count++] = reader->call->text + reader->used;
		if (!split_word(reader, &text))
			return false;
		put(reader, '\0');
	}
	if (reader->full || count + left > ENV_WORDS)
		return false;
	memmove(reader->call->words + count, reader->call->words + next, left * sizeof(*words));
	memcpy(reader->call->words, words, count * sizeof(*words));
	reader->count = count + left;
	return true;
}

/* The options with a value and those without; those that print something start no program. */
static const struct {
	char letter;
	bool value;
	const char *name;
} options[] = {
	{ 'a', true, "argv0" },
	{ 'C', true, "chdir" },
	{ 'S', true, "split-string" },
	{ 'u', true, "unset" },
	{ 'i', false, "ignore-environment" },
	{ 'v', false, "debug" },
	{ '\0', false, "block-signal" },
	{ '\0', false, "default-signal" },
	{ '\0', false, "ignore-signal" },
	{ '\0', false, "list-signal-handling" },
};

enum { OPTIONS = sizeof(options) / sizeof(*options) };

static void unset(struct reader *reader, const char *name)
{
	if (!strcmp(name, "LD_PRELOAD"))
		reader->call->drops_preload = true;
	else if (!strcmp(name, "PATH"))
		reader->call->search_path = NULL;
}

/* Does what an option with a value says; `next` is the number of the word behind it. */
static bool apply(struct reader *reader, char letter, const char *value, size_t *next)
{
	if (letter == 'S') {
		if (!split(reader, value, *next))
			return false;
		*next = 0;
	} else if (letter == 'u') {
		unset(reader, value);
	} else if (letter == 'C') {
		reader->call->folder = value;
	}
	return true;
}

/* Finds a long option by its name or the beginning of it. Returns OPTIONS if there is none. */
static int find_long(const char *name, size_t length)
{
	int found = OPTIONS;

	for (int i = 0; i < OPTIONS; i++) {
		if (strncmp(options[i].name, name, length))
			continue;
		if (found != OPTIONS)
			return OPTIONS;
		found = i;
	}
	return found;
}

/* Takes the next word for the value of an option that has none in its own. */
static const char *take_value(struct reader *reader, size_t *next)
{
	return *next < reader->count ? reader->call->words[(*next)++] : NULL;
}

static bool read_long(struct reader *reader, const char *word, size_t *next)
{
	size_t length = strcspn(word, "=");
	const char *value = word[length] ? word + length + 1 : NULL;
	int option = find_long(word, length);

	if (option == OPTIONS)
		return false;
	if (!options[option].value) {
		reader->clears |= options[option].letter == 'i';
		return true;
	}
	if (!value)
		value = take_value(reader, next);
	return value && apply(reader, options[option].letter, value, next);
}

static bool read_short(struct reader *reader, const char *word, size_t *next)
{
	for (; *word; word++) {
		const char *value;
		int option = 0;

		while (option < OPTIONS && options[option].letter != *word)
			option++;
		if (option == OPTIONS)
			return false;
		if (!options[option].value) {
			reader->clears |= *word == 'i';
			continue;
		}
		value = word[1] ? word + 1 : take_value(reader, next);
		return value && apply(reader, *word, value, next);
	}
	return true;
}

/* Reads the options. Returns false if one is unknown; *next is the first word that is none. */
static bool read_options(struct reader *reader, size_t *next)
{
	while (*next < reader->count && *reader->call->words[*next] == '-') {
		const char *word = reader->call->words[(*next)++] + 1;

		if (!strcmp(word, "-"))
			break;
		if (!*word)
			reader->clears = true;
		else if (*word == '-' ? !read_long(reader, word + 1, next)
				      : !read_short(reader, word, next))
			return false;
	}
	return true;
}

bool env_read(const char *argument, struct env_call *call)
{
	struct reader reader = { .call = call, .count = 1 };
	size_t next = 0;

	*call = (struct env_call){ .search_path = getenv("PATH") };
	call->words[0] = argument;
	if (!*argument || !read_options(&reader, &next))
		return false;
	if (reader.clears) {
		unset(&reader, "LD_PRELOAD");
		unset(&reader, "PATH");
	}
	for (; next < reader.count && strchr(call->words[next], '='); next++) {
		const char *word = call->words[next];

		if (!strncmp(word, "PATH=", 5))
			call->search_path = word + 5;
		else if (!strncmp(word, "LD_PRELOAD=", 11))
			call->drops_preload = !strstr(word, "libreplyfrom");
	}
	if (next == reader.count)
		return false;
	call->command = call->words[next];
	return true;
}
