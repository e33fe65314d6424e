// SPDX-License-Identifier: MIT
/*
 * Sends frames as quickly as the server reads them: after each batch a datagram that the server
 * answers at once, and no more than two batches are under way. So no queue gets full, with the
 * library or without.
 *
 *   attacker ATTACK INTERFACE SERVER-MAC SEED PEERS ADDRESS...
 *
 * "ready" on standard output: the server has read enough to fill its table of PEERS twice, if that
 * is what the attack is about. Goes on until its standard input ends.
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

enum { BATCH = 32, PATIENCE = 1 /* seconds */ };

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
	next_frame *next = argc > 6 ? attack_named(argv[1]) : NULL;
	struct message mark = { .kind = MARK, .number = 1 };
	uint64_t enough;
	int link, marks;

	if (!next)
		return 2;
	attack.random = strtoull(argv[4], NULL, 10);
	attack.peers = (uint32_t)strtoul(argv[5], NULL, 10);
	for (int i = 6; i < argc && attack.count < DESTINATIONS_MAX; i++)
		attack.destinations[attack.count++] = read_address(argv[i]);
	link = open_link(argv[2], argv[3]);
	marks = open_marks(&attack.destinations[0]);
	send(marks, &mark, sizeof(mark), 0);
	attack.netns = await_mark(marks, 1).netns;
	if (next == aimed)
		aim(&attack);
	enough = (next == aimed ? 4 : 2) * (uint64_t)attack.peers;
	for (bool is_ready = false; !is_over();) {
		send_frames(link, &attack, next, BATCH);
		mark.number++;
		send(marks, &mark, sizeof(mark), 0);
		if (next == icmp_and_requests)
			go_on(link, marks, &attack);
		await_mark(marks, mark.number - 1);
		if (!is_ready && attack.sent >= enough) {
			is_ready = true;
			puts("ready");
			fflush(stdout);
		}
	}
	return 0;
}
