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
#include "../../lib/host.h"
#include "descriptors.h"

/*
 * A client for each case: their server processes are forked from one, so they share what they know
 * of a peer, as the workers of one server do.
 */
enum { FIRST_CLIENT = 6001, SECOND_CLIENT, THIRD_CLIENT };

static int client_on(int port)
{
	int fd = bound_socket(&kernel_side, "127.0.0.1", port), one = 1;

	kernel_side.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	return fd;
}

/* The client asks at an address, and the server reads that. */
static struct address ask_and_hear(int server, int client, const char *host)
{
	ask_at(client, host);
	return hear(&library_side, server);
}

/* Sends an answer, which has to come from that address. */
static void check_answer_from(int server, int client, const struct address *peer, const char *host)
{
	need(tell(&library_side, server, peer), "answering");
	check_source(client, host);
}

/* With a source of the program's own choice. */
static void send_from_elsewhere(int server, const struct address *to)
{
	_Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {
		0
	};
	struct in_pktinfo info = { .ipi_spec_dst = address_of("127.0.0.99", 0).name.v4.sin_addr };
	struct cmsghdr header = { .cmsg_level = IPPROTO_IP,
				  .cmsg_type = IP_PKTINFO,
				  .cmsg_len = CMSG_LEN(sizeof(info)) };
	struct address copy = *to;
	struct msghdr message = { .msg_name = &copy.name,
				  .msg_namelen = copy.length,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };

	memcpy(control, &header, sizeof(header));
	memcpy(control + CMSG_LEN(0), &info, sizeof(info));
	need(sendmsg(server, &message, 0), "sendmsg");
}

/* The queued error names the peer, and the address it came to: not the one that was asked. */
void case_error_teaches_nothing(void)
{
	int server = wildcard_socket(AF_INET, SERVER_PORT), client = client_on(FIRST_CLIENT), on = 1;
	struct address peer;
	char text[64], control[256];
	struct iovec part = { text, sizeof(text) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };

	need(setsockopt(server, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), "IP_RECVERR");
	peer = ask_and_hear(server, client, "127.0.0.53");
	close(client);
	send_from_elsewhere(server, &peer);
	await_error(server);
	need(recvmsg(server, &message, MSG_ERRQUEUE), "the queued error");
	check(recv(server, text, sizeof(text), MSG_DONTWAIT) < 0, "there is no datagram");
	client = client_on(FIRST_CLIENT);
	check_answer_from(server, client, &peer, "127.0.0.53");
}

/* Nobody can answer from a broadcast address, and the older question is not meant any more. */
void case_broadcast_forgets(void)
{
	int server = wildcard_socket(AF_INET, SERVER_PORT), client = client_on(SECOND_CLIENT);
	struct address peer = ask_and_hear(server, client, "127.0.0.53");

	check_answer_from(server, client, &peer, "127.0.0.53");
	ask_and_hear(server, client, "127.255.255.255");
	check_answer_from(server, client, &peer, "127.0.0.1");
	ask_and_hear(server, client, "127.0.0.53");
	check_answer_from(server, client, &peer, "127.0.0.53");
}

static void set_alias(const char *host)
{
	struct ifreq request = { .ifr_name = "lo:1" };
	struct address name = address_of(host ? host : "0.0.0.0", 0);
	int fd = hidden_socket(0);

	memcpy(&request.ifr_addr, &name.name.v4, sizeof(name.name.v4));
	if (host)
		need(ioctl(fd, SIOCSIFADDR, &request), "adding an address");
	else
		need(ioctl(fd, SIOCSIFFLAGS, &request), "removing an address");
	close(fd);
}

/* The address is gone: the answer goes out all the same, as the kernel would send it. */
void case_address_removed(void)
{
	int server = wildcard_socket(AF_INET, SERVER_PORT), client = client_on(THIRD_CLIENT);
	struct address peer;

	set_alias("192.0.2.7");
	peer = ask_and_hear(server, client, "192.0.2.7");
	check_answer_from(server, client, &peer, "192.0.2.7");
	set_alias(NULL);
	errno = 0;
	need(tell(&library_side, server, &peer), "answering");
	check(!errno, "errno %d", errno);
	check_source(client, "127.0.0.1");
	check_answer_from(server, client, &peer, "127.0.0.1");
}
