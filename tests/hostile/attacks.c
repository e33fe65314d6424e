// SPDX-License-Identifier: MIT
/*
 * Sends frames as quickly as the server reads them: after each batch a datagram that the server
 * answers at once, and no more than two batches are under way. So no queue gets full, with the
 * library or without.
 *
 *   attacks ATTACK INTERFACE SERVER-MAC SEED PEERS ADDRESS...
 *
 * "ready" on standard output: the server has read enough to fill its table of PEERS twice, if the
 * attack does that. Goes on until its standard input ends.
 */

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attack.h"

enum { BATCH = 64, CALM = 64 /* peers */, VICTIMS = 8, PATIENCE = 1 /* seconds */ };

struct end any_destination(struct attack *attack)
{
	return (struct end){ attack->destinations[chance(&attack->random, attack->count)],
			     SERVER_PORT };
}

bool has_family(const struct attack *attack, bool is_v4)
{
	for (unsigned int i = 0; i < attack->count; i++)
		if (!!IN6_IS_ADDR_V4MAPPED(&attack->destinations[i]) == is_v4)
			return true;
	return false;
}

static struct in6_addr numbered_host(uint32_t number, bool is_v4)
{
	/* 203.0.113.0/24; 2001:db8:8000::/34, which no link is in. */
	if (is_v4)
		return mapped(0xcb007100u | (number & 0xff));
	return (struct in6_addr){ .s6_addr32 = { htonl(0x20010db8), htonl(0x80000000), 0,
						 htonl(number) } };
}

struct end any_source(struct attack *attack, const struct end *to)
{
	bool is_v4 = IN6_IS_ADDR_V4MAPPED(&to->host);
	struct end from = { numbered_host(chance(&attack->random, 1u << 31), is_v4),
			    (uint16_t)(1 + chance(&attack->random, 65535)) };

	if (!is_v4)
		for (int i = 1; i < 4; i++)
			from.host.s6_addr32[i] |= htonl(chance(&attack->random, 1u << 30));
	return from;
}

void frame_flood(struct attack *attack, struct frame *frame, const struct end *from,
		 const struct end *to)
{
	struct message message = { .kind = FLOOD, .delay = chance(&attack->random, 1024) };

	frame_udp(frame, from, to, &message, sizeof(message));
}

/* No attack: as much traffic, but from peers that stay, and stay with an address. */
static void calm(struct attack *attack, struct frame *frame)
{
	uint32_t who = (uint32_t)(attack->sent % CALM);
	struct end to = { attack->destinations[who % attack->count], SERVER_PORT };
	struct end from = { numbered_host(who, IN6_IS_ADDR_V4MAPPED(&to.host)), 1000 };

	frame_flood(attack, frame, &from, &to);
}

static void random_sources(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack), from = any_source(attack, &to);

	frame_flood(attack, frame, &from, &to);
}

static void all_ports(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack);
	struct end from = { numbered_host(1, IN6_IS_ADDR_V4MAPPED(&to.host)),
			    (uint16_t)(1 + attack->sent % 65535) };

	frame_flood(attack, frame, &from, &to);
}

static void many_hosts(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack);
	struct end from = { numbered_host((uint32_t)attack->sent, IN6_IS_ADDR_V4MAPPED(&to.host)),
			    CLIENT_PORT };

	frame_flood(attack, frame, &from, &to);
}

/* 65,536 local addresses one after the other: 2001:db8:a::/112, 198.51.100.64/26. */
static void many_addresses(struct attack *attack, struct frame *frame)
{
	uint32_t number = (uint32_t)(attack->sent & 0xffff);
	bool is_v4 = !has_family(attack, false) || (has_family(attack, true) && number % 8 == 0);
	struct end from = { numbered_host((uint32_t)(attack->sent % CALM), is_v4), 1000 };
	struct end to = { mapped(0xc6336440u + number / 8 % 64), SERVER_PORT };

	if (!is_v4)
		to.host = (struct in6_addr){ .s6_addr32 = { htonl(0x20010db8), htonl(0xa0000), 0,
							    htonl(number) } };
	frame_flood(attack, frame, &from, &to);
}

static void turncoats(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack);
	struct end from = {
		numbered_host(chance(&attack->random, CALM), IN6_IS_ADDR_V4MAPPED(&to.host)), 1000
	};

	frame_flood(attack, frame, &from, &to);
}

/* In the name of some well-behaved hosts, at any of the server's addresses. */
static void impostors(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack);
	struct end from = { client_host(chance(&attack->random, VICTIMS),
					IN6_IS_ADDR_V4MAPPED(&to.host)),
			    CLIENT_PORT };

	frame_flood(attack, frame, &from, &to);
}

