// SPDX-License-Identifier: MIT
// The calls that the library makes: how many, and in an order that others may come between.

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/interposer.h"
#include "../../lib/host.h"
#include "../../lib/preload.h"

static struct interposer *interposer;

/* One call of the program is one call of the kernel, whatever the source needs to be valid. */
static void case_link_local_source(void)
{
	int fd, client;
	struct address peer;
	unsigned int before;

	make_hosts();
	fd = bound_socket(&library_side, "::", SERVER_PORT);
	client = client_at(CLIENT6);
	ask_at(client, ASKED_LL);
	peer = hear(&library_side, fd);
	before = interposer->sends;
	need(tell(&library_side, fd, &peer), "sendto");
	check(interposer->sends - before == 1, "%u calls", interposer->sends - before);
	check_source(client, ASKED_LL);
}

static int shared;
static unsigned int calls, interrupted;

/* What a thread does that uses the socket for the first time as well. */
static void use_too(void)
{
	char byte;

	if (++calls != interrupted)
		return;
	interposer->between = NULL;
	library_side.recv(shared, &byte, 1, MSG_DONTWAIT);
}

/* The library knows nothing yet of the number to which this socket comes. */
static int inherited_socket(void)
{
	enum { NUMBER = 500 };
	int fd = bound_socket(&kernel_side, "0.0.0.0", SERVER_PORT);

	need(dup2(fd, NUMBER), "dup2");
	close(fd);
	return NUMBER;
}

/* Two threads use an inherited socket first: whichever call of one the other comes before. */
static void case_first_used_by_two(void)
{
	int on;
	char byte;

	make_hosts();
	do {
		socklen_t length = sizeof(on);

		shared = inherited_socket();
		interrupted++;
		calls = 0;
		interposer->between = use_too;
		library_side.recv(shared, &byte, 1, MSG_DONTWAIT);
		interposer->between = NULL;
		need(library_side.getsockopt(shared, IPPROTO_IP, IP_PKTINFO, &on, &length),
		     "PKTINFO");
		check(!on, "PKTINFO is taken for the program's own, with another before call %u",
		      interrupted);
		check_answer(&library_side, shared, client_at(CLIENT));
		close(shared);
	} while (calls >= interrupted);
	check(interrupted > 4, "only %u calls", interrupted);
}

/* A signal handler hears the peer again, now by broadcast, while its answer's source is refused. */
static void hear_broadcast(void)
{
	char byte;

	interposer->between = NULL;
	need(library_side.recv(shared, &byte, 1, MSG_DONTWAIT), "the broadcast");
}

static void case_refused_and_interrupted(void)
{
	struct address all = address_of("127.255.255.255", SERVER_PORT), peer;
	int client, on = 1;

	make_hosts();
	shared = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	client = client_at(CLIENT);
	ask_at(client, ASKED);
	peer = hear(&library_side, shared);
	need(setsockopt(client, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)), "broadcasts");
	need(kernel_side.sendto(client, "question", 8, 0, &all.name.any, all.length), "asking all");
	ip("addr del " ASKED "/32 dev lo");
	interposer->between = hear_broadcast;
	need(tell(&library_side, shared, &peer), "sendto");
	check(!interposer->between, "nothing came between");
	check_source(client, CLIENT);
}

static void cancel_this(void)
{
	if (++calls == interrupted)
		pthread_cancel(pthread_self());
}

static void *answer_and_be_cancelled(void *peer)
{
	calls = 0;
	interposer->between = cancel_this;
	tell(&library_side, shared, peer);
	interposer->between = NULL;
	pthread_testcancel();
	return NULL;
}

/* Nothing of what was done for one datagram stays: no option, no descriptor. */
static void check_nothing_stayed(int next)
{
	int on = -1, now = fresh_socket(&kernel_side, AF_INET);
	socklen_t length = sizeof(on);

	close(now);
	check(now == next, "cancelled at call %u: a descriptor is left open", interrupted);
	need(kernel_side.getsockopt(shared, IPPROTO_IPV6, IPV6_FREEBIND, &on, &length), "freebind");
	check(!on, "cancelled at call %u: IPV6_FREEBIND is on", interrupted);
}

/* An IPv6 address on no interface: the routes are asked, and an option is set for a while. */
static void case_refused_and_cancelled(void)
{
	struct address peer;
	pthread_t thread;
	void *result;
	int client, next;

	make_hosts();
	ip("route add local 2001:db8:99::/64 dev lo");
	shared = bound_socket(&library_side, "::", SERVER_PORT);
	client = client_at(CLIENT6);
	ask_at(client, "2001:db8:99::5");
	peer = hear(&library_side, shared);
	next = fresh_socket(&kernel_side, AF_INET);
	close(next);
	do {
		interrupted++;
		check(!pthread_create(&thread, NULL, answer_and_be_cancelled, &peer), "a thread");
		check(!pthread_join(thread, &result), "joining it");
		interposer->between = NULL;
		check_nothing_stayed(next);
	} while (result == PTHREAD_CANCELED && interrupted < 100);
	check(interrupted > 4, "only %u calls", interrupted);
}

/* What the library behind finds in the libc is the libc's: a hook would lead back to that library.
 */
static void case_found_behind(void)
{
	void *found = interposer->find("recvfrom");

	check(found != dlsym(RTLD_DEFAULT, "recvfrom"), "a library behind us is given our hook");
}

static const struct test_case cases[] = {
	{ "an answer from a link-local address is one call", case_link_local_source },
	{ "an inherited socket that two threads use first", case_first_used_by_two },
	{ "a refused source, and a signal handler that receives", case_refused_and_interrupted },
	{ "a refused source in a thread that is cancelled", case_refused_and_cancelled },
	{ "functions that a library behind looks for", case_found_behind },
};

int main(int argc, char **argv)
{
	(void)argc;
	interposer = run_under_interposer(argv);
	return run_on_hosts(cases, sizeof(cases) / sizeof(*cases));
}
