// SPDX-License-Identifier: MIT
// A wildcard socket, someone who asks it, and whether all is as it should be.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "asked.h"
#include "cases.h"
#include "loopback.h"

static const char asked_address[] = "127.0.0.53";

int wildcard_socket(int family, int port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((in_port_t)port) };
	int fd = (int)need(socket(family, SOCK_DGRAM, 0), "socket"), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET)
		need(bind(fd, (struct sockaddr *)&v4, sizeof(v4)), "bind");
	else
		need(bind(fd, (struct sockaddr *)&v6, sizeof(v6)), "bind");
	check(is_helped(fd), "a wildcard socket is not helped");
	return fd;
}

int hidden_socket(int port)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_port = htons((in_port_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = (int)need(kernel_side.socket(AF_INET, SOCK_DGRAM, 0), "hidden socket");

	need(kernel_side.bind(fd, (struct sockaddr *)&name, sizeof(name)), "hidden bind");
	return fd;
}

bool is_helped(int fd)
{
	int on = 0;
	socklen_t length = sizeof(on);

	return !kernel_side.getsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, &length) && on;
}

static int asker(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = hidden_socket(0);
	return fd;
}

void ask(int port, const char *text)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };

	inet_pton(AF_INET, asked_address, &to.sin_addr);
	need(kernel_side.sendto(asker(), text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)),
	     "asking");
	need(loopback_settle() ? 0 : -1, "lo");
}

bool answers(int fd, int port)
{
	struct sockaddr_storage peer;
	struct sockaddr_in from;
	socklen_t peer_length = sizeof(peer), length = sizeof(from);
	char question[16];
	ssize_t n;

	ask(port, "question");
	n = need(
		recvfrom(fd, question, sizeof(question), 0, (struct sockaddr *)&peer, &peer_length),
		"recvfrom");
	need(sendto(fd, question, (size_t)n, 0, (struct sockaddr *)&peer, peer_length), "sendto");
	need(loopback_settle() ? 0 : -1, "lo");
	need(kernel_side.recvfrom(asker(), question, sizeof(question), MSG_DONTWAIT,
				  (struct sockaddr *)&from, &length),
	     "the answer");
	return from.sin_addr.s_addr == inet_addr(asked_address);
}

static bool has_option(int fd, int level, int name)
{
	int on = 0;
	socklen_t length = sizeof(on);

	return !getsockopt(fd, level, name, &on, &length) && on;
}

bool shows_nothing(int fd, int port)
{
	char question[16], control[256];
	struct iovec vector = { question, sizeof(question) };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };

	ask(port, "question");
	need(recvmsg(fd, &message, 0), "recvmsg");
	return !message.msg_controllen && !(message.msg_flags & MSG_CTRUNC) &&
	       !has_option(fd, IPPROTO_IP, IP_PKTINFO) &&
	       !has_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
}
