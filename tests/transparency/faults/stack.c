// SPDX-License-Identifier: MIT
/*
 * How much stack each call takes: at most 1 KiB more than the libc's function itself, whatever way
 * the call goes in the library. A coroutine's or a handler's stack may have no more.
 */

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "../../lib/kernel_call.h"
#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "../../lib/host.h"
#include "../../lib/preload.h"

enum { MORE_AT_MOST = 1024, STACK = 256 << 10, PAINT = 0xa5, MANY = 1024, ROOM = 1024 };

/* The calls, as the library has them or the libc itself. */
static struct {
	ssize_t (*recv)(int, void *, size_t, int);
	ssize_t (*recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
	ssize_t (*recvmsg)(int, struct msghdr *, int);
	int (*recvmmsg)(int, struct mmsghdr *, unsigned int, int, struct timespec *);
	ssize_t (*send)(int, const void *, size_t, int);
	ssize_t (*sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	ssize_t (*sendmsg)(int, const struct msghdr *, int);
	int (*sendmmsg)(int, struct mmsghdr *, unsigned int, int);
	int (*connect)(int, const struct sockaddr *, socklen_t);
} call;

/* dlsym() gives the library's own function, whatever the handle. */
static void find(bool library, void *pointer, const char *name)
{
	void *hook = dlsym(RTLD_DEFAULT, name), *address = library ? hook : find_in_libc(name);

	check(address != NULL, "no %s", name);
	check(library || address != hook, "%s of the libc is the library's", name);
	memcpy(pointer, &address, sizeof(address));
}

static void find_calls(bool library)
{
	find(library, &call.recv, "recv");
	find(library, &call.recvfrom, "recvfrom");
	find(library, &call.recvmsg, "recvmsg");
	find(library, &call.recvmmsg, "recvmmsg");
	find(library, &call.send, "send");
	find(library, &call.sendto, "sendto");
	find(library, &call.sendmsg, "sendmsg");
	find(library, &call.sendmmsg, "sendmmsg");
	find(library, &call.connect, "connect");
}

/* What the calls are about: not on the stack that is measured. */
static int fd, client;
static struct address peer;
static struct mmsghdr vector[MANY];
static struct iovec part;
static char bytes[ROOM];
static _Alignas(struct cmsghdr) unsigned char controls[MANY][ROOM];
static struct sockaddr_storage name;
static socklen_t length;
static long result;

static void fill_vector(void *address, socklen_t room, size_t control)
{
	part = (struct iovec){ bytes, 8 };
	for (int i = 0; i < MANY; i++) {
		memset(controls[i], 0, sizeof(controls[i]));
		vector[i].msg_hdr = (struct msghdr){ .msg_name = address,
						     .msg_namelen = room,
						     .msg_iov = &part,
						     .msg_iovlen = 1,
						     .msg_control = control ? controls[i] : NULL,
						     .msg_controllen = control };
	}
}

/* The program's own control data: a time to live, as often as there is room. */
static void add_control(size_t size)
{
	for (int i = 0; i < MANY; i++) {
		struct msghdr *message = &vector[i].msg_hdr;
		int ttl = 64;

		message->msg_control = controls[i];
		message->msg_controllen = size / CMSG_SPACE(sizeof(ttl)) * CMSG_SPACE(sizeof(ttl));
		for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
		     header = CMSG_NXTHDR(message, header)) {
			*header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(ttl)),
						    .cmsg_level = IPPROTO_IP,
						    .cmsg_type = IP_TTL };
			memcpy(CMSG_DATA(header), &ttl, sizeof(ttl));
		}
	}
}

static void receive_bytes(void)
{
	result = call.recv(fd, bytes, sizeof(bytes), 0);
}

static void receive_from(void)
{
	length = sizeof(name);
	result = call.recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&name, &length);
}

static void receive_short(void)
{
	length = 4;
	result = call.recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&name, &length);
}

static void receive_message(void)
{
	result = call.recvmsg(fd, &vector[0].msg_hdr, 0);
}

static void receive_one(void)
{
	result = call.recvmmsg(fd, vector, 1, 0, NULL);
}

static void receive_many(void)
{
	result = call.recvmmsg(fd, vector, MANY, MSG_DONTWAIT, NULL);
}

