// SPDX-License-Identifier: MIT
// The flows of the load: who asks what, and what came back. A client of its own: each answer belongs to the time before
// or after a change of the network.

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../lib/deadline.h"
#include "ask.h"

enum { FLOWS = 192, SEEN = 4096 };

struct slot {
	uint32_t serial, epoch;
	int address;
	enum period period;
	int64_t since; /* milliseconds; 0: free */
};

static struct flow {
	int server;
	int address; /* roaming: where it asked last */
	bool roams;
	uint32_t serial;
	struct slot slots[WINDOW];
	uint32_t seen[SEEN]; /* the serial that was answered last, at its remainder */
} flows[FLOWS];
static struct pollfd sockets[FLOWS + 1];
static unsigned int count;

struct tally tallies[SERVERS][ADDRESSES][PERIODS];
struct in6_addr addresses[ADDRESSES];
in_port_t ports[SERVERS];
bool speaks[SERVERS][ADDRESSES];
uint32_t scope, epoch, answered_epoch[SERVERS][ADDRESSES];
static uint32_t first_epoch; /* tallied */
unsigned int quota[SERVERS][ADDRESSES];

int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
}

int64_t patience(void)
{
	static int64_t milliseconds;

	if (!milliseconds)
		milliseconds = deadline_ms() / 4;
	return milliseconds;
}

void tallies_clear(void)
{
	memset(tallies, 0, sizeof(tallies));
	first_epoch = epoch;
}

/* IPv4 is asked from IPv4-mapped addresses: one kind of socket for both. */
static int open_socket(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int off = 0, fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any))) {
		perror("ask: socket");
		exit(1);
	}
	return fd;
}

static void open_flow(int server, int address, bool roams)
{
	if (count == FLOWS)
		abort();
	flows[count] = (struct flow){ .server = server, .address = address, .roams = roams };
	sockets[count++] = (struct pollfd){ .fd = open_socket(), .events = POLLIN };
}

void flows_open(int server)
{
	for (int i = 0; i < ADDRESSES; i++)
		if (speaks[server][i])
			open_flow(server, i, false);
	open_flow(server, 0, true);
}

static struct tally *tally_of(const struct flow *flow, const struct slot *slot)
{
	return &tallies[flow->server][slot->address][slot->period];
}

/* The slot is given up, if it was taken; its answer may come yet. */
static void release(struct flow *flow, struct slot *slot)
{
	if (slot->since && slot->epoch >= first_epoch)
		tally_of(flow, slot)->waiting--;
	slot->since = 0;
}

static int next_address(const struct flow *flow)
{
	int next = flow->address;

	if (!flow->roams)
		return next;
	do
		next = (next + 1) % ADDRESSES;
	while (!speaks[flow->server][next]);
	return next;
}

static void ask(struct flow *flow, int fd, struct slot *slot, int64_t now)
{
	char payload[LARGEST] = { 0 };
	struct question question = { .magic = MAGIC, .serial = ++flow->serial, .epoch = epoch };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = ports[flow->server] };
	unsigned int *left;
	/* Some do not fit into the smallest MTU that is tried. */
	size_t length = flow->serial % 8 ? 64 : 1300;

	flow->address = next_address(flow);
	left = &quota[flow->server][flow->address];
	*slot = (struct slot){ .serial = flow->serial,
			       .epoch = epoch,
			       .address = flow->address,
			       .period = *left ? MEASURED : CHANGING,
			       .since = now };
	if (*left)
		--*left;
	tally_of(flow, slot)->asked++;
	tally_of(flow, slot)->waiting++;
	question.flow = (uint16_t)(flow - flows);
	question.slot = (uint16_t)(slot - flow->slots);
	question.address = (uint16_t)(flow->address * PERIODS + (int)slot->period);
	memcpy(payload, &question, sizeof(question));
	to.sin6_addr = addresses[flow->address];
	if (IN6_IS_ADDR_LINKLOCAL(&to.sin6_addr))
		to.sin6_scope_id = scope;
	/* Where there is no way it is lost like any other. */
	(void)sendto(fd, payload, length, 0, (struct sockaddr *)&to, sizeof(to));
}

/* An answer of this flow's own server. */
static void note(struct flow *flow, const struct question *question, const struct in6_addr *from)
{
	struct slot *slot = &flow->slots[question->slot % WINDOW];
	int address = question->address / PERIODS;
	struct tally *tally = &tallies[flow->server][address][question->address % PERIODS];
	uint32_t *seen = &flow->seen[question->serial % SEEN];
	bool is_duplicate = *seen == question->serial;

	if (question->again)
		return;
	*seen = question->serial;
	if (slot->since && slot->serial == question->serial)
		release(flow, slot);
	if (question->epoch < first_epoch)
		return;
	if (is_duplicate) {
		tally->duplicates++;
		return;
	}
	tally->answered++;
	if (question->epoch > answered_epoch[flow->server][address])
		answered_epoch[flow->server][address] = question->epoch;
	if (!IN6_ARE_ADDR_EQUAL(from, &addresses[address])) {
		tally->wrong++;
		tally->from = *from;
	}
}

static void take_answers(struct flow *flow, int fd)
{
	char payload[LARGEST];
	struct question question;
	struct sockaddr_in6 from;
	socklen_t length = sizeof(from);
	ssize_t n;

	for (int i = 0; i < 2 * WINDOW; i++) {
		n = recvfrom(fd, payload, sizeof(payload), 0, (struct sockaddr *)&from, &length);
		if (n < (ssize_t)sizeof(question))
			return;
		memcpy(&question, payload, sizeof(question));
		if (question.magic == MAGIC && question.flow == flow - flows &&
		    question.address < ADDRESSES * PERIODS)
			note(flow, &question, &from.sin6_addr);
	}
}

static void ask_on(struct flow *flow, struct pollfd *waiting)
{
	int64_t now = milliseconds();

	for (int i = 0; i < (flow->roams ? 1 : WINDOW); i++) {
		struct slot *slot = &flow->slots[i];

		if (slot->since &&
		    now - slot->since < (slot->period == MEASURED ? patience() : PATIENCE))
			continue;
		if (slot->since && flow->roams) {
			close(waiting->fd);
			waiting->fd = open_socket();
		}
		release(flow, slot);
		ask(flow, waiting->fd, slot, now);
	}
}

void flows_go_on(int command_fd, bool *has_command)
{
	for (unsigned int i = 0; i < count; i++)
		ask_on(&flows[i], &sockets[i]);
	sockets[count] = (struct pollfd){ .fd = command_fd, .events = POLLIN };
	if (poll(sockets, count + 1, 5) < 0)
		exit(1);
	*has_command = sockets[count].revents;
	for (unsigned int i = 0; i < count; i++)
		if (sockets[i].revents)
			take_answers(&flows[i], sockets[i].fd);
}
