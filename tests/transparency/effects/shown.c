// SPDX-License-Identifier: MIT
// What a program is shown of options and control data: what it asked for, whoever has the socket.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/host.h"
#include "effects.h"
#include "../threads/threads.h"

static long set_nothing(const struct side *side, long argument)
{
	int fd = bound_socket(side, "::", SERVER_PORT);

	(void)argument;
	return outcome(side->setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, NULL, sizeof(int)));
}

void case_null_value(void)
{
	make_hosts();
	same_on_both(set_nothing, 0, "setsockopt() with no value");
}

/* An IPv4 datagram on a dual-stack socket brings two kinds of PKTINFO, and its TTL. */
static long receive_into(const struct side *side, long room)
{
	int fd = bound_socket(side, "::", SERVER_PORT), client = client_at(CLIENT), one = 1;
	unsigned char control[64];
	char question[16];
	struct iovec part = { question, sizeof(question) };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &part,
						.msg_iovlen = 1,
						.msg_control = room ? control : NULL,
						.msg_controllen = (size_t)room } };

	need(side->setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &one, sizeof(one)), "IP_RECVTTL");
	ask_at(client, ASKED);
	need(side->recvmmsg(fd, &message, 1, 0, NULL), "recvmmsg");
	close(fd);
	close(client);
	return (message.msg_hdr.msg_flags & MSG_CTRUNC ? 1000 : 0) +
	       (long)message.msg_hdr.msg_controllen;
}

void case_truncation_in_vector(void)
{
	make_hosts();
	check_both(receive_into, 0, 1000, "no room");
	for (long room = 1; room <= 40; room++)
		same_on_both(receive_into, room, "little room");
}

/* Programs that may not bind low ports have another process bind their socket. */
void case_bound_by_child(void)
{
	struct address any = address_of("0.0.0.0", SERVER_PORT);
	struct msghdr message = { .msg_iovlen = 0 };
	int fd, client, status = -1;
	pid_t child;

	make_hosts();
	fd = fresh_socket(&library_side, AF_INET);
	child = (pid_t)need(fork(), "fork");
	if (!child)
		_exit(library_side.bind(fd, &any.name.any, any.length) != 0);
	need(waitpid(child, &status, 0), "waitpid");
	check(!status, "status %#x", (unsigned int)status);
	client = client_at(CLIENT);
	ask_at(client, ASKED);
	need(library_side.recvmsg(fd, &message, 0), "recvmsg");
	check(message.msg_flags == MSG_TRUNC, "flags %#x", (unsigned int)message.msg_flags);
	check_answer(&library_side, fd, client);
}

/* Counts the control messages of an IPv4 datagram. */
static int count_messages(int fd)
{
	int client = client_at(CLIENT), on = 0, count = 0;
	_Alignas(struct cmsghdr) unsigned char control[256];
	struct msghdr message = { .msg_control = control, .msg_controllen = sizeof(control) };
	socklen_t length = sizeof(on);

	ask_at(client, ASKED);
	need(library_side.recvmsg(fd, &message, 0), "recvmsg");
	need(library_side.getsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, &length), "getsockopt");
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header))
		count++;
	return on ? 100 : count;
}

