// SPDX-License-Identifier: MIT
// The sockets, from the kernel's socket diagnosis (sock_diag(7)) or /proc/net, and who has them,
// from /proc/PID/fd (proc(5)). What is read is not bounded by a table, and the cost is linear.

#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/kcmp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "./fail.h"
#include "./scan.h"

enum {
	STATE_UNCONNECTED = 7, /* TCP_CLOSE */
	ANSWER = 65536,
};

/* An array that grows by doubling. */
static void *grown(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	array = reallocarray(array, count ? 2 * count : 1, size);
	if (!array)
		fail("not enough memory for the sockets and processes of this host");
	return array;
}

static void add_server(struct survey *survey, struct server server)
{
	survey->servers = grown(survey->servers, survey->servers_count, sizeof(*survey->servers));
	survey->servers[survey->servers_count++] = server;
}

/* The name of a wildcard address; NULL: it is another one. */
static const char *wildcard(bool six, const uint32_t *address)
{
	if (!six)
		return address[0] ? NULL : "0.0.0.0";
	if (address[0] || address[1] || address[3])
		return NULL;
	if (address[2] == htonl(0xffff))
		return "::ffff:0.0.0.0";
	return address[2] ? NULL : "::";
}

static void add_answer(struct survey *survey, const struct nlmsghdr *header)
{
	const struct inet_diag_msg *message = NLMSG_DATA(header);
	int left = (int)(header->nlmsg_len - NLMSG_LENGTH(sizeof(*message)));
	const struct rtattr *attribute = (const void *)(message + 1);
	struct server server = {
		.address = wildcard(message->idiag_family == AF_INET6, message->id.idiag_src),
		.port = ntohs(message->id.idiag_sport),
		.inode = message->idiag_inode,
	};

	if (!server.address || !server.port || message->id.idiag_dport)
		return;
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		const uint32_t *memory = RTA_DATA(attribute);

		if (attribute->rta_type != INET_DIAG_SKMEMINFO ||
		    RTA_PAYLOAD(attribute) <= SK_MEMINFO_DROPS * sizeof(*memory))
			continue;
		server.traffic = (struct traffic){ .waiting = memory[SK_MEMINFO_RMEM_ALLOC],
						   .kept = memory[SK_MEMINFO_FWD_ALLOC],
						   .dropped = memory[SK_MEMINFO_DROPS] };
	}
	add_server(survey, server);
}

/* Reads one dump. Returns false if the kernel refuses it. */
static bool receive_answers(struct survey *survey, int fd)
{
	_Alignas(struct nlmsghdr) char buffer[ANSWER];

	for (;;) {
		ssize_t length = recv(fd, buffer, sizeof(buffer), 0);
		const struct nlmsghdr *header = (const void *)buffer;

		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			return false;
		for (; NLMSG_OK(header, length); header = NLMSG_NEXT(header, length)) {
			if (header->nlmsg_type == NLMSG_ERROR)
				return false;
			if (header->nlmsg_type == NLMSG_DONE)
				return true;
			if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY)
				add_answer(survey, header);
		}
	}
}

/* Asks for the unconnected sockets of a family and protocol. */
static bool ask(struct survey *survey, int fd, unsigned char family, unsigned char protocol)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} message = {
		.header = { .nlmsg_len = sizeof(message),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.request = { .sdiag_family = family,
			     .sdiag_protocol = protocol,
			     .idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
			     .idiag_states = 1 << STATE_UNCONNECTED },
	};
	size_t before = survey->servers_count;

	if (fd >= 0 && send(fd, &message, sizeof(message), 0) == sizeof(message) &&
	    receive_answers(survey, fd))
		return true;
	survey->servers_count = before;
	return false;
}

/* Writes which network namespace a process is in; returns false if that may not be seen. */
static bool read_namespace(pid_t pid, struct stat *status)
{
	char path[64] = "/proc/self/ns/net";

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return !stat(path, status);
}

