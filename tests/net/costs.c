// SPDX-License-Identifier: MIT
// Does one thing between two marks (a write to descriptor -1), for a tracer to count its system calls: costs ACT

#define MARK() (void)!write(-1, "MARK", 4)

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT = 7400, CLIENTS = 300, SERVERS = 200, MANY = 5000, REPLIES = 10 };

static struct sockaddr_in address(const char *text, int port)
{
	struct sockaddr_in made = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };

	inet_pton(AF_INET, text, &made.sin_addr);
	return made;
}

static int server_at(int port)
{
	struct sockaddr_in any = address("0.0.0.0", port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any))) {
		perror("bind");
		exit(2);
	}
	return fd;
}

/* A peer's socket: the system calls themselves, which no library sees. */
static int raw_peer(void)
{
	struct sockaddr_in own = address("127.0.0.1", 0);
	int fd = (int)syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);

	syscall(SYS_bind, fd, &own, sizeof(own));
	return fd;
}

static void ask(int peer, int port)
{
	struct sockaddr_in there = address("127.0.0.2", port);

	syscall(SYS_sendto, peer, "x", 1, 0, &there, sizeof(there));
}

static void reply(int server)
{
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	char byte;

	if (recvfrom(server, &byte, 1, 0, (struct sockaddr *)&from, &length) != 1 ||
	    sendto(server, "y", 1, 0, (struct sockaddr *)&from, length) != 1)
		exit(3);
}

/* Not inline: both times the same stack pages are used, each of which the library asks for once. */
static __attribute__((noinline)) void reply_to_all(int server)
{
	for (int i = 0; i < REPLIES; i++)
		reply(server);
}

/* The requests wait beforehand, so that no call of the peer is counted. */
static void serve(int port)
{
	int server = server_at(port), peer = raw_peer();

	for (int times = 0; times < 2; times++) {
		for (int i = 0; i < REPLIES; i++)
			ask(peer, port);
		if (times)
			MARK();
		reply_to_all(server);
	}
	MARK();
}

static void replies(void)
{
	serve(PORT);
}

static void replies_among_many(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < MANY; i++)
		server_at(10000 + i);
	serve(PORT);
}

static void in_child(long child)
{
	if (!child) {
		serve(PORT);
		_exit(0);
	}
	wait(NULL);
}

static void replies_of_child(void)
{
	in_child(fork());
}

/* No handler of pthread_atfork() is called. */
static void replies_of_cloned_child(void)
{
	in_child(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

/* Not inline, for the same reason as reply_to_all(). */
static __attribute__((noinline)) void send_by_all(const int *clients)
{
	struct sockaddr_in nowhere = address("127.0.0.1", 9);

	for (int i = 0; i < CLIENTS; i++)
		sendto(clients[i], "q", 1, MSG_DONTWAIT, (struct sockaddr *)&nowhere,
		       sizeof(nowhere));
}

/* A forked daemon with many clients, which binds servers. */
static void clients_after_bind(void)
{
	int clients[CLIENTS];

	if (fork()) {
		wait(NULL);
		return;
	}
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = socket(AF_INET, SOCK_DGRAM, 0);
	send_by_all(clients);
	serve(PORT);
	for (int i = 0; i < SERVERS; i++)
		server_at(10000 + i);
	send_by_all(clients);
	MARK();
	send_by_all(clients);
	MARK();
	_exit(0);
}

static __attribute__((noinline)) void connect_clients(int count)
{
	struct sockaddr_in nowhere = address("127.0.0.1", 9);

	for (int i = 0; i < count; i++) {
		int client = socket(AF_INET, SOCK_DGRAM, 0);

		connect(client, (struct sockaddr *)&nowhere, sizeof(nowhere));
		send(client, "q", 1, MSG_DONTWAIT);
		close(client);
	}
}

/* New client sockets of a server that knows peers, and replies at once. */
static void new_clients(void)
{
	serve(PORT);
	connect_clients(1);
	MARK();
	connect_clients(CLIENTS);
	MARK();
}

static void stream_server(void)
{
	struct sockaddr_in own = address("127.0.0.1", PORT);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, client, served, copy;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&own, sizeof(own)) || listen(listener, 8))
		exit(2);
	MARK();
	for (int i = 0; i < REPLIES; i++) {
		client = socket(AF_INET, SOCK_STREAM, 0);
		connect(client, (struct sockaddr *)&own, sizeof(own));
		served = i % 2 ? accept(listener, NULL, NULL) : accept4(listener, NULL, NULL, 0);
		send(client, "ab", 2, 0);
		recv(served, &byte, 1, 0);
		copy = dup(served);
		recvmsg(copy, &message, 0);
		sendmsg(copy, &message, 0);
		dup2(copy, served);
		recv(client, &byte, 1, 0);
		close(copy);
		close(served);
		close(client);
	}
	MARK();
}

/* Descriptors come, and there is room for none. */
static void unix_sockets(void)
{
	char byte = 'x', control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr header = { .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS,
				  .cmsg_len = CMSG_LEN(sizeof(int)) };
	int ends[2];

	MARK();
	for (int i = 0; i < REPLIES; i++) {
		socketpair(AF_UNIX, i % 2 ? SOCK_DGRAM : SOCK_STREAM, 0, ends);
		memcpy(control, &header, sizeof(header));
		memcpy(control + CMSG_LEN(0), &ends[0], sizeof(int));
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		sendmsg(ends[0], &message, 0);
		message.msg_controllen = 0;
		message.msg_control = NULL;
		recvmsg(ends[1], &message, 0);
		close(ends[0]);
		close(ends[1]);
	}
	MARK();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*act)(void);
	} acts[] = {
		{ "replies", replies },
		{ "replies-among-many-sockets", replies_among_many },
		{ "replies-of-a-child", replies_of_child },
		{ "replies-of-a-cloned-child", replies_of_cloned_child },
		{ "clients-after-a-bind", clients_after_bind },
		{ "new-clients", new_clients },
		{ "stream-server", stream_server },
		{ "unix-sockets", unix_sockets },
	};

	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		if (argc > 1 && strcmp(argv[1], acts[i].name))
			continue;
		if (argc > 1)
			acts[i].act();
		else
			puts(acts[i].name);
	}
	return 0;
}
