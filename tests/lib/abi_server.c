// SPDX-License-Identifier: MIT
// abi_server -4|-6 PORT [valid]: receives by one call after the other, and answers with what it was shown. A server of
// its own, in a single file for the compilers of other ABIs. With `valid` it gives the kernel no control data that the
// kernel refuses.

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static int fd;
static char report[512];
static struct sockaddr_storage peer;
static _Alignas(struct cmsghdr) unsigned char control[512];

static void check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
}

static void add(const char *what, long number)
{
	size_t used = strlen(report);

	snprintf(report + used, sizeof(report) - used, "%s %ld ", what, number);
}

static void add_message(struct msghdr *message)
{
	add("flags", message->msg_flags);
	add("control", (long)message->msg_controllen);
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header))
		add("type", header->cmsg_type);
}

static void add_option(const char *what, int level, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);

	check(getsockopt(fd, level, name, &value, &length), what);
	add(what, value);
}

static void enable(int level, int name)
{
	int on = 1;

	check(setsockopt(fd, level, name, &on, sizeof(on)), "setsockopt");
}

static struct msghdr message_of(struct iovec *part, size_t room)
{
	return (struct msghdr){ .msg_name = &peer,
				.msg_namelen = sizeof(peer),
				.msg_iov = part,
				.msg_iovlen = 1,
				.msg_control = room ? control : NULL,
				.msg_controllen = room };
}

static socklen_t peer_length(void)
{
	return peer.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static void receive_message(size_t room)
{
	char question[64];
	struct iovec part = { question, sizeof(question) };
	struct msghdr message = message_of(&part, room);

	check((int)recvmsg(fd, &message, 0), "recvmsg");
	add_message(&message);
}

static void receive_vector(size_t room)
{
	char question[64];
	struct iovec part = { question, sizeof(question) };
	struct mmsghdr message = { .msg_hdr = message_of(&part, room) };
	struct timespec second = { .tv_sec = 1 };

	check(recvmmsg(fd, &message, 1, 0, &second), "recvmmsg");
	add_message(&message.msg_hdr);
}

static void receive_bytes(void)
{
	char question[64];
	socklen_t length = sizeof(peer);

	check((int)recvfrom(fd, question, sizeof(question), 0, (struct sockaddr *)&peer, &length),
	      "recvfrom");
	add("name", (long)length);
}

static void answer(int way)
{
	struct iovec part = { report, strlen(report) };
	struct mmsghdr message = { .msg_hdr = message_of(&part, 0) };

	message.msg_hdr.msg_namelen = peer_length();
	if (way == 0)
		check((int)sendto(fd, report, part.iov_len, 0, (struct sockaddr *)&peer,
				  peer_length()),
		      "sendto");
	else if (way == 1)
		check((int)sendmsg(fd, &message.msg_hdr, 0), "sendmsg");
	else
		check(sendmmsg(fd, &message, 1, 0), "sendmmsg");
	report[0] = '\0';
}

/* Which lengths of control data the kernel refuses: nothing is sent. */
static void add_refused_lengths(void)
{
	enum { PROBE = 0x10, LENGTHS = 40 }; /* MSG_PROBE of <linux/socket.h> */
	struct iovec part = { report, 1 };
	struct cmsghdr ttl = { .cmsg_len = CMSG_LEN(sizeof(int)),
			       .cmsg_level = IPPROTO_IP,
			       .cmsg_type = IP_TTL };
	long refused = 0;
	int value = 64;

	memset(control, 0, sizeof(control));
	for (int whole = 0; whole < 2; whole++) {
		for (size_t length = 0; length < LENGTHS; length++) {
			struct msghdr message = message_of(&part, length);

			message.msg_namelen = peer_length();
			refused = refused * 2 % 1000003 +
				  (sendmsg(fd, &message, PROBE) < 0 && errno == EINVAL);
		}
		memcpy(control, &ttl, sizeof(ttl));
		memcpy(CMSG_DATA((struct cmsghdr *)control), &value, sizeof(value));
	}
	add("refused", refused);
}

/* What a time_t of another size changes: the options' numbers and what timestamps look like. */
static void set_times(void)
{
	struct timeval patience = { .tv_sec = 5 }, read = { .tv_sec = 0 };
	socklen_t length = sizeof(read);

	check(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), "SO_RCVTIMEO");
	check(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &read, &length), "SO_RCVTIMEO");
	add("patience", (long)read.tv_sec);
	enable(SOL_SOCKET, SO_TIMESTAMP);
}