/* Opens a netlink socket in the namespace of a process. Returns -1 if that is not allowed. */
static int open_diagnosis(pid_t pid)
{
	struct stat own, other;
	int home = -1, there = -1, fd = -1;
	char path[64];

	if (!read_namespace(0, &own) || !read_namespace(pid, &other))
		return -1;
	if (own.st_ino == other.st_ino && own.st_dev == other.st_dev)
		return socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (home >= 0 && there >= 0 && !setns(there, CLONE_NEWNET)) {
		fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
		if (setns(home, CLONE_NEWNET))
			fail("cannot return to this network namespace: %s", strerror(errno));
	}
	if (home >= 0)
		close(home);
	if (there >= 0)
		close(there);
	return fd;
}

/* Reads one line of /proc/net/udp; returns false if it is no wildcard-bound, unconnected socket. */
static bool read_line(const char *line, bool six, struct server *server)
{
	char local[33], remote[33];
	unsigned int remote_port;
	uint32_t address[4] = { 0 };

	if (sscanf(line,
		   " %*d: %32[0-9A-F]:%x %32[0-9A-F]:%x %*x %*x:%x %*x:%*x %*x %*u %*u %lu %*d "
		   "%*s %u",
		   local, &server->port, remote, &remote_port, &server->traffic.waiting,
		   &server->inode, &server->traffic.dropped) < 6)
		return false;
	if (sscanf(local, "%8x%8x%8x%8x", &address[0], &address[1], &address[2], &address[3]) !=
	    (six ? 4 : 1))
		return false;
	server->address = wildcard(six, address);
	return server->address && server->port && !remote_port;
}

static void read_file(struct survey *survey, pid_t pid, const char *name, bool six)
{
	FILE *file = process_open(pid, name);
	char line[512];

	if (!file)
		return; /* no IPv6, no UDP-Lite, or the process has ended */
	while (fgets(line, sizeof(line), file)) {
		struct server server = { .inode = 0 };

		if (read_line(line, six, &server))
			add_server(survey, server);
	}
	if (ferror(file))
		fail("/proc/net: %s; the list of sockets would be incomplete", strerror(errno));
	fclose(file);
}

static int compare_servers(const void *left, const void *right)
{
	const struct server *a = left, *b = right;

	return (a->inode > b->inode) - (a->inode < b->inode);
}

void survey_sockets(struct survey *survey, pid_t pid)
{
	static const struct {
		unsigned char family, protocol;
		const char *file;
	} kinds[] = {
		{ AF_INET, IPPROTO_UDP, "net/udp" },
		{ AF_INET6, IPPROTO_UDP, "net/udp6" },
		{ AF_INET, IPPROTO_UDPLITE, "net/udplite" },
		{ AF_INET6, IPPROTO_UDPLITE, "net/udplite6" },
	};
	int fd = open_diagnosis(pid);
	size_t kept = 0;

	*survey = (struct survey){ .servers = NULL };
	/* Not every kernel has the first way, and /proc is slow with very many sockets. */
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!ask(survey, fd, kinds[i].family, kinds[i].protocol))
			read_file(survey, pid, kinds[i].file, kinds[i].family == AF_INET6);
	if (fd >= 0)
		close(fd);
	if (!survey->servers_count)
		return;
	qsort(survey->servers, survey->servers_count, sizeof(*survey->servers), compare_servers);
	/* One that was opened or closed meanwhile may have shifted others into view twice. */
	for (size_t i = 0; i < survey->servers_count; i++)
		if (!kept || !survey->servers[i].inode ||
		    survey->servers[kept - 1].inode != survey->servers[i].inode)
			survey->servers[kept++] = survey->servers[i];
	survey->servers_count = kept;
}

unsigned long *survey_inodes(pid_t pid, size_t *count)
{
	struct survey survey;
	unsigned long *inodes;

	survey_sockets(&survey, pid);
	*count = survey.servers_count;
	inodes = calloc(*count + 1, sizeof(*inodes));
	if (!inodes)
		fail("not enough memory for the sockets of this host");
	for (size_t i = 0; i < *count; i++)
		inodes[i] = survey.servers[i].inode;
	free(survey.servers);
	return inodes;
}

