// SPDX-License-Identifier: MIT
// Sockets beside the server's own: which source is theirs, and which is the server's.

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/host.h"
#include "effects.h"

/* RTP and TFTP servers answer from a second socket, and choose its address themselves. */
void case_chosen_address(void)
{
	int server, client, other;
	struct address peer;

	make_hosts();
	server = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	client = client_at(CLIENT);
	ask_at(client, ASKED);
	peer = hear(&library_side, server);
	other = bound_socket(&library_side, OTHER, 0);
	need(tell(&library_side, other, &peer), "sendto");
	check_source(client, OTHER);
	other = bound_socket(&library_side, OTHER, 0);
	need(library_side.connect(other, &peer.name.any, peer.length), "connect");
	need(library_side.send(other, "answer", 6, 0), "send");
	check_source(client, OTHER);
}

/* What comes back to another address than that of its connection would not be received. */
void case_connected_before(void)
{
	int server, client, connected;
	struct address peer = { .length = sizeof(peer.name) };

	make_hosts();
	client = client_at(CLIENT);
	need(getsockname(client, &peer.name.any, &peer.length), "getsockname");
	connected = fresh_socket(&library_side, AF_INET);
	need(library_side.connect(connected, &peer.name.any, peer.length), "connect");
	server = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	ask_at(client, ASKED);
	peer = hear(&library_side, server);
	need(tell(&library_side, connected, &peer), "sendto");
	check_source(client, CLIENT);
}

/*
 * A worker that was forked, and the first thing in it that has to do with descriptors happens in a
 * vfork child, as a shell or subprocess.Popen does. What that has is not the worker's.
 */
void case_vfork_in_worker(void)
{
	int inherited, server, client, status;
	pid_t worker, other;

	make_hosts();
	client = client_at(CLIENT);
	inherited = fresh_socket(&library_side, AF_INET);
	fflush(stdout);
	worker = (pid_t)need(fork(), "fork");
	if (worker) {
		need(waitpid(worker, &status, 0), "waitpid");
		check(!status, "the worker ended with %x", (unsigned int)status);
		return;
	}
	other = vfork();
	if (!other) {
		dup2(inherited, inherited + 10);
		_exit(0);
	}
	need(waitpid(other, NULL, 0), "waitpid");
	server = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	check_answer(&library_side, server, client);
	end_forked();
}

void case_duplicate_disconnected(void)
{
	int server, duplicate, client;
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct address peer;

	make_hosts();
	server = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	duplicate = (int)need(dup(server), "dup");
	client = client_at(CLIENT);
	ask_at(client, OTHER);
	peer = hear(&library_side, duplicate);
	need(library_side.connect(server, &peer.name.any, peer.length), "connect");
	need(library_side.connect(server, &nobody, sizeof(nobody)), "disconnecting");
	check_answer(&library_side, duplicate, client);
}

enum { FOR_IPV4, CONNECTED_BY_TWIN };

/* An answer to an IPv6 peer from a new socket that was meant for IPv4 alone. */
static long answer_across(const struct side *side, long how)
{
	int server = bound_socket(side, "::", SERVER_PORT), client = client_at(CLIENT6), other,
	    twin;
	struct address any4 = address_of("::ffff:0.0.0.0", 0), peer;
	struct address elsewhere = address_of("::ffff:" CLIENT, SERVER_PORT);

	other = fresh_socket(side, AF_INET6);
	twin = (int)need(dup(other), "dup");
	if (how == FOR_IPV4)
		need(side->bind(other, &any4.name.any, any4.length), "bind");
	else
		need(side->connect(twin, &elsewhere.name.any, elsewhere.length), "connect");
	ask_at(client, ASKED6);
	peer = hear(side, server);
	return outcome(tell(side, other, &peer));
}

void case_new_socket_for_ipv4(void)
{
	make_hosts();
	check_both(answer_across, FOR_IPV4, -EAFNOSUPPORT, "bound to IPv4's wildcard");
	make_hosts();
	check_both(answer_across, CONNECTED_BY_TWIN, -EAFNOSUPPORT, "connected to an IPv4 peer");
}

/*
 * A server that has replied at once before, so that the next reply needs no lookup. Returns the
 * peer that waits for it.
 */