static void use_duplicate(void)
{
	int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	check(duplicate, "fcntl");
	close(fd);
	fd = duplicate;
}

/*
 * A question and its answer by system calls' numbers, in each way that this ABI has; the name's
 * length is for the first.
 */
enum { BY_CALLS, BY_MESSAGES, BY_VECTORS, BY_TIME64, BY_SOCKETCALL };

static long receive_by_number(int way, socklen_t *length)
{
	char question[64];
	struct iovec part = { question, sizeof(question) };
	struct mmsghdr message = { .msg_hdr = message_of(&part, sizeof(control)) };
	long result;

	switch (way) {
	case BY_CALLS:
		return syscall(SYS_recvfrom, fd, question, sizeof(question), 0, &peer, length);
	case BY_MESSAGES:
		result = syscall(SYS_recvmsg, fd, &message.msg_hdr, 0);
		break;
#ifdef SYS_recvmmsg_time64
	case BY_TIME64: {
		long long second[] = { 1, 0 };

		result = syscall(SYS_recvmmsg_time64, fd, &message, 1, 0, second);
		/* As before Linux 5.1. */
		if (result < 0 && errno == ENOSYS) {
			add("ENOSYS", errno);
			result = syscall(SYS_recvmmsg, fd, &message, 1, 0, NULL);
		}
		break;
	}
#endif
#ifdef SYS_socketcall
	case BY_SOCKETCALL: {
		long arguments[] = { fd, (long)&message.msg_hdr, 0 };

		result = syscall(SYS_socketcall, 17, arguments);
		break;
	}
#endif
	default:
		result = syscall(SYS_recvmmsg, fd, &message, 1, 0, NULL);
		break;
	}
	add_message(&message.msg_hdr);
	return result;
}

static long answer_by_number(int way)
{
	struct iovec part = { report, strlen(report) };
	struct mmsghdr message = { .msg_hdr = message_of(&part, 0) };

	message.msg_hdr.msg_namelen = peer_length();
	switch (way) {
	case BY_CALLS:
		return syscall(SYS_sendto, fd, report, part.iov_len, 0, &peer, peer_length());
	case BY_MESSAGES:
		return syscall(SYS_sendmsg, fd, &message.msg_hdr, 0);
#ifdef SYS_socketcall
	case BY_SOCKETCALL: {
		long arguments[] = { fd, (long)report, (long)part.iov_len,
				     0,	 (long)&peer,  (long)peer_length() };

		return syscall(SYS_socketcall, 11, arguments);
	}
#endif
	default:
		return syscall(SYS_sendmmsg, fd, &message, 1, 0);
	}
}

static void serve_by_number(void)
{
	for (int way = BY_CALLS; way <= BY_SOCKETCALL; way++) {
		socklen_t length = sizeof(peer);

		check((int)receive_by_number(way, &length), "receiving by number");
		add("name", (long)length);
		check((int)answer_by_number(way), "answering by number");
		report[0] = '\0';
	}
}

static void serve(int refused_lengths)
{
	receive_message(0);
	if (refused_lengths)
		add_refused_lengths();
	answer(0);
	receive_message(sizeof(control));
	answer(1);
	receive_vector(0);
	answer(2);
	receive_vector(sizeof(control));
	add_option("PKTINFO", IPPROTO_IP, IP_PKTINFO);
	answer(0);
	use_duplicate();
	set_times();
	receive_message(sizeof(control));
	answer(1);
	receive_vector(sizeof(control));
	answer(2);
	enable(IPPROTO_IP, IP_PKTINFO);
	receive_message(sizeof(control));
	add_option("PKTINFO", IPPROTO_IP, IP_PKTINFO);
	answer(0);
	receive_bytes();
	check(connect(fd, (struct sockaddr *)&peer, peer_length()), "connect");
	check((int)send(fd, report, strlen(report), 0), "send");
}

int main(int argc, char **argv)
{
	in_port_t port = htons((in_port_t)atoi(argc > 2 ? argv[2] : "0"));
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = port };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = port };
	int six = argc > 1 && !strcmp(argv[1], "-6");
	int valid = argc > 3 && !strcmp(argv[3], "valid");

	fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	check(fd, "socket");
	check(six ? bind(fd, (struct sockaddr *)&v6, sizeof(v6))
		  : bind(fd, (struct sockaddr *)&v4, sizeof(v4)),
	      "bind");
	serve_by_number();
	serve(!valid);
	return 0;
}
