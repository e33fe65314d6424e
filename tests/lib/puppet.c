// SPDX-License-Identifier: MIT
/*
 * A program that does what it is told on standard input, in a thread or child of a given name:
 *
 *   WORKER thread NAME | WORKER fork NAME          a new worker, made by that one
 *   WORKER open FAMILY PORT                        a wildcard socket (4, 6, or d: dual-stack; 0: not bound)
 *   WORKER sendto|sendmsg|sendmmsg FD ADDRESS PORT TEXT
 *   WORKER connect FD ADDRESS PORT | WORKER disconnect FD | WORKER send FD TEXT
 *   WORKER repeat COUNT FD ADDRESS PORT TEXT       sendto, so often
 *   WORKER receive FD | WORKER peek FD             waits for a datagram
 *   WORKER listen PORT | WORKER accept FD          TCP
 *   WORKER bind FD ADDRESS PORT | WORKER name FD   what getsockname() says
 *   WORKER both FD ADDRESS PORT PORT TEXT          sendmmsg() to two ports: how many went
 *   WORKER confine COUNT                           from now on socket() kills, and with 2 connect() too
 *   WORKER netns PATH                              moves the worker to that network namespace
 *
 * It answers each line with one: a number, a text, or "error ERRNO". The first worker is "main".
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deadline.h"
#include "filter.h"

enum { WORKERS = 8, LINE = 512, WORDS = 8 };

/* Shared by fork(): each worker reads its lines from one pipe and answers on another. */
static struct worker {
	char name[16];
	int lines[2], answers[2];
} workers[WORKERS];
static int worker_count;

static void work(struct worker *worker);

static void *work_in_thread(void *worker)
{
	work(worker);
	return NULL;
}

/* All pipes are made at the start, so that every process has them. */
static long start_worker(const char *how, const char *name)
{
	struct worker *worker = NULL;
	pthread_t thread;
	pid_t child;

	for (int i = 0; i < WORKERS && !worker; i++)
		if (!strcmp(workers[i].name, name))
			worker = &workers[i];
	if (!worker)
		return -1;
	if (!strcmp(how, "thread")) {
		errno = pthread_create(&thread, NULL, work_in_thread, worker);
		return errno ? -1 : 0;
	}
	child = fork();
	if (!child) {
		work(worker);
		_exit(0);
	}
	return child < 0 ? -1 : 0;
}

static socklen_t read_address(struct sockaddr_storage *into, const char *address, const char *port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)into;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)into;

	memset(into, 0, sizeof(*into));
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((in_port_t)atoi(port));
		return sizeof(*v4);
	}
	inet_pton(AF_INET6, address, &v6->sin6_addr);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((in_port_t)atoi(port));
	return sizeof(*v6);
}

static long open_socket(const char *family, const char *port)
{
	int domain = *family == '4' ? AF_INET : AF_INET6, off = *family == '6', on = 1;
	int fd = socket(domain, SOCK_DGRAM, 0);
	struct sockaddr_storage any;
	socklen_t length = read_address(&any, *family == '4' ? "0.0.0.0" : "::", port);

	if (fd < 0 || !atoi(port))
		return fd;
	if (domain == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(fd, (struct sockaddr *)&any, length) ? -1 : fd;
}

static long send_by(const char *call, int fd, const char *address, const char *port,
		    const char *text)
{
	struct sockaddr_storage to;
	socklen_t length = read_address(&to, address, port);
	struct iovec part = { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };
	struct mmsghdr message = { .msg_hdr = { .msg_name = &to,
						.msg_namelen = length,
						.msg_iov = &part,
						.msg_iovlen = 1 } };

	if (!strcmp(call, "sendto"))
		return sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, length);
	if (!strcmp(call, "sendmsg"))
		return sendmsg(fd, &message.msg_hdr, 0);
	return sendmmsg(fd, &message, 1, 0);
}

/* One sendmmsg() to two ports of that address. */
static long send_both(int fd, char **words)
{
	struct sockaddr_storage to[2];
	struct iovec part = { .iov_base = words[5], .iov_len = strlen(words[5]) };
	struct mmsghdr messages[2] = { 0 };

	for (int i = 0; i < 2; i++)
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &to[i],
						       .msg_namelen = read_address(&to[i], words[2],
										   words[3 + i]),
						       .msg_iov = &part,
						       .msg_iovlen = 1 };
	return sendmmsg(fd, messages, 2, 0);
}

static long name_of(int fd, char *text)
{
	struct sockaddr_in name;
	socklen_t length = sizeof(name);

	if (getsockname(fd, (struct sockaddr *)&name, &length))
		return -1;
	inet_ntop(AF_INET, &name.sin_addr, text, LINE);
	return 0;
}

