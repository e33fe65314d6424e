// SPDX-License-Identifier: MIT
// Counters of this process, in memory that a debugger finds by their symbol, and written at exit.

#include <unistd.h>

#include "base/counters.h"
#include "base/log.h"

EXPORT struct counters replyfrom_counters;

static bool are_printed;

#define TEXT(name, text) text,
static const char *const texts[] = { COUNTERS(TEXT) };

unsigned long *counters_take(void)
{
	static uint32_t taken;

	return replyfrom_counters
		.lines[__atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED) % COUNTER_LINES];
}

void counters_start(bool print)
{
	are_printed = print;
	replyfrom_counters.magic = COUNTERS_MAGIC;
}

__attribute__((destructor)) static void write_counters(void)
{
	char process[12];

	if (!are_printed)
		return;
	log_number(process, (unsigned long)getpid());
	for (int counter = 0; counter < COUNTER_COUNT; counter++) {
		unsigned long sum = 0;
		char number[24];

		for (int line = 0; line < COUNTER_LINES; line++)
			sum += replyfrom_counters.lines[line][counter];
		log_number(number, sum);
		log_line(LOG_OFF, "process ", process, ": ", number, " ", texts[counter]);
	}
}
