// SPDX-License-Identifier: MIT
/*
 * The well-behaved client: many hosts, which look where the answers come from. A client of its own, because it keeps up
 * with the flood in which it asks.
 *
 *   client HOSTS PORTS QUESTIONS PATIENCE SEED PLAIN4 PLAIN6 DELAY,... ADDRESS...
 *
 * HOSTS of each family, with so many PORTS each, have a question under way at each port, and ask
 * so often there, each time at another ADDRESS and for another DELAY. PLAIN4 and PLAIN6 are the
 * kernel's own choices of source. A line for each delay comes out:
 *
 *   DELAY ASKED RIGHT PLAIN OTHER LOST
 *
 * PATIENCE, in seconds, is how long to wait when no answer comes at all: then the rest is lost.
 */

#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostile.h"

enum { DELAYS_MAX = 32, ADDRESSES_MAX = 64 };

static struct result {
	uint32_t delay;
	unsigned long asked, right, plain, other;
} results[DELAYS_MAX];
static unsigned int delays, questions, asking;

static struct in6_addr plain[2], addresses[2][ADDRESSES_MAX]; /* IPv6, IPv4 */
static unsigned int counts[2];

static struct port {
	bool is_v4;
	unsigned int asked;
	uint32_t first, number;
	struct in6_addr at;
	struct result *result;
} state[2 * CLIENTS];
static struct pollfd sockets[2 * CLIENTS];

/* An address in the form that the socket takes. Returns the length. */
static socklen_t fill(struct sockaddr_storage *storage, const struct in6_addr *host, in_port_t port,
		      bool is_v4)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = host->s6_addr32[3] };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port),
				   .sin6_addr = *host };

	memset(storage, 0, sizeof(*storage));
	memcpy(storage, is_v4 ? (void *)&v4 : (void *)&v6, is_v4 ? sizeof(v4) : sizeof(v6));
	return is_v4 ? sizeof(v4) : sizeof(v6);
}

static void open_port(unsigned int host, unsigned int port, bool is_v4, uint32_t seed)
{
	struct in6_addr own = client_host(host, is_v4);
	struct sockaddr_storage storage;
	socklen_t length = fill(&storage, &own, (in_port_t)(CLIENT_PORT + port), is_v4);
	int fd = must(socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0), "socket");

	must(bind(fd, (struct sockaddr *)&storage, length), "bind");
	state[asking] =
		(struct port){ .is_v4 = is_v4, .first = seed + host + port, .number = seed << 16 };
	sockets[asking++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void ask(unsigned int i)
{
	struct port *port = &state[i];
	uint32_t turn = port->first + port->asked++;
	struct sockaddr_storage to;
	struct message message = { .kind = QUESTION, .number = ++port->number };
	socklen_t length;

	port->result = &results[turn % delays];
	message.delay = port->result->delay;
	/* Once round the delays, and on by one: in the end each delay is asked for everywhere. */
	port->at = addresses[port->is_v4][(turn % delays + turn / delays) % counts[port->is_v4]];
	length = fill(&to, &port->at, SERVER_PORT, port->is_v4);
	port->result->asked++;
	must((int)sendto(sockets[i].fd, &message, sizeof(message), 0, (struct sockaddr *)&to,
			 length),
	     "sendto");
}

static void judge(const struct port *port, const struct in6_addr *from)
{
	char text[2][INET6_ADDRSTRLEN];

	if (IN6_ARE_ADDR_EQUAL(from, &port->at)) {
		port->result->right++;
	} else if (IN6_ARE_ADDR_EQUAL(from, &plain[port->is_v4])) {
		port->result->plain++;
	} else if (!port->result->other++) {
		fprintf(stderr, "asked at %s, answered from %s, after %u\n",
			inet_ntop(AF_INET6, &port->at, text[0], sizeof(text[0])),
			inet_ntop(AF_INET6, from, text[1], sizeof(text[1])), port->result->delay);
	}
}

/* Reads what came. Returns whether the answer to the question under way was among it. */
static bool receive(unsigned int i)
{
	struct port *port = &state[i];
	struct sockaddr_storage storage;
	struct in6_addr from;
	bool answered = false;
	struct message message;

	for (;;) {
		socklen_t length = sizeof(storage);
		ssize_t n = recvfrom(sockets[i].fd, &message, sizeof(message), 0,
				     (struct sockaddr *)&storage, &length);

		if (n < 0)
			return answered;
		/* Others ask in our name too. */
		if (n != (ssize_t)sizeof(message) || message.kind != ANSWER ||
		    message.number != port->number || answered)
			continue;
		if (port->is_v4)
			from = mapped(ntohl(((struct sockaddr_in *)&storage)->sin_addr.s_addr));
		else
			from = ((struct sockaddr_in6 *)&storage)->sin6_addr;
		judge(port, &from);
		answered = true;
	}
}

static void ask_all(int patience)
{
	unsigned int left = asking;

	for (unsigned int i = 0; i < asking; i++)
		ask(i);
	while (left && poll(sockets, asking, patience * 1000) > 0)
		for (unsigned int i = 0; i < asking; i++) {
			if (!sockets[i].revents || !receive(i))
				continue;
			if (state[i].asked < questions)
				ask(i);
			else
				left--;
		}
}

static void read_delays(char *list)
{
	for (char *next; (next = strsep(&list, ",")) && delays < DELAYS_MAX; delays++)
		results[delays].delay = (uint32_t)strtoul(next, NULL, 10);
}

static void open_family(unsigned int hosts, unsigned int ports, bool is_v4, uint32_t seed)
{
	for (unsigned int i = 0; counts[is_v4] && i < hosts * ports && i < CLIENTS; i++)
		open_port(i / ports, i % ports, is_v4, seed);
}

static void read_addresses(char **list)
{
	for (; *list; list++) {
		struct in6_addr address = read_address(*list);
		bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address);

		if (counts[is_v4] < ADDRESSES_MAX)
			addresses[is_v4][counts[is_v4]++] = address;
	}
}

static void report(const struct result *result)
{
	unsigned long answered = result->right + result->plain + result->other;

	printf("%u %lu %lu %lu %lu %lu\n", result->delay, result->asked, result->right,
	       result->plain, result->other, result->asked - answered);
}

int main(int argc, char **argv)
{
	unsigned int hosts, ports, seed;

	if (argc < 10)
		return 2;
	hosts = (unsigned int)atoi(argv[1]);
	ports = (unsigned int)atoi(argv[2]);
	questions = (unsigned int)atoi(argv[3]);
	seed = (unsigned int)atoi(argv[5]);
	plain[1] = read_address(argv[6]);
	plain[0] = read_address(argv[7]);
	read_delays(argv[8]);
	read_addresses(argv + 9);
	open_family(hosts, ports, true, seed);
	open_family(hosts, ports, false, seed);
	ask_all(atoi(argv[4]));
	for (unsigned int i = 0; i < delays; i++)
		report(&results[i]);
	return 0;
}
