// SPDX-License-Identifier: MIT
/*
 * serve -4|-6|-D WAY PORT: answers what comes with what came. Lines on its standard input:
 *
 *   hold     leave what comes in the queue       go      read it again
 *   push     send the last request's payload to its peer once more
 *   report   print the counts
 *
 * Each is answered by a line when it is done. A server of its own, because it stops and starts to read on command.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve.h"

static int family = AF_INET, v6only;
static const struct way *way;

/* Since the start. */
static struct {
	unsigned long received, answered, failed;
	unsigned long raced; /* failed, and succeeded the second time */
	unsigned long worse; /* failed twice, with a raw system call in between that succeeded */
	unsigned long errors[ERRORS];
} counts;

int check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

int open_wildcard(int port)
{
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_port = htons((in_port_t)port) };
	struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };
	int sock = check(socket(family, SOCK_DGRAM, 0), "socket");

	if (family == AF_INET6) {
		check(setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only)),
		      "IPV6_V6ONLY");
		check(bind(sock, (struct sockaddr *)&any6, sizeof(any6)), "bind");
	} else {
		check(bind(sock, (struct sockaddr *)&any4, sizeof(any4)), "bind");
	}
	return sock;
}

/*
 * The answer failed. Without the library it might have gone out; but the network can have changed
 * in between, so only two failures around a raw call that succeeds count.
 */
static void look_into(int sock, struct request *request)
{
	struct question question;

	counts.failed++;
	counts.errors[errno < ERRORS ? errno : 0]++;
	if (request->length < sizeof(question))
		return;
	memcpy(&question, request->payload, sizeof(question));
	if (question.magic != MAGIC)
		return;
	question.again = 1;
	memcpy(request->payload, &question, sizeof(question));
	if (answer_rawly(sock, request) < 0)
		return;
	if (way->answer(sock, request, 1) == 1)
		counts.raced++;
	else if (answer_rawly(sock, request) >= 0)
		counts.worse++;
}

static struct request last;

static void serve(int sock)
{
	static struct request requests[BATCH];
	int count = way->receive(sock, requests), done = 0;

	if (count <= 0)
		return;
	counts.received += (unsigned long)count;
	last = requests[count - 1];
	while (done < count) {
		int n = way->answer(sock, requests + done, count - done);

		counts.answered += (unsigned long)n;
		done += n;
		if (done < count)
			look_into(sock, &requests[done++]);
	}
}

static void report(void)
{
	printf("received %lu answered %lu failed %lu raced %lu worse %lu", counts.received,
	       counts.answered, counts.failed, counts.raced, counts.worse);
	for (int i = 0; i < ERRORS; i++)
		if (counts.errors[i])
			printf(" errno-%d %lu", i, counts.errors[i]);
	putchar('\n');
}

static short obey(int sock, const char *line, short events)
{
	if (!strcmp(line, "hold\n")) {
		events = 0;
	} else if (!strcmp(line, "go\n")) {
		events = POLLIN;
	} else if (!strcmp(line, "push\n")) {
		printf("pushed %d\n", way->answer(sock, &last, 1) == 1 ? 0 : errno);
		return events;
	} else if (!strcmp(line, "report\n")) {
		report();
		return events;
	}
	printf("obeyed %s", line);
	return events;
}

int main(int argc, char **argv)
{
	struct pollfd waiting[2] = { { .fd = STDIN_FILENO, .events = POLLIN } };

	if (argc != 4 || !strchr("46D", argv[1][1]))
		return 2;
	family = argv[1][1] == '4' ? AF_INET : AF_INET6;
	v6only = argv[1][1] == '6';
	for (way = ways; way->name && strcmp(way->name, argv[2]); way++)
		;
	if (!way->name)
		return 2;
	setvbuf(stdin, NULL, _IONBF, 0); /* or poll() would not see a second line */
	setvbuf(stdout, NULL, _IOLBF, 0);
	waiting[1] = (struct pollfd){ .fd = open_wildcard(atoi(argv[3])), .events = POLLIN };
	for (;;) {
		char line[32];

		check(poll(waiting, 2, -1), "poll");
		if (waiting[1].revents)
			serve(waiting[1].fd); /* first, so that a report tells of it */
		if (waiting[0].revents) {
			if (!fgets(line, sizeof(line), stdin))
				return 0;
			waiting[1].events = obey(waiting[1].fd, line, waiting[1].events);
		}
	}
}
