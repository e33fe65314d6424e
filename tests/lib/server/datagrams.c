/* SPDX-License-Identifier: MIT */
/* The calls by which datagrams come in and go out. */
#include "server.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

int receive_recvfrom(int sock, struct request *requests, int max)
{
	(void)max;
	requests->peer_length = sizeof(requests->peer);
	requests->length = (size_t)check((int)recvfrom(sock, requests->payload, sizeof(requests->payload), 0,
						       (struct sockaddr *)&requests->peer, &requests->peer_length),
					 "recvfrom");
	return 1;
}

static void describe(struct msghdr *message, struct iovec *part, struct request *request, size_t length)
{
	*part = (struct iovec){ .iov_base = request->payload, .iov_len = length };
	*message = (struct msghdr){
		.msg_name = &request->peer,
		.msg_namelen = request->peer_length,
		.msg_iov = part,
		.msg_iovlen = 1,
	};
}

int receive_recvmsg(int sock, struct request *requests, int max)
{
	struct msghdr message;
	struct iovec part;

	(void)max;
	requests->peer_length = sizeof(requests->peer);
	describe(&message, &part, requests, sizeof(requests->payload));
	requests->length = (size_t)check((int)recvmsg(sock, &message, 0), "recvmsg");
	requests->peer_length = message.msg_namelen;
	/* A program that gave no room for control data must not be told that some was cut off. */
	if (message.msg_flags & MSG_CTRUNC)
		check(-1, "MSG_CTRUNC");
	return 1;
}

/* The program enabled PKTINFO itself (-p) and reads it, but does not use it for the answer. */
static int receive_pktinfo(int sock, struct request *requests, int max)
{
	union {
		char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct cmsghdr align;
	} control;
	struct msghdr message;
	struct iovec part;

	(void)max;
	requests->peer_length = sizeof(requests->peer);
	describe(&message, &part, requests, sizeof(requests->payload));
	message.msg_control = &control;
	message.msg_controllen = sizeof(control);
	requests->length = (size_t)check((int)recvmsg(sock, &message, 0), "recvmsg");
	requests->peer_length = message.msg_namelen;
	if (!CMSG_FIRSTHDR(&message) || CMSG_NXTHDR(&message, CMSG_FIRSTHDR(&message)) ||
	    message.msg_flags & MSG_CTRUNC)
		check(-1, "exactly one control message was asked for");
	return 1;
}

static int receive_many(int sock, struct request *requests, int max)
{
	static struct mmsghdr messages[MAX_BATCH];
	static struct iovec parts[MAX_BATCH];
	int count;

	for (int i = 0; i < max; i++) {
		requests[i].peer_length = sizeof(requests[i].peer);
		describe(&messages[i].msg_hdr, &parts[i], &requests[i], sizeof(requests[i].payload));
	}
	count = check(recvmmsg(sock, messages, (unsigned int)max, MSG_WAITFORONE, NULL), "recvmmsg");
	for (int i = 0; i < count; i++) {
		requests[i].length = messages[i].msg_len;
		requests[i].peer_length = messages[i].msg_hdr.msg_namelen;
	}
	return count;
}

static int receive_few(int sock, struct request *requests, int max)
{
	return receive_many(sock, requests, max < 8 ? max : 8);
}

/* Only the peek asks for the peer; the call that takes the datagram does not. */
static int receive_peeked(int sock, struct request *request, size_t length)
{
	request->peer_length = sizeof(request->peer);
	check((int)recvfrom(sock, request->payload, length, MSG_PEEK, (struct sockaddr *)&request->peer,
			    &request->peer_length), "recvfrom(MSG_PEEK)");
	request->length = (size_t)check((int)recv(sock, request->payload, sizeof(request->payload), 0), "recv");
	return 1;
}

static int receive_peek0(int sock, struct request *requests, int max)
{
	(void)max;
	return receive_peeked(sock, requests, 0);
}

static int receive_peek1(int sock, struct request *requests, int max)
{
	(void)max;
	return receive_peeked(sock, requests, 1);
}

static int receive_peek4(int sock, struct request *requests, int max)
{
	(void)max;
	return receive_peeked(sock, requests, 4);
}

void answer_sendto(int sock, struct request *requests, int count)
{
	for (int i = 0; i < count; i++)
		check((int)sendto(sock, requests[i].payload, requests[i].length, 0,
				  (struct sockaddr *)&requests[i].peer, requests[i].peer_length), "sendto");
}

