// SPDX-License-Identifier: MIT
// The peer sends before each call of which the library's connect() consists: what of it is refused?

#include <linux/sock_diag.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/interposer.h"
#include "../../lib/deadline.h"
#include "../../lib/host.h"
#include "../../lib/preload.h"

#define CLIENT_LL "fe80::4"

static struct interposer *interposer;

static struct conversation {
	int server, client;
	struct address peer;
	unsigned int sent, refused;
} talk;

/* What the server's queue takes of memory: it grows with each datagram. */
static uint32_t queued(void)
{
	uint32_t memory[SK_MEMINFO_VARS];
	socklen_t length = sizeof(memory);

	need(kernel_side.getsockopt(talk.server, SOL_SOCKET, SO_MEMINFO, memory, &length), "queue");
	return memory[SK_MEMINFO_RMEM_ALLOC];
}

/* One datagram more from the peer; it is in the queue, or an ICMP error came back, on return. */
static void send_one(void)
{
	uint32_t before = queued();
	struct pollfd error = { .fd = talk.client };
	int pending;
	socklen_t length = sizeof(pending);

	need(kernel_side.send(talk.client, "?", 1, 0), "the peer's send");
	talk.sent++;
	for (int i = 0; i < deadline_ms() && queued() == before; i++) {
		if (poll(&error, 1, 1) != 1)
			continue;
		kernel_side.getsockopt(talk.client, SOL_SOCKET, SO_ERROR, &pending, &length);
		talk.refused++;
		return;
	}
	check(queued() != before, "a datagram neither came nor was refused");
}

/* A server on the wildcard address, asked at one of the host's by a client. */
static void start(const char *wildcard, const char *client, const char *asked)
{
	struct address server = address_of(asked, SERVER_PORT);

	talk = (struct conversation){ .server = bound_socket(&library_side, wildcard, SERVER_PORT),
				      .client = client_at(client) };
	ask_at(talk.client, asked);
	talk.peer = hear(&library_side, talk.server);
	need(kernel_side.connect(talk.client, &server.name.any, server.length), "the client");
}

static void check_local(const char *expected)
{
	struct address name = { .length = sizeof(name.name) }, asked = address_of(expected, 0);
	bool same;

	need(getsockname(talk.server, &name.name.any, &name.length), "getsockname");
	if (name.name.any.sa_family == AF_INET)
		same = name.name.v4.sin_addr.s_addr == asked.name.v4.sin_addr.s_addr;
	else if (asked.name.any.sa_family == AF_INET)
		same = name.name.v6.sin6_addr.s6_addr32[3] == asked.name.v4.sin_addr.s_addr;
	else
		same = IN6_ARE_ADDR_EQUAL(&name.name.v6.sin6_addr, &asked.name.v6.sin6_addr);
	check(same, "connected from another address than %s", expected);
}

/* The server connects, and all that was not refused is there; the answer comes from `asked`. */
static void check_connect(const char *asked, unsigned int refused)
{
	unsigned int heard = 0;
	char byte;

	interposer->between = send_one;
	need(library_side.connect(talk.server, &talk.peer.name.any, talk.peer.length), "connect");
	interposer->between = NULL;
	send_one();
	check_local(asked);
	while (library_side.recv(talk.server, &byte, 1, MSG_DONTWAIT) == 1)
		heard++;
	check(talk.sent > 4, "only %u datagrams", talk.sent);
	check(talk.refused == refused, "%u of %u refused", talk.refused, talk.sent);
	check(heard == talk.sent - talk.refused, "%u of %u heard", heard, talk.sent);
	need(library_side.send(talk.server, "!", 1, 0), "send");
	need(kernel_side.recv(talk.client, &byte, 1, 0), "the answer");
}

/* How long the socket's routing header is. */
static socklen_t hops(int fd)
{
	char header[64];
	socklen_t length = sizeof(header);

	need(kernel_side.getsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, header, &length), "IPV6_RTHDR");
	return length;
}

static void case_v6(void)
{
	make_hosts();
	start("::", CLIENT6, ASKED6);
	check_connect(ASKED6, 0);
	check(!hops(talk.server), "a routing header stays");
}

static void case_link_local(void)
{
	make_hosts();
	ip("addr add " CLIENT_LL "/128 dev lo nodad");
	await_address(CLIENT_LL);
	start("::", CLIENT_LL, ASKED_LL);
	check_connect(ASKED_LL, 0);
	check(!hops(talk.server), "a routing header stays");
}