/* Other ports of the same hosts. */
static void neighbours(struct attack *attack, struct frame *frame)
{
	struct end to = any_destination(attack);
	struct end from = { client_host(chance(&attack->random, CLIENTS),
					IN6_IS_ADDR_V4MAPPED(&to.host)),
			    (uint16_t)(CLIENT_PORT + 1 + chance(&attack->random, 60000)) };

	frame_flood(attack, frame, &from, &to);
}

static const struct {
	const char *name;
	next_frame *next;
} table[] = {
	{ "calm", calm },	    { "sources", random_sources },   { "ports", all_ports },
	{ "hosts", many_hosts },    { "addresses", many_addresses }, { "turncoats", turncoats },
	{ "garbage", garbage },	    { "port-zero", port_zero },	     { "icmp", icmp_and_requests },
	{ "impostors", impostors }, { "neighbours", neighbours },    { "aimed", aimed },
};

static int open_link(const char *interface, const char *server)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	struct ifreq request = { .ifr_ifindex = 0 };
	unsigned char mac[ETH_ALEN];
	int fd = must(socket(AF_PACKET, SOCK_RAW, 0), "AF_PACKET");

	memcpy(request.ifr_name, interface, strnlen(interface, IFNAMSIZ - 1));
	must(ioctl(fd, SIOCGIFHWADDR, &request), "SIOCGIFHWADDR");
	if (sscanf(server, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5]) != ETH_ALEN)
		exit(2);
	frame_between(mac, (unsigned char *)request.ifr_hwaddr.sa_data);
	address.sll_ifindex = (int)if_nametoindex(interface);
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	return fd;
}

/* A connected socket for marks. */
static int open_marks(const struct in6_addr *server)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_addr = *server,
				   .sin6_port = htons(SERVER_PORT) };
	int fd = must(socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0), "socket");

	must(connect(fd, (struct sockaddr *)&to, sizeof(to)), "connect");
	return fd;
}

static void send_frames(int link, struct attack *attack, next_frame *next, unsigned int count)
{
	static struct frame frames[BATCH];
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec parts[BATCH];

	for (unsigned int i = 0; i < count; i++) {
		next(attack, &frames[i]);
		attack->sent++;
		parts[i] = (struct iovec){ frames[i].bytes, frames[i].length };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
	}
	/* One that the interface does not take is left out. */
	for (unsigned int i = 0; i < count;) {
		int n = sendmmsg(link, messages + i, count - i, 0);

		i += n > 0 ? (unsigned int)n : 1;
	}
}

/* Waits until the server has read the mark of this number; sends another when it was lost. */
static struct message await_mark(int fd, uint32_t number)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct message answer = { .number = 0 }, again = { .kind = MARK, .number = number };

	while (answer.kind != MARK_ANSWER || answer.number < number) {
		answer.kind = 0;
		if (poll(&ready, 1, PATIENCE * 1000) == 0)
			send(fd, &again, sizeof(again), 0);
		else if (recv(fd, &answer, sizeof(answer), 0) < 0)
			continue;
	}
	return answer;
}

/* Until there is an answer to a mark, or long enough: what does not fill the server's queue. */
static void go_on(int link, int marks, struct attack *attack)
{
	struct pollfd ready = { .fd = marks, .events = POLLIN };

	for (int i = 0; i < PATIENCE * 1000 && poll(&ready, 1, 1) == 0; i++)
		send_frames(link, attack, forged_icmp, 1);
}

static bool is_over(void)
{
	struct pollfd end = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&end, 1, 0) != 0;
}

int main(int argc, char **argv)
{
	static struct attack attack;
	unsigned int which = 0;
	struct message mark = { .kind = MARK, .number = 1 };
	int link, marks;

	while (which < sizeof(table) / sizeof(*table) && argc > 6 &&
	       strcmp(argv[1], table[which].name) != 0)
		which++;
	if (argc < 7 || which == sizeof(table) / sizeof(*table))
		return 2;
	attack.random = strtoull(argv[4], NULL, 10);
	attack.peers = (uint32_t)strtoul(argv[5], NULL, 10);
	for (int i = 6; i < argc && attack.count < DESTINATIONS_MAX; i++)
		attack.destinations[attack.count++] = read_address(argv[i]);
	link = open_link(argv[2], argv[3]);
	marks = open_marks(&attack.destinations[0]);
	send(marks, &mark, sizeof(mark), 0);
	attack.cookie = await_mark(marks, 1).cookie;
	if (table[which].next == aimed)
		aim(&attack);
	for (bool is_ready = false; !is_over();) {
		send_frames(link, &attack, table[which].next, BATCH);
		mark.number++;
		send(marks, &mark, sizeof(mark), 0);
		if (table[which].next == icmp_and_requests)
			go_on(link, marks, &attack);
		await_mark(marks, mark.number - 1);
		if (!is_ready && attack.sent >= 2 * attack.peers) {
			is_ready = true;
			puts("ready");
			fflush(stdout);
		}
	}
	return 0;
}
