// SPDX-License-Identifier: MIT
// Becomes one of the parts: that takes the place of this process.

#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "./become.h"
#include "./message.h"

void become(const char *part, const char *const *before, char **rest)
{
	size_t count = 0, kept = 0, next = 0;
	const char **arguments;

	while (before[count])
		count++;
	while (rest[kept])
		kept++;
	arguments = calloc(1 + count + kept + 1, sizeof(*arguments));
	if (!arguments)
		message_fail(EXIT_OURS, "no memory for the arguments");
	arguments[next++] = part;
	for (size_t i = 0; i < count; i++)
		arguments[next++] = before[i];
	for (size_t i = 0; i < kept; i++)
		arguments[next++] = rest[i];
	execv(part, (char **)(uintptr_t)arguments);
	message_fail(EXIT_OURS, "%s: %s", part, strerror(errno));
}
