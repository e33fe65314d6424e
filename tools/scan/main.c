// SPDX-License-Identifier: MIT
// replyfrom-scan FORMAT: the part behind replyfrom --scan, tells whether a host has the problem.

#include "config.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "./fail.h"
#include "./scan.h"

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

static int compare(const void *left, const void *right)
{
	const struct server *a = left, *b = right;

	return a->port != b->port ? (a->port > b->port) - (a->port < b->port) : a->six - b->six;
}

static void print_json(const struct server *server, bool first)
{
	printf("%s{\"address\": \"%s\", \"port\": %u, \"pid\": %d, \"program\": \"%s\", "
	       "\"state\": \"%s\"}",
	       first ? "\n  " : ",\n  ", server->six ? "::" : "0.0.0.0", server->port,
	       (int)server->pid, server->name, server->json);
}

static void print_row(const struct server *server)
{
	char address[32], pid[32] = "-";

	snprintf(address, sizeof(address), "%s:%u", server->six ? "[::]" : "0.0.0.0", server->port);
	if (server->pid && server->sharers)
		snprintf(pid, sizeof(pid), "%d+%u", (int)server->pid, server->sharers);
	else if (server->pid)
		snprintf(pid, sizeof(pid), "%d", (int)server->pid);
	printf("%-13s  %-10s  %-15s  %s\n", address, pid, server->name, server->state);
}

int main(int count, char **arguments)
{
	static struct server servers[SOCKETS_MOST];
	bool json = count > 1 && !strcmp(arguments[1], "json");
	size_t found = servers_find(0, servers);

	if (count > 2)
		fail("--scan takes no arguments");
	servers_find_processes(servers, found);
	qsort(servers, found, sizeof(*servers), compare);
	if (print_addresses(json) < 2 && !json)
		printf("With one address there is no other that an answer could leave from.\n\n");
	if (!json)
		printf("%-13s  %-10s  %-15s  %s\n", "BOUND TO", "PROCESS", "PROGRAM", "SERVER");
	for (size_t i = 0; i < found; i++) {
		server_judge(&servers[i]);
		if (json)
			print_json(&servers[i], !i);
		else
			print_row(&servers[i]);
	}
	if (json)
		printf("]}\n");
	if (fflush(stdout) || ferror(stdout))
		fail("stdout: %s", strerror(errno));
	return EXIT_SUCCESS;
}