/* The flags of a datagram that is there, received with no room for control data. */
static int receive_flags(int fd)
{
	char question[16];
	struct iovec part = { question, sizeof(question) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	return need(library_side.recvmsg(fd, &message, 0), "recvmsg") == 8 ? message.msg_flags : -1;
}

int shown_mode(const char *mode, const char *descriptor)
{
	int fd = atoi(descriptor);

	return strcmp(mode, "count") ? receive_flags(fd) : count_messages(fd);
}

/* Starts this program in that mode, which knows nothing of the socket but its number. */
static int hand_on(int fd, char *mode, bool preload)
{
	char name[] = "regress", descriptor[16];
	char *argv[] = { name, mode, descriptor, NULL };
	int status = -1;
	pid_t child;

	snprintf(descriptor, sizeof(descriptor), "%d", fd);
	child = (pid_t)need(fork(), "fork");
	if (!child) {
		if (!preload)
			unsetenv("LD_PRELOAD");
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	need(waitpid(child, &status, 0), "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The program asks for one of the two kinds of PKTINFO. */
static long want_one_family(const struct side *side, long argument)
{
	int fd = bound_socket(side, "::", SERVER_PORT), one = 1;
	char mode[] = "count";

	(void)argument;
	need(side->setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one)), "PKTINFO");
	return hand_on(fd, mode, side == &library_side);
}

void case_one_family_wanted(void)
{
	make_hosts();
	check_both(want_one_family, 0, 1, "control messages");
}

/*
 * A super server drops LD_PRELOAD: PKTINFO is on, but nothing else is changed (docs/design.md,
 * "The program's own PKTINFO"), and a connected socket is as the program left it.
 */
void case_handed_on_bare(void)
{
	int fd, client;
	char mode[] = "flags";
	struct address peer;

	make_hosts();
	fd = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	client = client_at(CLIENT);
	ask_at(client, ASKED);
	check(!(hand_on(fd, mode, false) & ~MSG_CTRUNC), "other flags than that of PKTINFO");
	ask_at(client, ASKED);
	peer = hear(&library_side, fd);
	need(library_side.connect(fd, &peer.name.any, peer.length), "connect");
	ask_at(client, ASKED);
	check(hand_on(fd, mode, false) == 0, "flags of a connected socket");
}

/* A connected socket is used by another number, and then disconnected by the first. */
static long disconnect_by_twin(const struct side *side, long argument)
{
	int fd = bound_socket(side, "0.0.0.0", SERVER_PORT), client = client_at(CLIENT), twin;
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	_Alignas(struct cmsghdr) unsigned char control[64];
	struct msghdr message = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct address peer;

	(void)argument;
	ask_at(client, ASKED);
	peer = hear(side, fd);
	need(side->connect(fd, &peer.name.any, peer.length), "connect");
	twin = (int)need(dup(fd), "dup");
	need(side->send(twin, "answer", 6, 0), "send");
	need(side->connect(fd, &nobody, sizeof(nobody)), "disconnecting");
	ask_at(client, OTHER);
	need(side->recvmsg(twin, &message, 0), "recvmsg");
	return (long)message.msg_controllen;
}

void case_disconnected_by_twin(void)
{
	make_hosts();
	check_both(disconnect_by_twin, 0, 0, "control data");
}

/* More sockets than there are places which the library leaves unused for a while. */
enum { SOCKETS = 400, FIRST_PORT = 20000 };

/* A server's thread: waits for a question, and answers it. */
static void *serve(void *argument)
{
	struct receiver *receiver = argument;
	struct address peer;
	char question[16];
	_Alignas(struct cmsghdr) unsigned char control[256];
	struct iovec part = { question, sizeof(question) };
	struct msghdr message = { .msg_name = &peer.name,
				  .msg_namelen = sizeof(peer.name),
				  .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };

	__atomic_store_n(&receiver->id, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	receiver->result = library_side.recvmsg(receiver->fd, &message, 0);
	check(!message.msg_controllen, "control data that nobody asked for");
	peer.length = message.msg_namelen;
	need(tell(&library_side, receiver->fd, &peer), "sendto");
	return NULL;
}

/*
 * While the thread waits, the number on which its socket was bound becomes another socket, and
 * many more are made, all of which want PKTINFO.
 */
void case_place_reused(void)
{
	struct receiver receiver = { .result = -1 };
	int fd, client, one = 1;

	make_hosts();
	fd = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	receiver.fd = (int)need(dup(fd), "dup");
	need(-pthread_create(&receiver.thread, NULL, serve, &receiver), "pthread_create");
	receiver_await_blocked(&receiver);
	close(fd);
	for (int i = 0; i < SOCKETS; i++) {
		int other = bound_socket(&library_side, "0.0.0.0", FIRST_PORT + i);

		need(library_side.setsockopt(other, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)),
		     "IP_PKTINFO");
	}
	client = client_at(CLIENT);
	ask_at(client, ASKED);
	receiver_join(&receiver);
	check(receiver.result == 8, "recvmsg: %zd", receiver.result);
	check_source(client, ASKED);
}
