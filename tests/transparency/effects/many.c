// SPDX-License-Identifier: MIT
// Much of everything: large descriptor numbers, very many sockets, much control data.

#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/host.h"
#include "effects.h"

enum { HIGH = 3000, FIRST_PORT = 20000, MANY = 5000 };

/* So many descriptors may be open. */
static void allow(rlim_t descriptors)
{
	struct rlimit limit;

	need(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
	if (limit.rlim_cur >= descriptors)
		return;
	limit.rlim_cur = descriptors;
	if (limit.rlim_max < descriptors)
		limit.rlim_max = descriptors;
	need(setrlimit(RLIMIT_NOFILE, &limit), "so many descriptors");
}

/* A question is heard without control data, and answered. */
static void converse(int fd, int client)
{
	unsigned char control[64];
	struct msghdr message = { .msg_control = control, .msg_controllen = sizeof(control) };

	ask_at(client, OTHER);
	need(library_side.recvmsg(fd, &message, 0), "recvmsg");
	check(!message.msg_controllen, "control data that nobody asked for");
	check_answer(&library_side, fd, client);
}

void case_high_descriptor(void)
{
	int low, high;

	make_hosts();
	allow(HIGH + 1);
	low = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	high = (int)need(dup2(low, HIGH), "dup2");
	close(low);
	converse(high, client_at(CLIENT));
}

/* One of the server's sockets is asked, and replies. */
static void converse_at(int fd, int port, int client)
{
	struct address to = address_of(OTHER, port), peer;

	need(kernel_side.sendto(client, "question", 8, 0, &to.name.any, to.length), "asking");
	peer = hear(&library_side, fd);
	need(tell(&library_side, fd, &peer), "replying");
	check_source(client, OTHER);
}

/* Their records are added in chunks: the first socket is helped, the last, and some between. */
void case_many_sockets(void)
{
	static int fds[MANY];
	int client;

	make_hosts();
	allow(MANY + 100);
	client = client_at(CLIENT);
	for (int i = 0; i < MANY; i++)
		fds[i] = bound_socket(&library_side, "0.0.0.0", FIRST_PORT + i);
	for (int i = 0; i < MANY; i += 101)
		converse_at(fds[i], FIRST_PORT + i, client);
	converse_at(fds[MANY - 1], FIRST_PORT + MANY - 1, client);
}

enum { MUCH = 1024 };

/* Of messages of the same kind the kernel takes the last; the source comes behind them all. */
static size_t fill(unsigned char control[MUCH], size_t size)
{
	size_t length = 0;

	memset(control, 0, MUCH);
	for (int ttl = 1; length + CMSG_SPACE(sizeof(ttl)) <= size; ttl = ttl % 200 + 1) {
		struct cmsghdr header = { .cmsg_level = IPPROTO_IP,
					  .cmsg_type = IP_TTL,
					  .cmsg_len = CMSG_LEN(sizeof(ttl)) };

		memcpy(control + length, &header, sizeof(header));
		memcpy(control + length + CMSG_LEN(0), &ttl, sizeof(ttl));
		length += CMSG_SPACE(sizeof(ttl));
	}
	return length;
}

void case_much_control_data(void)
{
	_Alignas(struct cmsghdr) unsigned char control[MUCH];
	int fd, client;
	struct address peer;
	struct iovec part = { .iov_base = (char[]){ "answer" }, .iov_len = 6 };
	struct mmsghdr messages[8];

	make_hosts();
	fd = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	client = client_at(CLIENT);
	ask_at(client, ASKED);
	peer = hear(&library_side, fd);
	for (size_t size = 0; size <= MUCH; size += 128) {
		struct msghdr message = { .msg_name = &peer.name,
					  .msg_namelen = peer.length,
					  .msg_iov = &part,
					  .msg_iovlen = 1,
					  .msg_control = control,
					  .msg_controllen = fill(control, size) };

		need(library_side.sendmsg(fd, &message, 0), "sendmsg");
		check_source(client, ASKED);
		for (int i = 0; i < 8; i++)
			messages[i].msg_hdr = message;
		check(library_side.sendmmsg(fd, messages, 8, 0) == 8, "sendmmsg");
		for (int i = 0; i < 8; i++)
			check_source(client, ASKED);
	}
}

static void *receive_without_memory(void *unused)
{
	static unsigned char control[2][96 * MUCH];
	struct rlimit nothing = { 0, RLIM_INFINITY };
	struct mmsghdr messages[2];
	struct iovec parts[2];
	char question[2][16];
	int fd, client;

	make_hosts();
	fd = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	client = client_at(CLIENT);
	ask_at(client, ASKED);
	ask_at(client, ASKED);
	for (int i = 0; i < 2; i++) {
		parts[i] = (struct iovec){ .iov_base = question[i], .iov_len = 16 };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i],
						       .msg_iovlen = 1,
						       .msg_control = control[i],
						       .msg_controllen = sizeof(control[i]) };
	}
	need(setrlimit(RLIMIT_AS, &nothing), "setrlimit");
	check(library_side.recvmmsg(fd, messages, 2, MSG_DONTWAIT, NULL) == 2, "recvmmsg");
	check(messages[0].msg_len == 8 && !messages[0].msg_hdr.msg_controllen &&
		      !messages[0].msg_hdr.msg_flags,
	      "the first message");
	check_answer(&library_side, fd, client);
	return unused;
}

/*
 * Vectors with room for so much control data need more memory than the library has of its own;
 * without any the messages are received one by one, and still all in one call of the program.
 */
void case_no_memory(void)
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, receive_without_memory, NULL), "pthread_create");
	pthread_join(thread, NULL);
}
