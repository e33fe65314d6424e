// SPDX-License-Identifier: MIT
// Prints the results: an aligned table for people, JSON for machines.

#include "config.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "./probe.h"

static const struct {
	const char *text, *json;
} outcomes[] = {
	[NO_ANSWER] = { "no reply", "none" },
	[RIGHT] = { "right", "right" },
	[WRONG] = { "WRONG address", "wrong" },
	[REFUSED] = { "no server listens", "refused" },
};

/* The reply's address: "-" for none. Its port may be another in the best of families (TFTP). */
static const char *answer_name(const struct target *target, char name[NI_MAXHOST])
{
	if (target->outcome != RIGHT && target->outcome != WRONG)
		return "-";
	if (getnameinfo((const struct sockaddr *)&target->answer, sizeof(target->answer), name,
			NI_MAXHOST, NULL, 0, NI_NUMERICHOST))
		return "?";
	return name;
}

bool report_print(const struct target *targets, size_t count, bool json)
{
	char name[NI_MAXHOST];
	int width = (int)strlen("SENT TO");

	for (size_t i = 0; i < count; i++)
		if ((int)strlen(targets[i].name) > width)
			width = (int)strlen(targets[i].name);
	if (!json)
		printf("%-*s  %-24s  %s\n", width, "SENT TO", "REPLY FROM", "RESULT");
	for (size_t i = 0; i < count; i++) {
		const struct target *target = &targets[i];
		const char *answer = answer_name(target, name);

		if (!json)
			printf("%-*s  %-24s  %s\n", width, target->name, answer,
			       outcomes[target->outcome].text);
		else if (*answer == '-')
			printf("%s{\"asked\": \"%s\", \"answered\": null, \"result\": \"%s\"}",
			       i ? ",\n " : "[", target->name, outcomes[target->outcome].json);
		else
			printf("%s{\"asked\": \"%s\", \"answered\": \"%s\", \"result\": \"%s\"}",
			       i ? ",\n " : "[", target->name, answer,
			       outcomes[target->outcome].json);
	}
	if (json)
		printf("]\n");
	return !fflush(stdout) && !ferror(stdout);
}
