// SPDX-License-Identifier: MIT
// measure 4|6 PEERS ROUNDS CGROUP: what a request and its reply cost a server that does IP_PKTINFO
// by hand, a plain one, and a plain one with the BPF engine of CGROUP, side by side in one process.
// Prints medians of the ratios of neighbouring batches to the one by hand; replies are checked.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HAND, PLAIN, ENGINE, KINDS, BATCH = 64, LOCALS = 8, FIRST_PORT = 7001, SIZE = 64 };
static const char *const names[] = { "by hand", "plain", "engine" };

static int v6, servers[KINDS], client;
static unsigned int peers;
static unsigned long wrong[KINDS];

static void check(int is, const char *what)
{
	if (!is) {
		perror(what);
		exit(1);
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void enter(const char *cgroup)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY);
	check(fd >= 0 && write(fd, "0", 1) == 1, path);
	close(fd);
}

/* An address of the loopback interface, whose AnyIP route makes all of a prefix local. */
static socklen_t address(struct sockaddr_in6 *name, unsigned int kind, unsigned int host, int port)
{
	struct sockaddr_in *four = (void *)name;

	memset(name, 0, sizeof(*name));
	name->sin6_family = v6 ? AF_INET6 : AF_INET;
	name->sin6_port = htons((in_port_t)port);
	if (!v6) {
		four->sin_addr.s_addr = htonl(0x7f000000 | kind << 20 | host);
		return sizeof(*four);
	}
	inet_pton(AF_INET6, "2001:db8:7::", &name->sin6_addr);
	name->sin6_addr.s6_addr[7] = (uint8_t)kind;
	host = htonl(host);
	memcpy(&name->sin6_addr.s6_addr[12], &host, sizeof(host));
	return sizeof(*name);
}

