// SPDX-License-Identifier: MIT
// What teaches the library nothing, or takes back what it knew, seen by the answers' source.

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/loopback.h"
#include "descriptors.h"

static struct sockaddr_in address_of(const char *host, int port)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };

	inet_pton(AF_INET, host, &name.sin_addr);
	return name;
}

/*
 * A client for each case: their server processes are forked from one, so they share what they know
 * of a peer, as the workers of one server do.
 */
enum { FIRST_CLIENT = 6001, SECOND_CLIENT, THIRD_CLIENT };

static int client_at(int port)
{
	struct sockaddr_in name = address_of("127.0.0.1", port);
	int fd = (int)need(kernel_side.socket(AF_INET, SOCK_DGRAM, 0), "socket"), one = 1;

	kernel_side.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	need(kernel_side.bind(fd, (struct sockaddr *)&name, sizeof(name)), "bind");
	return fd;
}

static void ask_at(int client, const char *host)
{
	struct sockaddr_in to = address_of(host, SERVER_PORT);

	need(kernel_side.sendto(client, "?", 1, 0, (struct sockaddr *)&to, sizeof(to)), "asking");
	need(loopback_settle() ? 0 : -1, "lo");
}

static void receive(int server)
{
	char question[8];

	need(recv(server, question, sizeof(question), 0), "recv");
}

/* Sends an answer; is it from that address? */
static bool answers_from(int server, int client, const char *host)
{
	struct sockaddr_in expected = address_of(host, SERVER_PORT), to, from;
	socklen_t length = sizeof(from);
	char answer[8];

	need(getsockname(client, (struct sockaddr *)&to, &length), "getsockname");
	need(sendto(server, "!", 1, 0, (struct sockaddr *)&to, sizeof(to)), "answering");
	need(loopback_settle() ? 0 : -1, "lo");
	need(kernel_side.recvfrom(client, answer, sizeof(answer), MSG_DONTWAIT,
				  (struct sockaddr *)&from, &length),
	     "the answer");
	return from.sin_addr.s_addr == expected.sin_addr.s_addr;
}

/* With a source of the program's own choice. */
static void send_from_elsewhere(int server, struct sockaddr_in *to)
{
	_Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {
		0
	};
	struct in_pktinfo info = { .ipi_spec_dst = address_of("127.0.0.99", 0).sin_addr };
	struct cmsghdr header = { .cmsg_level = IPPROTO_IP,
				  .cmsg_type = IP_PKTINFO,
				  .cmsg_len = CMSG_LEN(sizeof(info)) };
	struct msghdr message = { .msg_name = to,
				  .msg_namelen = sizeof(*to),
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };

	memcpy(control, &header, sizeof(header));
	memcpy(control + CMSG_LEN(0), &info, sizeof(info));
	need(sendmsg(server, &message, 0), "sendmsg");
}

/* The queued error names the peer, and the address it came to: not the one that was asked. */
void case_error_teaches_nothing(void)
{
	struct sockaddr_in to = address_of("127.0.0.1", FIRST_CLIENT);
	int server = wildcard_socket(AF_INET, SERVER_PORT), client = client_at(FIRST_CLIENT);
	char text[64], control[256];
	int on = 1;
	struct sockaddr_in name;
	struct iovec part = { text, sizeof(text) };
	struct msghdr message = { .msg_name = &name,
				  .msg_namelen = sizeof(name),
				  .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };

	need(setsockopt(server, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), "IP_RECVERR");
	ask_at(client, "127.0.0.53");
	receive(server);
	close(client);
	send_from_elsewhere(server, &to);
	need(recvmsg(server, &message, MSG_ERRQUEUE), "the queued error");
	check(recv(server, text, sizeof(text), MSG_DONTWAIT) < 0, "there is no datagram");
	client = client_at(FIRST_CLIENT);
	check(answers_from(server, client, "127.0.0.53"), "another source after an error");
}

/* Nobody can answer from a broadcast address, and the older question is not meant any more. */
void case_broadcast_forgets(void)
{
	int server = wildcard_socket(AF_INET, SERVER_PORT), client = client_at(SECOND_CLIENT);

	ask_at(client, "127.0.0.53");
	receive(server);
	check(answers_from(server, client, "127.0.0.53"), "source");
	ask_at(client, "127.255.255.255");
	receive(server);
	check(answers_from(server, client, "127.0.0.1"), "the older source, after a broadcast");
	ask_at(client, "127.0.0.53");
	receive(server);
	check(answers_from(server, client, "127.0.0.53"), "source");
}

static void set_alias(const char *host)
{
	struct ifreq request = { .ifr_name = "lo:1" };
	struct sockaddr_in name = address_of(host ? host : "0.0.0.0", 0);
	int fd = hidden_socket(0);

	memcpy(&request.ifr_addr, &name, sizeof(name));
	if (host)
		need(ioctl(fd, SIOCSIFADDR, &request), "adding an address");
	else
		need(ioctl(fd, SIOCSIFFLAGS, &request), "removing an address");
	close(fd);
}

/* The address is gone: the answer goes out all the same, as the kernel would send it. */
void case_address_removed(void)
{
	int server = wildcard_socket(AF_INET, SERVER_PORT), client = client_at(THIRD_CLIENT);

	set_alias("192.0.2.7");
	ask_at(client, "192.0.2.7");
	receive(server);
	check(answers_from(server, client, "192.0.2.7"), "source");
	set_alias(NULL);
	errno = 0;
	check(answers_from(server, client, "127.0.0.1"), "source of its own");
	check(!errno, "errno %d", errno);
	check(answers_from(server, client, "127.0.0.1"), "source of its own, again");
}