static void send_bytes(void)
{
	result = call.send(fd, "answer", 6, 0);
}

static void send_to(void)
{
	result = call.sendto(fd, "answer", 6, 0, &peer.name.any, peer.length);
}

static void send_message(void)
{
	result = call.sendmsg(fd, &vector[0].msg_hdr, 0);
}

static void send_two(void)
{
	result = call.sendmmsg(fd, vector, 2, 0);
}

static void send_many(void)
{
	result = call.sendmmsg(fd, vector, 64, 0);
}

static void connect_to(void)
{
	result = call.connect(fd, &peer.name.any, peer.length);
}

static void serve_at(const char *any, const char *from)
{
	fd = bound_socket(&library_side, any, SERVER_PORT);
	client = client_at(from);
	fill_vector(&name, sizeof(name), 0);
}

static void set(int level, int option)
{
	int on = 1;

	need(setsockopt(fd, level, option, &on, sizeof(on)), "setsockopt");
}

/* A datagram waits; the peer is new, or asked before. */
static void new_peer(void)
{
	serve_at("0.0.0.0", CLIENT);
	ask_at(client, ASKED);
}

static void new_peer_v6(void)
{
	serve_at("::", CLIENT6);
	ask_at(client, ASKED6);
}

static void new_peer_dual(void)
{
	serve_at("::", CLIENT);
	ask_at(client, ASKED);
}

static void known_peer(void)
{
	serve_at("0.0.0.0", CLIENT);
	check_answer(&library_side, fd, client);
	ask_at(client, ASKED);
	ask_at(client, ASKED);
}

static void much_room(void)
{
	new_peer();
	fill_vector(&name, sizeof(name), ROOM);
}

static void some_room(void)
{
	new_peer();
	fill_vector(&name, sizeof(name), 256);
}

static void all_options(void)
{
	new_peer_dual();
	fill_vector(&name, sizeof(name), 512);
	set(SOL_SOCKET, SO_TIMESTAMPNS);
	set(IPPROTO_IP, IP_RECVTTL);
	set(IPPROTO_IP, IP_RECVTOS);
	set(IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
	set(IPPROTO_IPV6, IPV6_RECVPKTINFO);
	ask_at(client, ASKED);
}

/* The descriptor is not known, as after exec: the kernel is asked. */
static void unknown_descriptor(void)
{
	new_peer();
	fd = dup(fd);
}

/* A datagram without PKTINFO: the kernel is asked what the descriptor is. */
static void without_pktinfo(void)
{
	int off = 0;

	serve_at("0.0.0.0", CLIENT);
	kernel_side.setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &off, sizeof(off));
	ask_at(client, ASKED);
}

/* The answers. */
static void asked(void)
{
	serve_at("0.0.0.0", CLIENT);
	ask_at(client, ASKED);
	peer = hear(&library_side, fd);
	fill_vector(&peer.name, peer.length, 0);
}

static void asked_v6(void)
{
	serve_at("::", CLIENT6);
	ask_at(client, ASKED6);
	peer = hear(&library_side, fd);
	fill_vector(&peer.name, peer.length, 0);
}

/* The program spoke first, and the answer comes to an address that is not the kernel's choice. */
static void spoken_to(void)
{
	serve_at("0.0.0.0", CLIENT);
	peer.length = sizeof(peer.name);
	need(getsockname(client, &peer.name.any, &peer.length), "getsockname");
	need(sendto(fd, "hello", 5, 0, &peer.name.any, peer.length), "sendto");
	ask_at(client, ASKED);
}

/* The last question still waits for its answer. */
static void unanswered(void)
{
	asked();
	fill_vector(&name, sizeof(name), 0);
	ask_at(client_at(CLIENT2), OTHER);
}

/* The host that asked is answered at another port. */
static void asked_from_another_port(void)
{
	asked();
	peer.length = sizeof(peer.name);
	need(getsockname(client_at(CLIENT), &peer.name.any, &peer.length), "getsockname");
}

static void asked_by_others_since(void)
{
	asked();
	ask_at(client_at(CLIENT2), OTHER);
	hear(&library_side, fd);
}

static void asked_with_control(void)
{
	asked();
	add_control(48);
}

