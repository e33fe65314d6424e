// SPDX-License-Identifier: MIT
// What a server loses of its peer's datagrams around connect(), while that peer floods it.
// Server and peer are of its own: both count at the same moments of one connect().

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Datagrams sent after a connect() of which none came: the server does not hear its peer. */
enum { PORT = 5000, PEER_PORT = 6000, DEAF = 1000, BUFFER = 1 << 20 };

static const uint64_t PATIENCE = 5000000000; /* ns in which something has to come */

struct address {
	struct sockaddr_storage name;
	socklen_t length;
};

/* What the flooding process and the server tell each other. */
static struct shared {
	atomic_uint sent;    /* the number of the last datagram */
	atomic_uint refused; /* ICMP errors that the peer's socket got */
	atomic_bool over;
} * shared;

struct result {
	unsigned int connects, lost, refused, deaf, overflown;
	uint64_t connecting; /* ns spent in connect() */
};

static void need(bool done, const char *what)
{
	if (done)
		return;
	perror(what);
	exit(2);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static struct address address_of(const char *text, in_port_t port)
{
	struct address address = { .length = sizeof(struct sockaddr_in) };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address.name;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address.name;

	v4->sin_port = htons(port);
	v4->sin_family = AF_INET;
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		return address;
	v6->sin6_family = AF_INET6;
	address.length = sizeof(*v6);
	need(inet_pton(AF_INET6, text, &v6->sin6_addr) == 1, text);
	return address;
}

static int open_at(const struct address *address)
{
	int fd = socket(address->name.ss_family, SOCK_DGRAM, 0), size = BUFFER;

	need(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	need(!bind(fd, (const struct sockaddr *)&address->name, address->length), "bind");
	return fd;
}

/* On a processor of its own, as far as there are two, so that the one works while the other does.
 */
static void stay_on_processor(bool last)
{
	cpu_set_t all, one;
	int chosen = -1;

	need(!sched_getaffinity(0, sizeof(all), &all), "sched_getaffinity");
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all) && (last || chosen < 0))
			chosen = i;
	CPU_ZERO(&one);
	CPU_SET(chosen, &one);
	need(!sched_setaffinity(0, sizeof(one), &one), "sched_setaffinity");
}

/* One numbered datagram after the other. The kernel gives an ICMP error to the next send. */
static void flood(int namespace, const struct address *server, const struct address *peer)
{
	int fd;

	need(!setns(namespace, CLONE_NEWNET), "the peer's namespace");
	stay_on_processor(true);
	fd = open_at(peer);
	need(!connect(fd, (const struct sockaddr *)&server->name, server->length), "peer");
	for (uint32_t number = 1; !atomic_load(&shared->over);) {
		if (send(fd, &number, sizeof(number), 0) == sizeof(number)) {
			atomic_store(&shared->sent, number++);
		} else {
			need(errno == ECONNREFUSED, "the peer's send");
			atomic_fetch_add(&shared->refused, 1);
		}
	}
	_exit(0);
}

static unsigned int dropped(int fd)
{
	uint32_t memory[SK_MEMINFO_VARS];
	socklen_t length = sizeof(memory);

	need(!getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &length), "SO_MEMINFO");
	return memory[SK_MEMINFO_DROPS];
}

/* Waits for a datagram that was sent after that number; who sent it. Does not sleep, as in a flood.
 */
static uint32_t hear_after(int fd, uint32_t number, struct address *peer)
{
	uint64_t start = now();
	uint32_t heard = 0;

	while (heard <= number) {
		ssize_t n;

		peer->length = sizeof(peer->name);
		n = recvfrom(fd, &heard, sizeof(heard), MSG_DONTWAIT,
			     (struct sockaddr *)&peer->name, &peer->length);
		need(n == sizeof(heard) || errno == EAGAIN, "recvfrom");
		need(n > 0 || now() - start < PATIENCE, "nothing comes");
	}
	return heard;
}

/*
 * Counts the numbers that are missing after `heard` up to the first one that was sent after the
 * connect() for sure. Returns false if nothing comes any more.
 */
static bool count_missing(int fd, uint32_t heard, unsigned int *missing)
{
	/* One more may be on its way, or in the queue, while its sender has not yet said so. */
	uint32_t connected = atomic_load(&shared->sent) + 1, number;

	for (*missing = 0; heard <= connected;) {
		bool late = atomic_load(&shared->sent) > connected + DEAF;
		ssize_t n = recv(fd, &number, sizeof(number), MSG_DONTWAIT);

		need(n == sizeof(number) || errno == EAGAIN, "recv");
		if (n < 0 && late)
			return false;
		if (n > 0) {
			*missing += number - heard - 1;
			heard = number;
		}
	}
	return true;
}

static void connect_once(int fd, struct result *result)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct address peer;
	uint32_t heard = hear_after(fd, atomic_load(&shared->sent), &peer);
	unsigned int drops = dropped(fd), refused = atomic_load(&shared->refused), missing;
	uint64_t start = now();
	bool heard_more;

	need(!connect(fd, (struct sockaddr *)&peer.name, peer.length), "connect");
	result->connecting += now() - start;
	heard_more = count_missing(fd, heard, &missing);
	refused = atomic_load(&shared->refused) - refused;
	if (dropped(fd) != drops || (heard_more && missing && !refused)) {
		/* No room in this queue, or in that before it (netdev_max_backlog): proves nothing.
		 */
		result->overflown++;
	} else {
		result->connects++;
		result->deaf += !heard_more;
		result->lost += heard_more ? missing : 0;
		result->refused += heard_more ? refused : 0;
	}
	need(!connect(fd, &nobody, sizeof(nobody)), "disconnect");
}

/* Those that prove nothing are made up for, to a point. */
static void measure(int fd, unsigned int connects)
{
	struct result result = { 0 };
	struct address peer;
	uint64_t start, took;
	unsigned int sent;

	stay_on_processor(false);
	hear_after(fd, 0, &peer);
	start = now();
	sent = atomic_load(&shared->sent);
	while (result.connects < connects && result.overflown <= connects)
		connect_once(fd, &result);
	took = now() - start;
	sent = atomic_load(&shared->sent) - sent;
	printf("%u %u %u %u %u %.0f %.0f\n", result.connects, result.lost, result.refused,
	       result.deaf, result.overflown, (double)took / (sent ? sent : 1),
	       (double)result.connecting / (result.connects + result.overflown));
}

/*
 * connectloss NAMESPACE WILDCARD ADDRESS PEER CONNECTS: a server asked at ADDRESS by PEER, which is
 * in the namespace of that descriptor. Prints how many connects counted; the datagrams lost around
 * them, and the ICMP errors for them; after how many nothing came any more; how many did not count
 * since a queue was full; the mean ns between two datagrams, and in connect().
 */
int main(int count, char *arguments[])
{
	struct address any, server, peer;
	int fd, status;
	pid_t child;

	if (count != 6) {
		fputs("usage: connectloss NAMESPACE WILDCARD ADDRESS PEER CONNECTS\n", stderr);
		return 2;
	}
	any = address_of(arguments[2], PORT);
	server = address_of(arguments[3], PORT);
	peer = address_of(arguments[4], PEER_PORT);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	need(shared != MAP_FAILED, "mmap");
	fd = open_at(&any);
	child = fork();
	need(child >= 0, "fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		flood(atoi(arguments[1]), &server, &peer);
	}
	measure(fd, (unsigned int)strtoul(arguments[5], NULL, 10));
	atomic_store(&shared->over, true);
	need(waitpid(child, &status, 0) == child && !status, "the peer's end");
	return 0;
}