void answer_sendmsg(int sock, struct request *requests, int count)
{
	for (int i = 0; i < count; i++) {
		struct msghdr message;
		struct iovec part;

		describe(&message, &part, &requests[i], requests[i].length);
		check((int)sendmsg(sock, &message, 0), "sendmsg");
	}
}

static void answer_sendmmsg(int sock, struct request *requests, int count)
{
	static struct mmsghdr messages[MAX_BATCH];
	static struct iovec parts[MAX_BATCH];

	for (int i = 0; i < count; i++)
		describe(&messages[i].msg_hdr, &parts[i], &requests[i], requests[i].length);
	for (int sent = 0; sent < count;)
		sent += check(sendmmsg(sock, messages + sent, (unsigned int)(count - sent), 0), "sendmmsg");
}

/* A source control message with an unspecified address names no source. */
static void answer_unspecified(int sock, struct request *requests, int count)
{
	for (int i = 0; i < count; i++) {
		const struct sockaddr_in6 *peer = (const struct sockaddr_in6 *)&requests[i].peer;
		int is_ipv4 = peer->sin6_family == AF_INET || IN6_IS_ADDR_V4MAPPED(&peer->sin6_addr);
		size_t size = is_ipv4 ? sizeof(struct in_pktinfo) : sizeof(struct in6_pktinfo);
		union {
			char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
			struct cmsghdr first;
		} control = { .room = { 0 } };
		struct msghdr message;
		struct iovec part;

		control.first = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(size),
			.cmsg_level = is_ipv4 ? IPPROTO_IP : IPPROTO_IPV6,
			.cmsg_type = is_ipv4 ? IP_PKTINFO : IPV6_PKTINFO,
		};
		describe(&message, &part, &requests[i], requests[i].length);
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(size);
		check((int)sendmsg(sock, &message, 0), "sendmsg");
	}
}

/* To a sockaddr that the program made itself, which forgot the scope of a link-local address. */
static void answer_unscoped(int sock, struct request *requests, int count)
{
	for (int i = 0; i < count; i++)
		((struct sockaddr_in6 *)&requests[i].peer)->sin6_scope_id = 0;
	answer_sendto(sock, requests, count);
}

/* To the peer's address in the other family's form: an AF_INET sockaddr on a dual-stack socket. */
static void answer_as_ipv4(int sock, struct request *requests, int count)
{
	for (int i = 0; i < count; i++) {
		const struct sockaddr_in6 *mapped = (const struct sockaddr_in6 *)&requests[i].peer;
		struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = mapped->sin6_port };

		memcpy(&peer.sin_addr, &mapped->sin6_addr.s6_addr[12], sizeof(peer.sin_addr));
		memcpy(&requests[i].peer, &peer, sizeof(peer));
		requests[i].peer_length = sizeof(peer);
	}
	answer_sendto(sock, requests, count);
}

/* To the next higher port of the host that asked. */
static void answer_next_port(int sock, struct request *requests, int count)
{
	for (int i = 0; i < count; i++) {
		/* sin_port and sin6_port are at the same place. */
		struct sockaddr_in *peer = (struct sockaddr_in *)&requests[i].peer;

		peer->sin_port = htons((in_port_t)(ntohs(peer->sin_port) + 1));
	}
	answer_sendto(sock, requests, count);
}

receive_function *find_receive(const char *name, size_t length)
{
	static const struct {
		const char *name;
		receive_function *receive;
	} table[] = {
		{ "recvfrom", receive_recvfrom }, { "recvmsg", receive_recvmsg },
		{ "pktinfo", receive_pktinfo },	  { "recvmmsg", receive_few },
		{ "recvmmsg-1024", receive_many }, { "peek-0", receive_peek0 },
		{ "peek-1", receive_peek1 },	  { "peek-4", receive_peek4 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strlen(table[i].name) == length && !strncmp(table[i].name, name, length))
			return table[i].receive;
	}
	return NULL;
}

answer_function *find_answer(const char *name)
{
	static const struct {
		const char *name;
		answer_function *answer;
	} table[] = {
		{ "sendto", answer_sendto },	   { "sendmsg", answer_sendmsg },
		{ "sendmmsg", answer_sendmmsg },   { "unspecified", answer_unspecified },
		{ "unscoped", answer_unscoped },   { "as-ipv4", answer_as_ipv4 },
		{ "next-port", answer_next_port },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!strcmp(table[i].name, name))
			return table[i].answer;
	}
	return NULL;
}
