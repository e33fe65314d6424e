// SPDX-License-Identifier: MIT
// Calls that send, with and without addresses and control data, some of them wrong.

#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>

#include "model.h"
#include "show.h"
#include "world.h"

enum { CONTROL = 256, MESSAGES = 5 };

int wanted_from[PEERS] = { WANT_UNSET, WANT_UNSET, WANT_UNSET, WANT_UNSET, WANT_UNSET };

enum { NONE, OWN, PERHAPS };

struct sent {
	_Alignas(struct cmsghdr) unsigned char control[CONTROL];
	struct sockaddr_storage name;
	unsigned char payload[200];
	struct iovec vector;
	int names; /* OWN: a source of its own; NONE; PERHAPS */
};
static struct sent sent[MESSAGES];

static int choose_flags(const struct call *call, unsigned int word)
{
	static const int table[] = { MSG_CONFIRM, MSG_DONTROUTE, MSG_MORE, MSG_NOSIGNAL, MSG_EOR };
	int flags = MSG_DONTWAIT;

	if (seldom(call, word, 5))
		flags |= table[pick(call, word, 5)];
	if (seldom(call, word, 41))
		flags |= MSG_OOB;
	if (seldom(call, word, 43))
		flags |= (int)(1u << pick(call, word, 26));
	return flags;
}

