// SPDX-License-Identifier: MIT
// replyfrom-scan FORMAT[:ENGINE]: the part behind replyfrom --scan, shows whether a host has the
// problem. ENGINE is the program of the second engine, which need not be there.

#include "config.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "./fail.h"
#include "../status/engines.h"
#include "./judge.h"

/* Prints the host's addresses but for those of the loopback network and link-local ones. */
static unsigned int print_addresses(bool json)
{
	const char *separator = json ? "{\"addresses\": [" : "This host has the addresses ";
	struct ifaddrs *list = NULL, *entry;
	char name[NI_MAXHOST];
	unsigned int count = 0;

	getifaddrs(&list);
	for (entry = list; entry; entry = entry->ifa_next) {
		int family = entry->ifa_addr ? entry->ifa_addr->sa_family : AF_UNSPEC;
		socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in)
						     : sizeof(struct sockaddr_in6);

		if ((family != AF_INET && family != AF_INET6) ||
		    getnameinfo(entry->ifa_addr, length, name, sizeof(name), NULL, 0,
				NI_NUMERICHOST) ||
		    !strncmp(name, "127.", 4) || !strcmp(name, "::1") || strchr(name, '%'))
			continue;
		printf(json ? "%s\"%s\"" : "%s%s", separator, name);
		separator = ", ";
		count++;
	}
	if (list)
		freeifaddrs(list);
	if (json)
		printf("%s],\n \"servers\": [", count ? "" : separator);
	else
		printf("%s\n\n", count ? "" : "This host has no address but those of the loopback");
	return count;
}

struct row {
	const struct server *server;
};

static int compare(const void *left, const void *right)
{
	const struct server *a = ((const struct row *)left)->server;
	const struct server *b = ((const struct row *)right)->server;
	int six = a->address[0] == ':', other_six = b->address[0] == ':';

	if (a->port != b->port)
		return (a->port > b->port) - (a->port < b->port);
	return six != other_six ? six - other_six : (a->inode > b->inode) - (a->inode < b->inode);
}

static int compare_inodes(const void *left, const void *right)
{
	const unsigned long *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* A table of the servers in the order of their ports, without those that were closed meanwhile. */
static struct row *sort(const struct survey *survey, size_t *count)
{
	struct row *sorted = calloc(survey->servers_count + 1, sizeof(*sorted));
	unsigned long *inodes = NULL;
	size_t inodes_count = 0;

	if (!sorted)
		fail("not enough memory for the sockets of this host");
	*count = 0;
	for (size_t i = 0; i < survey->servers_count; i++) {
		const struct server *server = &survey->servers[i];

		if (!server->holders_count && !inodes)
			inodes = survey_inodes(0, &inodes_count);
		if (server->holders_count ||
		    bsearch(&server->inode, inodes, inodes_count, sizeof(*inodes), compare_inodes))
			sorted[(*count)++].server = server;
	}
	free(inodes);
	qsort(sorted, *count, sizeof(*sorted), compare);
	return sorted;
}

static void print_json(const struct survey *survey, const struct server *server,
		       const struct judgement *judgement, bool first)
{
	const struct process *process = judgement->process;
	const char *separator = "";

	printf("%s{\"address\": \"%s\", \"port\": %u, \"pid\": %d, \"program\": \"%s\", "
	       "\"state\": \"%s\", \"text\": \"%s\", \"profile\": ",
	       first ? "\n  " : ",\n  ", server->address, server->port,
	       process ? (int)process->pid : 0, process ? process->name : "-", judgement->json,
	       judgement->text);
	printf(*judgement->profile ? "\"%s\"" : "null", judgement->profile);
	printf(", \"attach\": %s, \"pids\": [", judgement->attach ? "true" : "false");
	for (size_t i = 0; i < server->holders_count; i++) {
		printf("%s%d", separator, (int)survey->processes[server->holders[i].process].pid);
		separator = ", ";
	}
	printf("]}");
}

static void print_row(const struct server *server, const struct judgement *judgement)
{
	const struct process *process = judgement->process;
	char address[40], pid[48] = "-";

	snprintf(address, sizeof(address), strchr(server->address, ':') ? "[%s]:%u" : "%s:%u",
		 server->address, server->port);
	if (process && server->holders_count > 1)
		snprintf(pid, sizeof(pid), "%d+%zu", (int)process->pid, server->holders_count - 1);
	else if (process)
		snprintf(pid, sizeof(pid), "%d", (int)process->pid);
	printf("%-13s  %-10s  %-15s  %s\n", address, pid, process ? process->name : "-",
	       judgement->text);
}

/* Prints how many of the servers only the second engine can help. */
static void print_attach(size_t number)
{
	if (number)
		printf("\nThe BPF engine can help %zu of them that the library cannot: replyfrom "
		       "--attach PROCESS\n",
		       number);
}

/* Prints what was kept from us. */
static void print_end(const struct survey *survey, bool json)
{
	if (json)
		printf("],\n \"unseen\": %zu}\n", survey->unseen);
	else if (survey->unseen)
		printf("\nProcesses that may not be examined%s: %zu\n",
		       geteuid() ? "; be root" : "", survey->unseen);
}

int main(int count, char **arguments)
{
	char *engine = count > 1 ? strchr(arguments[1], ':') : NULL;
	bool json = count > 1 && !strncmp(arguments[1], "json", 4);
	bool bpf = engine && !access(engine + 1, X_OK);
	struct row *rows;
	struct survey survey;
	size_t servers_count, attach_count = 0;
	bool engines = bpf && engines_are_there(engine + 1);

	if (count > 2)
		fail("--scan takes no arguments");
	survey_sockets(&survey, 0);
	survey_processes(&survey);
	for (size_t i = 0; i < survey.processes_count; i++)
		process_look(&survey.processes[i]);
	rows = sort(&survey, &servers_count);
	if (print_addresses(json) < 2 && !json)
		printf("With one address every reply leaves from the right one.\n\n");
	if (!json)
		printf("%-13s  %-10s  %-15s  %s\n", "BOUND TO", "PROCESS", "PROGRAM", "SERVER");
	for (size_t i = 0; i < servers_count; i++) {
		struct judgement judgement;

		/* Without root's rights /proc may hide processes altogether (hidepid=). */
		server_judge(&survey, rows[i].server, !survey.unseen && !geteuid(), bpf,
			     &judgement);
		if (engines && judgement.process &&
		    engines_cover(engine + 1, judgement.process->pid))
			server_add_engine(&judgement);
		attach_count += judgement.attach;
		if (json)
			print_json(&survey, rows[i].server, &judgement, !i);
		else
			print_row(rows[i].server, &judgement);
	}
	if (!json)
		print_attach(attach_count);
	print_end(&survey, json);
	if (fflush(stdout) || ferror(stdout))
		fail("stdout: %s", strerror(errno));
	return EXIT_SUCCESS;
}