static struct server *find_server(const struct survey *survey, unsigned long inode)
{
	struct server wanted = { .inode = inode };

	if (!inode || !survey->servers_count)
		return NULL;
	return bsearch(&wanted, survey->servers, survey->servers_count, sizeof(wanted),
		       compare_servers);
}

/* The descriptors that are being collected. */
struct collection {
	struct descriptor *list;
	size_t count;
};

/* Adds the sockets of one thread's table of descriptors. Returns false if it may not be read. */
static bool collect(const struct survey *survey, pid_t thread, struct collection *collection)
{
	char path[64], link[64];
	const struct dirent *entry;
	struct server *server;
	unsigned long inode;
	DIR *folder;
	bool seen = true;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)thread);
	folder = opendir(path);
	if (!folder)
		return errno == ENOENT || errno == ESRCH;
	while ((entry = readdir(folder))) {
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);

		if (length < 0 && (errno == EACCES || errno == EPERM))
			seen = *entry->d_name == '.';
		if (!seen)
			break;
		if (length <= 0)
			continue;
		link[length] = '\0';
		if (sscanf(link, "socket:[%lu]", &inode) != 1 ||
		    !(server = find_server(survey, inode)))
			continue;
		collection->list =
			grown(collection->list, collection->count, sizeof(*collection->list));
		collection->list[collection->count++] = (struct descriptor){
			.server = server, .thread = thread, .fd = atoi(entry->d_name)
		};
	}
	closedir(folder);
	return seen;
}

/* Adds those of threads that have a table of their own (unshare(CLONE_FILES)). */
static void collect_threads(const struct survey *survey, pid_t pid, pid_t first,
			    struct collection *collection)
{
	char path[64];
	const struct dirent *entry;
	struct stat status;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	folder = stat(path, &status) || status.st_nlink <= 3 ? NULL : opendir(path);
	while (folder && (entry = readdir(folder))) {
		pid_t thread = (pid_t)atoi(entry->d_name);

		if (thread > 0 && thread != first &&
		    syscall(SYS_kcmp, first, thread, KCMP_FILES, 0, 0) > 0)
			collect(survey, thread, collection);
	}
	if (folder)
		closedir(folder);
}

struct descriptor *survey_descriptors(const struct survey *survey, pid_t pid, size_t *count,
				      bool *seen)
{
	struct collection collection = { .list = NULL };
	pid_t thread = process_thread(pid);

	*seen = !thread || collect(survey, thread, &collection);
	if (thread && *seen)
		collect_threads(survey, pid, thread, &collection);
	*count = collection.count;
	return collection.list;
}

static void add_holder(size_t process, const struct descriptor *descriptor)
{
	struct server *server = descriptor->server;

	if (server->holders_count && server->holders[server->holders_count - 1].process == process)
		return;
	server->holders = grown(server->holders, server->holders_count, sizeof(*server->holders));
	server->holders[server->holders_count++] = (struct holder){ .process = process,
								    .thread = descriptor->thread,
								    .fd = descriptor->fd };
}

void survey_processes(struct survey *survey)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;

	if (!folder)
		fail("/proc: %s", strerror(errno));
	while ((entry = readdir(folder))) {
		struct descriptor *descriptors;
		size_t count;
		bool seen;

		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		descriptors = survey_descriptors(survey, (pid_t)atoi(entry->d_name), &count, &seen);
		survey->unseen += !seen;
		if (count) {
			survey->processes = grown(survey->processes, survey->processes_count,
						  sizeof(*survey->processes));
			survey->processes[survey->processes_count++] =
				(struct process){ .pid = (pid_t)atoi(entry->d_name) };
		}
		for (size_t i = 0; i < count; i++)
			add_holder(survey->processes_count - 1, &descriptors[i]);
		free(descriptors);
	}
	closedir(folder);
}

bool process_is_keeper(const struct process *process)
{
	static const char *const names[] = { "systemd", "inetd", "xinetd" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(process->name, names[i]))
			return true;
	return false;
}