static int open_socket(int port)
{
	struct sockaddr_in6 any = { .sin6_family = v6 ? AF_INET6 : AF_INET,
				    .sin6_port = htons((in_port_t)port) };
	int sock = socket(any.sin6_family, SOCK_DGRAM, 0), room = 1 << 21, one = 1;

	check(sock >= 0 && !bind(sock, (struct sockaddr *)&any, v6 ? sizeof(any) : 16), "bind");
	setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (v6)
		setsockopt(sock, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
	return sock;
}

/* Room for one PKTINFO of either family. */
union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* From a peer to a local address. */
static void ask(unsigned int peer, int port)
{
	struct sockaddr_in6 to, from;
	char payload[SIZE] = { 0 };
	union control control = { .room = { 0 } };
	struct iovec io = { payload, sizeof(payload) };
	struct msghdr message = {
		&to, address(&to, 1, 1 + peer % LOCALS, port), &io, 1, control.room, 0, 0
	};

	address(&from, 2, 1 + peer, 0);
	control.header.cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	control.header.cmsg_type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
	if (v6) {
		struct in6_pktinfo info = { .ipi6_addr = from.sin6_addr };

		control.header.cmsg_len = CMSG_LEN(sizeof(info));
		message.msg_controllen = CMSG_SPACE(sizeof(info));
		memcpy(CMSG_DATA(&control.header), &info, sizeof(info));
	} else {
		struct in_pktinfo info = { 0 };

		info.ipi_spec_dst = ((struct sockaddr_in *)(void *)&from)->sin_addr;
		control.header.cmsg_len = CMSG_LEN(sizeof(info));
		message.msg_controllen = CMSG_SPACE(sizeof(info));
		memcpy(CMSG_DATA(&control.header), &info, sizeof(info));
	}
	check(sendmsg(client, &message, 0) == SIZE, "the client's sendmsg");
}

static void reply_by_hand(int sock)
{
	char payload[512];
	struct sockaddr_in6 peer;
	union control control;
	struct iovec io = { payload, sizeof(payload) };
	struct msghdr message = { &peer, sizeof(peer), &io, 1, control.room, sizeof(control), 0 };
	ssize_t length = recvmsg(sock, &message, 0);

	check(length > 0, "recvmsg");
	/* The route decides about the interface. */
	if (v6)
		((struct in6_pktinfo *)(void *)CMSG_DATA(&control.header))->ipi6_ifindex = 0;
	else
		((struct in_pktinfo *)(void *)CMSG_DATA(&control.header))->ipi_ifindex = 0;
	io.iov_len = (size_t)length;
	check(sendmsg(sock, &message, 0) == length, "sendmsg");
}

static void reply(int sock)
{
	char payload[512];
	struct sockaddr_in6 peer;
	socklen_t size = sizeof(peer);
	ssize_t length = recvfrom(sock, payload, sizeof(payload), 0, (void *)&peer, &size);

	check(length > 0 && sendto(sock, payload, (size_t)length, 0, (void *)&peer, size) == length,
	      "sendto");
}

/* The cost of a request and its reply: the delivery of the request counts, for there the engine is.
 */
static double batch(int kind, unsigned int first)
{
	struct sockaddr_in6 from, wanted;
	char payload[512];
	socklen_t size;
	double begin = now(), end;

	for (unsigned int i = 0; i < BATCH; i++)
		ask((first + i) % peers, FIRST_PORT + kind);
	for (unsigned int i = 0; i < BATCH; i++)
		(kind == HAND ? reply_by_hand : reply)(servers[kind]);
	end = now();
	for (unsigned int i = 0; i < BATCH; i++) {
		size = sizeof(from);
		check(recvfrom(client, payload, sizeof(payload), 0, (void *)&from, &size) == SIZE,
		      "the client's recvfrom");
		address(&wanted, 1, 1 + (first + i) % peers % LOCALS, FIRST_PORT + kind);
		wrong[kind] += v6 ? !IN6_ARE_ADDR_EQUAL(&from.sin6_addr, &wanted.sin6_addr)
				  : memcmp(&from, &wanted, 8) != 0;
	}
	return (end - begin) / BATCH;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int count, char **arguments)
{
	unsigned int rounds, first = 0;
	double cost[KINDS], *ratios[KINDS];

	if (count != 5)
		return 2;
	v6 = *arguments[1] == '6';
	peers = (unsigned int)atoi(arguments[2]);
	rounds = (unsigned int)atoi(arguments[3]);
	client = open_socket(0);
	for (int kind = 0; kind < KINDS; kind++) {
		if (kind == ENGINE)
			enter(arguments[4]);
		servers[kind] = open_socket(FIRST_PORT + kind);
		ratios[kind] = calloc(rounds, sizeof(double));
	}
	check(!setsockopt(servers[HAND], v6 ? IPPROTO_IPV6 : IPPROTO_IP,
			  v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &(int){ 1 }, sizeof(int)),
	      "PKTINFO");
	for (unsigned int peer = 0; peer < peers + BATCH; peer += BATCH)
		for (int kind = 0; kind < KINDS; kind++)
			batch(kind, peer % peers);
	memset(wrong, 0, sizeof(wrong));
	for (unsigned int round = 0; round < rounds; round++) {
		for (int i = 0; i < KINDS; i++) {
			int kind = (int)((round + (unsigned int)i) % KINDS);

			cost[kind] = batch(kind, first);
		}
		first = (first + BATCH * 7) % peers;
		for (int kind = 0; kind < KINDS; kind++)
			ratios[kind][round] = cost[kind] / cost[HAND];
	}
	printf("IPv%s, %u peers:", arguments[1], peers);
	for (int kind = 0; kind < KINDS; kind++) {
		qsort(ratios[kind], rounds, sizeof(double), compare);
		printf(" %s %.3f (%lu wrong)%s", names[kind], ratios[kind][rounds / 2], wrong[kind],
		       kind + 1 < KINDS ? "," : "\n");
	}
	return wrong[HAND] || wrong[ENGINE];
}