static long confine(size_t count)
{
	static const unsigned int calls[] = { SYS_socket, SYS_connect };

	return filter_calls(calls, count, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ALLOW);
}

static long receive(int fd, int flags, char *text)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	ssize_t n;

	if (poll(&waiting, 1, 2 * deadline_ms()) != 1)
		return -1;
	n = recvfrom(fd, text, LINE - 1, flags, (struct sockaddr *)&from, &length);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

static long listen_at(const char *port)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 1;
	struct sockaddr_storage any;
	socklen_t length = read_address(&any, "::", port);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(fd, (struct sockaddr *)&any, length) || listen(fd, 8) ? -1 : fd;
}

static long move(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long result = fd < 0 ? -1 : setns(fd, CLONE_NEWNET);

	close(fd);
	return result;
}

static long obey(char **words, char *text)
{
	struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
	struct sockaddr_storage to;
	socklen_t length;
	const char *call = words[0];
	int fd = words[1] ? atoi(words[1]) : -1, on = 1;
	long n = 0;

	*text = '\0';
	if (!strcmp(call, "thread") || !strcmp(call, "fork"))
		return start_worker(call, words[1]);
	if (!strcmp(call, "open"))
		return open_socket(words[1], words[2]);
	if (!strcmp(call, "receive") || !strcmp(call, "peek"))
		return receive(fd, *call == 'p' ? MSG_PEEK : 0, text);
	if (!strcmp(call, "connect")) {
		length = read_address(&to, words[2], words[3]);
		return connect(fd, (struct sockaddr *)&to, length);
	}
	if (!strcmp(call, "bind")) {
		length = read_address(&to, words[2], words[3]);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		return bind(fd, (struct sockaddr *)&to, length);
	}
	if (!strcmp(call, "name"))
		return name_of(fd, text);
	if (!strcmp(call, "both"))
		return send_both(fd, words);
	if (!strcmp(call, "confine"))
		return confine((size_t)fd);
	if (!strcmp(call, "disconnect"))
		return connect(fd, &unspecified, sizeof(unspecified));
	if (!strcmp(call, "send"))
		return send(fd, words[2], strlen(words[2]), 0);
	if (!strcmp(call, "listen"))
		return listen_at(words[1]);
	if (!strcmp(call, "accept"))
		return accept(fd, NULL, NULL);
	if (!strcmp(call, "netns"))
		return move(words[1]);
	if (strcmp(call, "repeat"))
		return send_by(call, fd, words[2], words[3], words[4]);
	for (int i = 0; i < fd && n >= 0; i++)
		n = send_by("sendto", atoi(words[2]), words[3], words[4], words[5]);
	return n;
}

static void obey_line(char *line, char *answer)
{
	char *words[WORDS] = { NULL }, *rest = line, text[LINE];
	long n;

	for (int i = 0; i < WORDS - 1 && (words[i] = strtok_r(rest, " \n", &rest)); i++)
		;
	errno = 0;
	n = words[0] ? obey(words, text) : -1;
	if (n < 0)
		snprintf(answer, LINE, "error %d\n", errno);
	else if (*text)
		snprintf(answer, LINE, "%.*s\n", LINE - 2, text);
	else
		snprintf(answer, LINE, "%ld\n", n);
}

static void work(struct worker *worker)
{
	char line[LINE], answer[LINE];
	ssize_t n;

	while ((n = read(worker->lines[0], line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		obey_line(line, answer);
		if (write(worker->answers[1], answer, strlen(answer)) < 0)
			return;
	}
}

/* One line at a time: each is answered before the next is read. */
static bool pass_on(char *line)
{
	char *rest = strchr(line, ' '), answer[LINE];
	ssize_t n;

	if (!rest)
		return false;
	*rest++ = '\0';
	for (int i = 0; i < worker_count; i++) {
		if (strcmp(workers[i].name, line))
			continue;
		if (write(workers[i].lines[1], rest, strlen(rest)) < 0 ||
		    (n = read(workers[i].answers[0], answer, sizeof(answer))) <= 0)
			return false;
		return fwrite(answer, 1, (size_t)n, stdout) == (size_t)n && !fflush(stdout);
	}
	return false;
}

int main(void)
{
	static const char *const names[WORKERS] = {
		"main", "t1", "t2", "t3", "p1", "p2", "p3", "p4"
	};
	char line[LINE];
	pthread_t thread;

	for (; worker_count < WORKERS; worker_count++) {
		struct worker *worker = &workers[worker_count];

		snprintf(worker->name, sizeof(worker->name), "%s", names[worker_count]);
		if (pipe(worker->lines) || pipe(worker->answers))
			return 1;
	}
	if (pthread_create(&thread, NULL, work_in_thread, &workers[0]))
		return 1;
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		if (!pass_on(line))
			return 1;
	return 0;
}