static void asked_with_much_control(void)
{
	asked();
	add_control(ROOM);
}

static void fresh(void)
{
	asked();
	fd = fresh_socket(&library_side, AF_INET);
}

static void connected(void)
{
	asked();
	need(connect(fd, &peer.name.any, peer.length), "connect");
}

/* The source is refused: the address is gone. */
static void refused(void)
{
	asked();
	ip("addr del " ASKED "/32 dev lo");
}

static void refused_v6(void)
{
	asked_v6();
	ip("addr del " ASKED6 "/128 dev lo");
}

static void refused_with_control(void)
{
	refused();
	add_control(48);
}

static void refused_with_much_control(void)
{
	refused();
	add_control(ROOM);
}

static void refused_from_memory(void)
{
	asked_by_others_since();
	ip("addr del " ASKED "/32 dev lo");
}

/* An address that is on no interface, but has a route of type local. */
static void freely_bound(void)
{
	ip("route add local 2001:db8:5::/64 dev lo");
	await_address("2001:db8:5::1");
	serve_at("::", CLIENT6);
	ask_at(client, "2001:db8:5::1");
	peer = hear(&library_side, fd);
	fill_vector(&peer.name, peer.length, 0);
}

static void freely_bound_with_control(void)
{
	freely_bound();
	for (int i = 0; i < MANY; i++)
		vector[i].msg_hdr.msg_control = controls[i];
	for (int i = 0; i < MANY; i++) {
		struct cmsghdr header = { .cmsg_len = CMSG_LEN(sizeof(int)),
					  .cmsg_level = IPPROTO_IPV6,
					  .cmsg_type = IPV6_HOPLIMIT };
		int hops = 64;

		memcpy(controls[i], &header, sizeof(header));
		memcpy(controls[i] + CMSG_LEN(0), &hops, sizeof(hops));
		vector[i].msg_hdr.msg_controllen = CMSG_SPACE(sizeof(hops));
	}
}

