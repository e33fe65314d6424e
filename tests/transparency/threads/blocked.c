// SPDX-License-Identifier: MIT
// Threads: one that waits delays no other; the smallest stack does; errno of success is untouched.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "threads.h"

enum { UNTOUCHED_ERRNO = 4095, MANY = 100 };

static struct sockaddr_in loopback(int port, const char *address)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };

	inet_pton(AF_INET, address, &name.sin_addr);
	return name;
}

/* All that another thread may do in the meantime, on that socket and on others. */
static void do_everything_else(int fd)
{
	struct sockaddr_in to = loopback(9, "127.0.0.1");
	struct iovec part = { &to, 1 };
	struct mmsghdr message = { .msg_hdr = { .msg_name = &to,
						.msg_namelen = sizeof(to),
						.msg_iov = &part,
						.msg_iovlen = 1 } };
	int one = 1, other = wildcard_socket(AF_INET6, OTHER_PORT), status = -1;
	socklen_t length = sizeof(one);
	pid_t child;

	check(sendto(fd, "", 0, 0, (struct sockaddr *)&to, sizeof(to)) == 0, "sendto");
	check(sendmsg(fd, &message.msg_hdr, 0) == 1, "sendmsg");
	check(sendmmsg(fd, &message, 1, 0) == 1, "sendmmsg");
	check(!setsockopt(fd, IPPROTO_IP, IP_TTL, &one, sizeof(one)), "setsockopt");
	check(!getsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, &length) && !one, "getsockopt");
	check(answers(other, OTHER_PORT), "another socket");
	child = (pid_t)need(fork(), "fork");
	if (!child)
		_exit(!answers(other, OTHER_PORT) || close(fd));
	need(waitpid(child, &status, 0), "waitpid");
	check(!status, "in a forked child: %#x", (unsigned int)status);
	check(!close(dup(fd)) && !close(other), "close");
}

void case_blocked(void)
{
	int fd = wildcard_socket(AF_INET, SERVER_PORT);
	struct receiver receiver, second;

	for (int i = 0; i < RECEIVERS; i++) {
		receiver_start(&receiver, i, fd);
		receiver_await_blocked(&receiver);
		do_everything_else(fd);
		receiver_start(&second, (i + 1) % RECEIVERS, fd);
		receiver_await_blocked(&second);
		ask(SERVER_PORT, "first");
		ask(SERVER_PORT, "other");
		/* recvmmsg() may have taken both. */
		if (i != 3 && (i + 1) % RECEIVERS != 3) {
			receiver_join(&second);
			receiver_join(&receiver);
			check(receiver.result == 5 && second.result == 5, "%s: %zd, %zd",
			      receiver_names[i], receiver.result, second.result);
			continue;
		}
		pthread_cancel(second.thread);
		pthread_cancel(receiver.thread);
		receiver_join(&second);
		receiver_join(&receiver);
		while (kernel_side.recv(fd, NULL, 0, MSG_DONTWAIT) >= 0)
			;
	}
}

/* Each hook from its first use on, in a thread that has next to no room. */
static void *use_all(void *argument)
{
	struct sockaddr_in to = loopback(OTHER_PORT, "127.0.0.1");
	int fd = wildcard_socket(AF_INET, SERVER_PORT), copy, fresh;

	(void)argument;
	check(answers(fd, SERVER_PORT), "source");
	check(shows_nothing(fd, SERVER_PORT), "shows");
	for (int i = 0; i < RECEIVERS; i++) {
		ask(SERVER_PORT, "small");
		check(receiver_call(i, fd) == 5, "%s", receiver_names[i]);
	}
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	dup2(fd, copy);
	check(answers(copy, SERVER_PORT), "source");
	fresh = (int)need(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	check(!connect(fresh, (struct sockaddr *)&to, sizeof(to)), "connect");
	check(send(fresh, "", 0, 0) == 0, "send");
	close(fresh);
	close(copy);
	close(fd);
	return NULL;
}

void case_smallest_stack(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN);
	for (int i = 0; i < 3; i++) {
		need(-pthread_create(&thread, &attributes, use_all, NULL), "pthread_create");
		need(-pthread_join(thread, NULL), "pthread_join");
	}
	pthread_attr_destroy(&attributes);
}

/* All of them wait in recvmmsg() for long vectors at once. */
void case_many_threads(void)
{
	static struct receiver receivers[MANY];
	int fd = wildcard_socket(AF_INET, SERVER_PORT);

	for (int i = 0; i < MANY; i++)
		receiver_start(&receivers[i], 3, fd);
	for (int i = 0; i < MANY; i++)
		receiver_await_blocked(&receivers[i]);
	for (int i = 0; i < MANY; i++)
		pthread_cancel(receivers[i].thread);
	for (int i = 0; i < MANY; i++)
		check(receiver_join(&receivers[i]), "thread %d was not cancelled", i);
	check(answers(fd, SERVER_PORT), "source");
}

#define untouched(call)                                                     \
	do {                                                                \
		errno = UNTOUCHED_ERRNO;                                    \
		need(call, #call);                                          \
		check(errno == UNTOUCHED_ERRNO, #call ": errno %d", errno); \
	} while (0)

void case_errno(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(SERVER_PORT) };
	struct sockaddr_in peer, gone = { .sin_family = AF_UNSPEC };
	socklen_t length = sizeof(peer), size = sizeof(int);
	int fd, copy = 50, on = 1, fds[2];
	char text[16];

	untouched(fd = socket(AF_INET, SOCK_DGRAM, 0));
	untouched(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	untouched(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)));
	untouched(getsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, &size));
	untouched(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF,
			     &(struct ip_mreqn){ .imr_ifindex = 1 }, sizeof(struct ip_mreqn)));
	untouched(dup2(fd, copy));
	untouched(dup3(fd, copy, O_CLOEXEC));
	untouched(close(fcntl(fd, F_DUPFD, 0)));
	untouched(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
	ask(SERVER_PORT, "question");
	untouched(recvfrom(copy, text, sizeof(text), 0, (struct sockaddr *)&peer, &length));
	untouched(sendto(copy, text, 8, 0, (struct sockaddr *)&peer, length));
	untouched(connect(copy, (struct sockaddr *)&peer, length)); /* in two steps */
	untouched(send(copy, text, 8, 0));
	untouched(connect(copy, (struct sockaddr *)&gone, sizeof(gone)));
	untouched(close(copy));
}