/* The way to a link-local peer starts on its link, where the address need not be. */
static void case_link_local_peer(void)
{
	make_hosts();
	start("::", ASKED_LL, ASKED6);
	check_connect(ASKED6, 1);
}

static void case_no_hops(void)
{
	make_hosts();
	start("::", CLIENT6, ASKED6);
	interposer->refuses_hops = true;
	check_connect(ASKED6, 1);
}

/* A header with one hop, the peer itself (RFC 8754). */
static void case_own_hops(void)
{
	struct {
		unsigned char next, length, type, segments_left, last_entry, flags, tag[2];
		struct in6_addr hop;
	} header = { .length = 2, .type = 4 };

	make_hosts();
	start("::", CLIENT6, ASKED6);
	header.hop = talk.peer.name.v6.sin6_addr;
	need(kernel_side.setsockopt(talk.server, IPPROTO_IPV6, IPV6_RTHDR, &header, sizeof(header)),
	     "the program's routing header");
	interposer->between = send_one;
	need(library_side.connect(talk.server, &talk.peer.name.any, talk.peer.length), "connect");
	interposer->between = NULL;
	check(hops(talk.server) == sizeof(header), "the program's routing header is gone");
}

static void *connect_and_end(void *unused)
{
	pthread_cancel(pthread_self());
	library_side.connect(talk.server, &talk.peer.name.any, talk.peer.length);
	pthread_testcancel();
	return unused;
}

/* Others use the socket when the thread is gone. */
static void case_cancelled(void)
{
	pthread_t thread;
	void *result;

	make_hosts();
	start("::", CLIENT6, ASKED6);
	check(!pthread_create(&thread, NULL, connect_and_end, NULL), "pthread_create");
	check(!pthread_join(thread, &result) && result == PTHREAD_CANCELED, "not cancelled");
	check(!hops(talk.server), "a routing header stays");
}

/* Of an address of its own, the kernel's choice of source is that address. */
static void case_v4_choice(void)
{
	make_hosts();
	start("0.0.0.0", CLIENT, CLIENT);
	check_connect(CLIENT, 0);
}

static void case_dual_choice(void)
{
	make_hosts();
	start("::", CLIENT, CLIENT);
	check_connect(CLIENT, 0);
}

/* The one that comes between the two steps, and no other. */
static void case_v4(void)
{
	make_hosts();
	start("0.0.0.0", CLIENT, ASKED);
	check_connect(ASKED, 1);
}

static void case_dual(void)
{
	make_hosts();
	start("::", CLIENT, ASKED);
	check_connect(ASKED, 1);
}

/* For another port the kernel's choice is another: what was tried beforehand does not hold. */
static void case_other_choice(void)
{
	make_hosts();
	ip("rule add pref 10 lookup local");
	/* UDP by its number: not every system has /etc/protocols. */
	ip("rule add pref 1 ipproto 17 sport 5000 lookup 100");
	ip("rule del pref 0");
	ip("route add local " CLIENT " dev lo src " OTHER " table 100");
	start("0.0.0.0", CLIENT, CLIENT);
	need(library_side.connect(talk.server, &talk.peer.name.any, talk.peer.length), "connect");
	check_local(CLIENT);
}

static const struct test_case cases[] = {
	{ "IPv6: nothing is refused", case_v6 },
	{ "IPv6, link-local: nothing is refused", case_link_local },
	{ "IPv6, from link-local to global: one is refused", case_link_local_peer },
	{ "IPv6 without routing headers: one is refused", case_no_hops },
	{ "the program's own routing header stays", case_own_hops },
	{ "a thread is cancelled in connect()", case_cancelled },
	{ "IPv4, the kernel's choice: nothing is refused", case_v4_choice },
	{ "dual-stack, the kernel's choice: nothing is refused", case_dual_choice },
	{ "IPv4: one is refused", case_v4 },
	{ "dual-stack: one is refused", case_dual },
	{ "IPv4, and the kernel chooses otherwise than it seemed", case_other_choice },
};

int main(int argc, char **argv)
{
	(void)argc;
	interposer = run_under_interposer(argv);
	return run_on_hosts(cases, sizeof(cases) / sizeof(*cases));
}