/* To a peer, mostly; returns the length of the address. */
static socklen_t choose_peer(const struct call *call, unsigned int word, int fd,
			     struct sockaddr_storage *address)
{
	bool six = raw_getsockopt(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET6;
	unsigned int which = pick(call, word, PEERS);
	const char *host = askers[which].address;
	char mapped[64];
	socklen_t length;
	uint16_t port = (uint16_t)(world.base + PEER_PORT + which);

	if (seldom(call, word, 17))
		port = (uint16_t)(world.base + CLOSED_PORT);
	if (askers[which].family == AF_INET && six && !seldom(call, word, 7)) {
		snprintf(mapped, sizeof(mapped), "::ffff:%s", host);
		length = network_address(address, AF_INET6, mapped, port);
	} else {
		length = network_address(address, askers[which].family, host, port);
	}
	if (seldom(call, word, 37))
		length = pick(call, word, 140);
	if (seldom(call, word, 39))
		address->ss_family = (sa_family_t)pick(call, word, 12);
	return length;
}

/*
 * Something is to be sent to that address. One or two calls of the same kind to one peer with
 * different expectations: none can be told.
 */
static void expect(int fd, const struct sockaddr_storage *address, socklen_t length, int names)
{
	int peer = model_peer_at(fd, address, length), want;

	want = model_sending(fd, peer, names == OWN);
	if (peer == STRANGER || peer >= PEERS)
		return;
	if (names == PERHAPS || (wanted_from[peer] != WANT_UNSET && wanted_from[peer] != want))
		want = WANT_ANY;
	wanted_from[peer] = want;
}

/* The errors that a source can be the reason of. */
static bool may_be_refused(long n)
{
	return n < 0 && (errno == EINVAL || errno == ENETUNREACH || errno == EADDRNOTAVAIL ||
			 errno == ENODEV);
}

static void put(struct msghdr *message, int level, int type, const void *value, size_t length)
{
	struct cmsghdr *header;

	if (message->msg_controllen + CMSG_SPACE(length) > CONTROL)
		return;
	header = (struct cmsghdr *)(void *)((unsigned char *)message->msg_control +
					    message->msg_controllen);
	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(length);
	memcpy(CMSG_DATA(header), value, length);
	message->msg_controllen += CMSG_SPACE(length);
}

/*
 * Errors come back to the source, and a connected socket gets those for its local address: which
 * can be another on each side. PKTINFO changes the source even if it names none.
 */
static bool is_refused(int fd)
{
	struct sockaddr_storage peer;

	return model_is_chosen(fd) && raw_name(fd, true, &peer) &&
	       ((struct sockaddr_in *)&peer)->sin_port == htons(world.base + CLOSED_PORT);
}

static void choose_control(const struct call *call, unsigned int word, int fd,
			   struct msghdr *message, struct sent *from)
{
	bool six = raw_getsockopt(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET6;
	unsigned int kinds = call->word[word] % 61 & (is_refused(fd) ? ~(4u | 8u) : ~0u);
	struct in_pktinfo v4 = { 0 };
	struct in6_pktinfo v6 = { .ipi6_ifindex = 0 };
	int value = 1 + (int)pick(call, word, 254);
	uint16_t segment = (uint16_t)(1 + pick(call, word, 60));

	message->msg_control = from->control;
	for (unsigned int bits = kinds; bits; bits &= bits - 1) {
		switch (bits & -bits) {
		case 1:
			put(message, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_HOPLIMIT : IP_TTL,
			    &value, sizeof(value));
			break;
		case 2:
			put(message, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_TCLASS : IP_TOS,
			    &value, sizeof(value));
			break;
		case 4:
			v4.ipi_spec_dst.s_addr = htonl(value & 1 ? 0xc0000202u : 0);
			v4.ipi_ifindex = value & 6 ? 0 : 1;
			put(message, IPPROTO_IP, IP_PKTINFO, &v4, sizeof(v4));
			if (value & 1 || v4.ipi_ifindex)
				from->names = OWN;
			break;
		case 8:
			if (value & 1)
				v6.ipi6_addr = in6addr_loopback;
			put(message, IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof(v6));
			if (value & 1)
				from->names = OWN;
			break;
		case 16:
			put(message, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
			break;
		default:
			put(message, value, value, &value, (size_t)value % 5);
			break;
		}
	}
	if (seldom(call, word, 13) && message->msg_controllen)
		message->msg_controllen -= (size_t)value % message->msg_controllen;
	if (seldom(call, word, 29))
		from->control[value % 16] ^= (unsigned char)value;
	if (seldom(call, word, 13) || seldom(call, word, 29))
		from->names = PERHAPS;
}

static void shape(const struct call *call, unsigned int word, int fd, struct msghdr *message,
		  struct sent *from)
{
	memset(message, 0, sizeof(*message));
	from->names = NONE;
	from->vector = (struct iovec){ .iov_base = from->payload,
				       .iov_len = pick(call, word, sizeof(from->payload)) };
	memset(from->payload, (int)(0x30 + world.at), sizeof(from->payload));
	message->msg_iov = &from->vector;
	message->msg_iovlen = 1;
	if (!seldom(call, word, 6)) {
		message->msg_name = &from->name;
		message->msg_namelen = choose_peer(call, word + 1, fd, &from->name);
	}
	if (seldom(call, word + 1, 2))
		choose_control(call, word + 2, fd, message, from);
}

static void send_simply(const struct call *call, int fd)
{
	bool faultable = may_fault(fd);
	struct sent *from = &sent[0];
	int flags = choose_flags(call, 1);
	size_t size = pick(call, 3, sizeof(from->payload));
	socklen_t length;
	long n;

	memset(from->payload, (int)(0x30 + world.at), sizeof(from->payload));
	if (flags & MSG_MORE)
		model_blur(fd);
	errno = ERRNO_BEFORE;
	if (call->kind == CALL_SEND) {
		n = send(fd, from->payload, size, flags);
	} else {
		length = choose_peer(call, 2, fd, &from->name);
		/* move_addr_to_kernel() refuses a longer one. */
		if (length <= sizeof(from->name))
			expect(fd, &from->name, length, NONE);
		errno = ERRNO_BEFORE;
		if (seldom(call, 4, 50))
			n = sendto(fd, (void *)8, size, flags, (struct sockaddr *)&from->name,
				   length);
		else if (seldom(call, 4, 51) && faultable)
			n = sendto(fd, from->payload, size, flags, (struct sockaddr *)8, length);
		else
			n = sendto(fd, from->payload, size, flags, (struct sockaddr *)&from->name,
				   length);
		if (may_be_refused(n))
			sources_failed(model_peer_at(fd, &from->name, length));
	}
	show_result(sequence_name(call->kind), flags, n);
	show_address("to", &from->name, 0);
}

static void send_message(const struct call *call, int fd)
{
	bool faultable = may_fault(fd);
	int flags = choose_flags(call, 5);
	struct msghdr message;
	long n;

	if (flags & MSG_MORE)
		model_blur(fd);
	shape(call, 1, fd, &message, &sent[0]);
	if (message.msg_name)
		expect(fd, &sent[0].name, message.msg_namelen, sent[0].names);
	trace_add("  control %08x of %zu\n", trace_hash(sent[0].control, CONTROL),
		  message.msg_controllen);
	errno = ERRNO_BEFORE;
	if (seldom(call, 6, 50) && faultable)
		n = sendmsg(fd, (struct msghdr *)8, flags);
	else
		n = sendmsg(fd, &message, flags);
	if (may_be_refused(n))
		sources_failed(model_peer_at(fd, &sent[0].name, message.msg_namelen));
	show_result("sendmsg", flags, n);
	trace_add("  left %08x %08x %u %zu %x\n", trace_hash(&sent[0], sizeof(sent[0].control)),
		  trace_hash(&sent[0].name, sizeof(sent[0].name)), message.msg_namelen,
		  message.msg_controllen, (unsigned int)message.msg_flags);
}

static void send_messages(const struct call *call, int fd)
{
	bool faultable = may_fault(fd);
	unsigned int count = pick(call, 6, MESSAGES + 1);
	int flags = choose_flags(call, 5), n;
	struct mmsghdr messages[MESSAGES];
	struct call varied = *call;

	if (flags & MSG_MORE)
		model_blur(fd);
	for (unsigned int i = 0; i < MESSAGES; i++) {
		shape(&varied, 1, fd, &messages[i].msg_hdr, &sent[i]);
		messages[i].msg_len = 0x5a5a;
		if (i < count && messages[i].msg_hdr.msg_name)
			expect(fd, &sent[i].name, messages[i].msg_hdr.msg_namelen, sent[i].names);
		for (unsigned int word = 1; word < 5; word++)
			varied.word[word] = varied.word[word] * 2654435761u + i;
	}
	errno = ERRNO_BEFORE;
	if (seldom(call, 7, 50) && faultable)
		n = sendmmsg(fd, (struct mmsghdr *)8, count, flags);
	else
		n = sendmmsg(fd, messages, count, flags);
	for (unsigned int i = 0; n < (int)count && i < count; i++)
		sources_failed(model_peer_at(fd, &sent[i].name, messages[i].msg_hdr.msg_namelen));
	show_result("sendmmsg", flags, n);
	for (unsigned int i = 0; i < MESSAGES; i++)
		trace_add("  message %u length %u left %08x %zu\n", i, messages[i].msg_len,
			  trace_hash(sent[i].control, CONTROL), messages[i].msg_hdr.msg_controllen);
}

void perform_send(const struct call *call, int fd)
{
	memset(sent, 0, sizeof(sent));
	if (call->kind == CALL_SENDMSG)
		send_message(call, fd);
	else if (call->kind == CALL_SENDMMSG)
		send_messages(call, fd);
	else
		send_simply(call, fd);
}