static struct address question_after_replies(const struct side *side, int server, int client,
					     const char *asked)
{
	enum { REPLIES = 3 };
	struct address peer;

	for (int i = 0; i < REPLIES; i++) {
		ask_at(client, asked);
		peer = hear(side, server);
		need(tell(side, server, &peer), "sendto");
		check(recv(client, (char[8]){ "" }, 8, 0) == 6, "no reply");
	}
	ask_at(client, asked);
	return hear(side, server);
}

static long reply_after_connect(const struct side *side, long argument)
{
	int server = bound_socket(side, "::", SERVER_PORT), client = client_at(CLIENT6);
	struct address peer = question_after_replies(side, server, client, ASKED6);
	struct address elsewhere = address_of("::ffff:" CLIENT, SERVER_PORT);

	(void)argument;
	need(side->connect(server, &elsewhere.name.any, elsewhere.length), "connect");
	return outcome(tell(side, server, &peer));
}

void case_connected_to_ipv4(void)
{
	make_hosts();
	check_both(reply_after_connect, 0, -EAFNOSUPPORT, "connected to an IPv4 peer");
}

/* What was received before SO_BINDTODEVICE is of another space: the kernel chooses. */
void case_moved_before_reply(void)
{
	int server, client;
	struct address peer;

	make_hosts();
	server = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	client = client_at(CLIENT);
	peer = question_after_replies(&library_side, server, client, ASKED);
	need(library_side.setsockopt(server, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), "lo");
	need(tell(&library_side, server, &peer), "sendto");
	check_source(client, CLIENT);
}

/* TFTP with sendmmsg(): the second block comes from where the first one came. */
void case_new_port_keeps_source(void)
{
	int server, client, transfer;
	struct iovec block = { .iov_base = (char[]){ "1" }, .iov_len = 1 };
	struct address peer, another;
	struct mmsghdr message = {
		.msg_hdr = { .msg_name = &peer.name, .msg_iov = &block, .msg_iovlen = 1 }
	};

	make_hosts();
	server = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	client = client_at(CLIENT);
	ask_at(client, ASKED);
	peer = hear(&library_side, server);
	message.msg_hdr.msg_namelen = peer.length;
	transfer = fresh_socket(&library_side, AF_INET);
	need(library_side.sendmmsg(transfer, &message, 1, 0), "sendmmsg");
	check_source(client, ASKED);
	ask_at(client_at(CLIENT2), OTHER);
	another = hear(&library_side, server);
	check(memcmp(&another.name.v4, &peer.name.v4, sizeof(peer.name.v4)), "the same peer");
	need(tell(&library_side, transfer, &peer), "sendto");
	check_source(client, ASKED);
}

/* Old programs call glibc's inner names. */
void case_inner_names(void)
{
	int (*inner_connect)(int, const struct sockaddr *, socklen_t);
	ssize_t (*inner_send)(int, const void *, size_t, int);
	struct address peer;
	int server, client;

	make_hosts();
	server = bound_socket(&library_side, "0.0.0.0", SERVER_PORT);
	client = client_at(CLIENT);
	ask_at(client, ASKED);
	peer = hear(&library_side, server);
	*(void **)&inner_connect = dlsym(RTLD_DEFAULT, "__connect");
	*(void **)&inner_send = dlsym(RTLD_DEFAULT, "__send");
	need(inner_connect(server, &peer.name.any, peer.length), "__connect");
	need(inner_send(server, "answer", 6, 0), "__send");
	check_source(client, ASKED);
}

static long answer_with_flag(const struct side *side, long flag)
{
	int server = bound_socket(side, "0.0.0.0", SERVER_PORT), client = client_at(CLIENT);
	struct address peer;

	ask_at(client, ASKED);
	peer = hear(side, server);
	return outcome(side->sendto(server, "answer", 6, (int)flag, &peer.name.any, peer.length));
}

/* MSG_CMSG_COMPAT of <linux/socket.h> means nothing to sendto(), and sendmsg() refuses it. */
void case_internal_flag(void)
{
	make_hosts();
	check_both(answer_with_flag, INT_MIN, 6, "sendto()");
}