static const struct row {
	const char *title;
	void (*before)(void);
	void (*measured)(void);
} rows[] = {
	{ "recv", known_peer, receive_bytes },
	{ "recv, a new peer", new_peer, receive_bytes },
	{ "recvfrom", known_peer, receive_from },
	{ "recvfrom, a new peer", new_peer, receive_from },
	{ "recvfrom, a new peer, IPv6", new_peer_v6, receive_from },
	{ "recvfrom, a new peer, dual-stack", new_peer_dual, receive_from },
	{ "recvfrom, no room for the address", new_peer, receive_short },
	{ "recvfrom, an unknown descriptor", unknown_descriptor, receive_from },
	{ "recvfrom, no PKTINFO", without_pktinfo, receive_from },
	{ "recvfrom, the program spoke first", spoken_to, receive_from },
	{ "recvfrom, a question unanswered", unanswered, receive_from },
	{ "recvmsg, the program spoke first", spoken_to, receive_message },
	{ "recvmsg, a question unanswered", unanswered, receive_message },
	{ "recvmmsg, the program spoke first", spoken_to, receive_many },
	{ "recvmmsg, a question unanswered", unanswered, receive_many },
	{ "sendto, another port", asked_from_another_port, send_to },
	{ "sendmsg, another port", asked_from_another_port, send_message },
	{ "sendmmsg, another port", asked_from_another_port, send_two },
	{ "recvmsg", known_peer, receive_message },
	{ "recvmsg, a new peer", new_peer, receive_message },
	{ "recvmsg, a new peer, IPv6", new_peer_v6, receive_message },
	{ "recvmsg, room for control data", some_room, receive_message },
	{ "recvmsg, much room", much_room, receive_message },
	{ "recvmsg, many options", all_options, receive_message },
	{ "recvmsg, an unknown descriptor", unknown_descriptor, receive_message },
	{ "recvmsg, no PKTINFO", without_pktinfo, receive_message },
	{ "recvmmsg", known_peer, receive_one },
	{ "recvmmsg, a new peer", new_peer, receive_one },
	{ "recvmmsg, a new peer, IPv6", new_peer_v6, receive_one },
	{ "recvmmsg, many", new_peer, receive_many },
	{ "recvmmsg, many with much room", much_room, receive_many },
	{ "recvmmsg, many options", all_options, receive_many },
	{ "recvmmsg, an unknown descriptor", unknown_descriptor, receive_many },
	{ "recvmmsg, no PKTINFO", without_pktinfo, receive_many },
	{ "send, connected", connected, send_bytes },
	{ "sendto", asked, send_to },
	{ "sendto, IPv6", asked_v6, send_to },
	{ "sendto, from memory", asked_by_others_since, send_to },
	{ "sendto, a fresh socket", fresh, send_to },
	{ "sendto, refused", refused, send_to },
	{ "sendto, refused from memory", refused_from_memory, send_to },
	{ "sendto, refused, IPv6", refused_v6, send_to },
	{ "sendto, IPV6_FREEBIND", freely_bound, send_to },
	{ "sendmsg", asked, send_message },
	{ "sendmsg, from memory", asked_by_others_since, send_message },
	{ "sendmsg, control data", asked_with_control, send_message },
	{ "sendmsg, much control data", asked_with_much_control, send_message },
	{ "sendmsg, a fresh socket", fresh, send_message },
	{ "sendmsg, refused", refused, send_message },
	{ "sendmsg, refused from memory", refused_from_memory, send_message },
	{ "sendmsg, refused with control data", refused_with_control, send_message },
	{ "sendmsg, refused with much", refused_with_much_control, send_message },
	{ "sendmsg, IPV6_FREEBIND", freely_bound, send_message },
	{ "sendmsg, IPV6_FREEBIND with control", freely_bound_with_control, send_message },
	{ "sendmmsg", asked, send_two },
	{ "sendmmsg, many", asked_with_much_control, send_many },
	{ "sendmmsg, a fresh socket", fresh, send_two },
	{ "sendmmsg, refused", refused, send_two },
	{ "sendmmsg, refused with control data", refused_with_control, send_two },
	{ "sendmmsg, refused with much", refused_with_much_control, send_two },
	{ "sendmmsg, IPV6_FREEBIND", freely_bound_with_control, send_two },
	{ "connect, two steps", asked, connect_to },
	{ "connect, two steps, IPv6", asked_v6, connect_to },
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

static const struct row *row;
static ucontext_t here, there;

static void run_measured(void)
{
	row->measured();
}

static long measure(void)
{
	unsigned char *stack =
		mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t untouched = 0;

	need(stack == MAP_FAILED ? -1 : 0, "mmap");
	memset(stack, PAINT, STACK);
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = STACK;
	there.uc_link = &here;
	makecontext(&there, run_measured, 0);
	swapcontext(&here, &there);
	while (stack[untouched] == PAINT)
		untouched++;
	return (long)(STACK - untouched);
}

/* In a process of its own: the stack used, or -1. */
static long measure_apart(bool library)
{
	int ends[2], status;
	long used = -1;
	pid_t child;

	need(pipe(ends), "pipe");
	fflush(stdout);
	child = (pid_t)need(fork(), "fork");
	if (!child) {
		make_hosts();
		row->before();
		find_calls(library);
		used = measure();
		if (result < 0)
			fail("%s: %s", row->title, strerror(errno));
		_exit(result < 0 || write(ends[1], &used, sizeof(used)) != sizeof(used));
	}
	close(ends[1]);
	if (read(ends[0], &used, sizeof(used)) != sizeof(used))
		used = -1;
	close(ends[0]);
	waitpid(child, &status, 0);
	return status ? -1 : used;
}

static void compare_rows(void)
{
	for (row = rows; row < rows + ROWS; row++) {
		long plain = measure_apart(false), library = measure_apart(true);

		printf("# %-36s %5ld %5ld  %+ld\n", row->title, plain, library, library - plain);
		check(plain > 0 && library > 0 && library - plain <= MORE_AT_MOST,
		      "%s: %ld bytes, without the library %ld", row->title, library, plain);
	}
}

static const struct test_case cases[] = {
	{ "at most 1 KiB more than the libc's function", compare_rows },
};

int main(int argc, char **argv)
{
	(void)argc;
	run_under_library(argv);
	if (!dlopen("libc.so.6", RTLD_NOW))
		unavailable("no libc.so.6");
	return run_on_hosts(cases, sizeof(cases) / sizeof(*cases));
}
