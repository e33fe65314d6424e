// SPDX-License-Identifier: MIT
/*
 * ask INTERFACE: the load. Lines on its standard input, each answered when it is done:
 *
 *   address ADDRESS            one more to ask at; IPv4 as ::ffff:192.0.2.1
 *   server PORT ADDRESS...     one more server, asked at these, by number; from now on
 *   change                     something is about to change: all counts are 0
 *   settle ADDRESS...          it did; wait until each plain server answers there what is asked now
 *   measure COUNT ADDRESS...   wait until each server answered so many new questions at each
 *   report                     a line for each server and address, in both periods, and "end"
 *
 * "unsettled ..." tells of a plain server that does not answer within some seconds. Waiting for
 * measured answers ends with the time after which a question counts as lost.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"

static int address_count, server_count;
static bool wanted[ADDRESSES];
static void (*look)(void); /* is what was commanded done? says so then */
static int64_t end;

static void read_wanted(char **rest)
{
	char *word;

	memset(wanted, 0, sizeof(wanted));
	while ((word = strtok_r(NULL, " ", rest)))
		wanted[atoi(word) % ADDRESSES] = true;
}

static void done(const char *what)
{
	puts(what);
	look = NULL;
}

static void look_settled(void)
{
	for (int s = 0; s < server_count; s += 2) {
		for (int a = 0; a < address_count; a++) {
			if (!wanted[a] || !speaks[s][a] || answered_epoch[s][a] >= epoch)
				continue;
			if (milliseconds() > end) {
				printf("unsettled: server %d, address %d\n", s, a);
				look = NULL;
			}
			return;
		}
	}
	done("settled");
}

static void look_measured(void)
{
	for (int s = 0; s < server_count; s++)
		for (int a = 0; a < address_count; a++)
			if (quota[s][a] || tallies[s][a][MEASURED].waiting) {
				if (milliseconds() <= end)
					return;
				quota[s][a] = 0;
			}
	done("measured");
}

static void measure(unsigned int questions)
{
	for (int s = 0; s < server_count; s++)
		for (int a = 0; a < address_count; a++)
			quota[s][a] = wanted[a] && speaks[s][a] ? questions : 0;
	look = look_measured;
}

static void print_tally(int s, int a, int period)
{
	const struct tally *tally = &tallies[s][a][period];
	char from[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &tally->from, from, sizeof(from));
	printf("%d %d %d %u %u %u %u %u %s\n", s, a, period, tally->asked, tally->answered,
	       tally->waiting, tally->wrong, tally->duplicates, from);
}

static void report(void)
{
	for (int s = 0; s < server_count; s++)
		for (int a = 0; a < address_count; a++)
			for (int period = 0; speaks[s][a] && period < PERIODS; period++)
				print_tally(s, a, period);
	done("end");
}

static void open_server(const char *port, char **rest)
{
	read_wanted(rest);
	ports[server_count] = htons((in_port_t)atoi(port));
	memcpy(speaks[server_count], wanted, sizeof(wanted));
	flows_open(server_count++);
}

static void obey(char *line)
{
	char *rest, *command, *word;

	line[strcspn(line, "\n")] = 0;
	command = strtok_r(line, " ", &rest);
	end = milliseconds() + patience();
	if (!strcmp(command, "address")) {
		if (address_count == ADDRESSES || inet_pton(AF_INET6, strtok_r(NULL, " ", &rest),
							    &addresses[address_count++]) != 1)
			exit(2);
		done("noted");
	} else if (!strcmp(command, "server") && server_count < SERVERS) {
		word = strtok_r(NULL, " ", &rest);
		open_server(word, &rest);
		done("opened");
	} else if (!strcmp(command, "change")) {
		epoch++;
		tallies_clear();
		done("changing");
	} else if (!strcmp(command, "settle")) {
		epoch++;
		read_wanted(&rest);
		look = look_settled;
	} else if (!strcmp(command, "measure")) {
		word = strtok_r(NULL, " ", &rest);
		read_wanted(&rest);
		measure((unsigned int)atoi(word));
	} else if (!strcmp(command, "report")) {
		report();
	} else {
		exit(2);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2 || !(scope = if_nametoindex(argv[1])))
		return 2;
	setvbuf(stdin, NULL, _IONBF, 0); /* or poll() would not see a second line */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		char line[256];
		bool has_command;

		flows_go_on(STDIN_FILENO, &has_command);
		if (look)
			look();
		if (!has_command)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		obey(line);
	}
}
