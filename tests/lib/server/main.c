/* SPDX-License-Identifier: MIT */
/* The UDP echo server of the tests: which socket, which way to serve. patterns.py starts it. */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: server [-4|-6|-D] [-b INTERFACE] [-c HOW] [-C HOW] [-i] [-p] [-t] MODE PORT\n"
	"  -4, -6, -D    IPv4, IPv6 only, dual-stack\n"
	"  -b INTERFACE  SO_BINDTODEVICE\n"
	"  -c, -C HOW    confine itself so before the socket is made, after it is bound\n"
	"  -i            serve on descriptor 0, which is bound already\n"
	"  -p            the program enables IP_PKTINFO and IPV6_RECVPKTINFO itself\n"
	"  -t            IP_TRANSPARENT\n"
	"MODE is RECEIVE/ANSWER or the name of a way to serve\n";

static struct {
	int family;
	int v6only;
	const char *interface;
	const char *confined_before, *confined_after;
	int is_inherited;
	int wants_pktinfo;
	int is_transparent;
	int port;
} options = { .family = AF_INET };

int check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

int service_port(void)
{
	return options.port;
}

static void enable(int sock, int level, int option)
{
	int on = 1;

	check(setsockopt(sock, level, option, &on, sizeof(on)), "setsockopt");
}

static void set_options(int sock)
{
	enable(sock, SOL_SOCKET, SO_REUSEADDR);
	if (options.family == AF_INET6)
		check(setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &options.v6only, sizeof(int)), "IPV6_V6ONLY");
	if (options.interface)
		check(setsockopt(sock, SOL_SOCKET, SO_BINDTODEVICE, options.interface,
				 (socklen_t)strlen(options.interface)), "SO_BINDTODEVICE");
	if (options.is_transparent)
		enable(sock, IPPROTO_IP, IP_TRANSPARENT);
	if (options.wants_pktinfo && options.family == AF_INET)
		enable(sock, IPPROTO_IP, IP_PKTINFO);
	if (options.wants_pktinfo && options.family == AF_INET6)
		enable(sock, IPPROTO_IPV6, IPV6_RECVPKTINFO);
}

int open_wildcard(int port)
{
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_port = htons((in_port_t)port) };
	struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };
	int sock = check(socket(options.family, SOCK_DGRAM, 0), "socket");

	set_options(sock);
	if (options.family == AF_INET6)
		check(bind(sock, (struct sockaddr *)&any6, sizeof(any6)), "bind");
	else
		check(bind(sock, (struct sockaddr *)&any4, sizeof(any4)), "bind");
	return sock;
}

static void echo(int sock, receive_function *receive, answer_function *answer)
{
	static struct request requests[MAX_BATCH];

	for (;;)
		answer(sock, requests, receive(sock, requests, MAX_BATCH));
}

static int serve(int sock, const char *mode)
{
	const struct mode *const tables[] = { connect_modes, fresh_modes, process_modes,
					      thread_modes };
	const char *slash = strchr(mode, '/');

	if (slash) {
		receive_function *receive = find_receive(mode, (size_t)(slash - mode));
		answer_function *answer = find_answer(slash + 1);

		if (receive && answer)
			echo(sock, receive, answer);
	}
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct mode *each = tables[i]; each->name; each++) {
			if (!strcmp(each->name, mode)) {
				each->serve(sock);
				return 0;
			}
		}
	}
	fprintf(stderr, "server: no such mode: %s\n", mode);
	return 2;
}

int main(int argc, char **argv)
{
	int sock;

	for (int option; (option = getopt(argc, argv, "46Db:c:C:ipt")) != -1;) {
		switch (option) {
		case '4':
			options.family = AF_INET;
			break;
		case '6':
		case 'D':
			options.family = AF_INET6;
			options.v6only = option == '6';
			break;
		case 'b':
			options.interface = optarg;
			break;
		case 'c':
			options.confined_before = optarg;
			break;
		case 'C':
			options.confined_after = optarg;
			break;
		case 'i':
			options.is_inherited = 1;
			break;
		case 'p':
			options.wants_pktinfo = 1;
			break;
		case 't':
			options.is_transparent = 1;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (argc - optind != 2) {
		fputs(usage, stderr);
		return 2;
	}
	options.port = atoi(argv[optind + 1]);
	if (options.confined_before)
		confine(options.confined_before);
	sock = options.is_inherited ? STDIN_FILENO : open_wildcard(options.port);
	if (options.confined_after)
		confine(options.confined_after);
	return serve(sock, argv[optind]);
}
