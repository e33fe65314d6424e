// SPDX-License-Identifier: MIT
// The sockets, from /proc/net, and who has them, from /proc/PID/fd (proc(5)).

#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "./process.h"
#include "./scan.h"

/* One line of /proc/net/udp; returns false if it is no wildcard-bound, unconnected socket. */
static bool read_line(const char *line, struct server *server)
{
	char local[33], remote[33];
	unsigned int remote_port;

	if (sscanf(line, " %*d: %32[0-9A-F]:%x %32[0-9A-F]:%x %*x %*x:%*x %*x:%*x %*x %*u %*u %lu",
		   local, &server->port, remote, &remote_port, &server->inode) != 5)
		return false;
	return server->port && !remote_port && strspn(local, "0") == strlen(local);
}

size_t servers_find(pid_t pid, struct server *servers)
{
	static const char *const files[] = { "net/udp", "net/udp6", "net/udplite", "net/udplite6" };
	size_t count = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		FILE *file = process_open(pid, files[i]);
		char line[512];

		if (!file)
			continue; /* no IPv6, no UDP-Lite */
		while (count < SOCKETS_MOST && fgets(line, sizeof(line), file)) {
			servers[count] = (struct server){ .six = strchr(files[i], '6') != NULL };
			count += read_line(line, &servers[count]);
		}
		fclose(file);
	}
	return count;
}

static void note_process(struct server *servers, size_t count, unsigned long inode, pid_t pid,
			 int fd)
{
	for (size_t i = 0; i < count; i++) {
		if (servers[i].inode != inode)
			continue;
		if (!servers[i].pid) {
			servers[i].pid = pid;
			servers[i].fd = fd;
		} else if (servers[i].pid != pid) {
			servers[i].sharers++;
		}
	}
}

void servers_find_process(struct server *servers, size_t count, pid_t pid)
{
	char path[64], link[64];
	const struct dirent *entry;
	unsigned long inode;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);

		if (length <= 0)
			continue;
		link[length] = '\0';
		if (sscanf(link, "socket:[%lu]", &inode) == 1)
			note_process(servers, count, inode, pid, atoi(entry->d_name));
	}
	if (folder)
		closedir(folder);
}

void servers_find_processes(struct server *servers, size_t count)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (isdigit((unsigned char)*entry->d_name))
			servers_find_process(servers, count, (pid_t)atoi(entry->d_name));
	if (folder)
		closedir(folder);
}
