// SPDX-License-Identifier: MIT
// Servers of three styles, without PKTINFO and with it written by hand. They are not the
// library's server, whose own costs would be measured too.

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "serve.h"
#include "stub.h"

const char *const style_names[STYLES] = { "recvfrom+sendto", "recvmsg+sendmsg",
					  "recvmmsg+sendmmsg" };

enum style style_of(const char *name)
{
	for (enum style style = FROM_TO; style < STYLES; style++)
		if (!strcmp(name, style_names[style]))
			return style;
	errno = EINVAL;
	give_up(name);
}

static void expect(ssize_t n)
{
	if (n < 0)
		give_up("a server's call");
}

static bool is_done(ssize_t n, int flags)
{
	if (n < 0 && flags & MSG_DONTWAIT && errno == EAGAIN)
		return true;
	expect(n);
	return false;
}

/* Room of one message. */
struct room {
	struct sockaddr_in6 name;
	struct iovec vector;
	_Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	unsigned char payload[512];
};

static void prepare(struct msghdr *message, struct room *room, bool native)
{
	room->vector = (struct iovec){ room->payload, sizeof(room->payload) };
	*message = (struct msghdr){ .msg_name = &room->name,
				    .msg_namelen = sizeof(room->name),
				    .msg_iov = &room->vector,
				    .msg_iovlen = 1,
				    .msg_control = native ? room->control : NULL,
				    .msg_controllen = native ? sizeof(room->control) : 0 };
}

/* The received message becomes the answer: the index of the interface must not choose the route. */
static void turn(struct msghdr *message, size_t length)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);

	message->msg_iov->iov_len = length;
	message->msg_flags = 0;
	if (!header)
		return;
	if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO)
		((struct in_pktinfo *)(void *)CMSG_DATA(header))->ipi_ifindex = 0;
	else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO)
		((struct in6_pktinfo *)(void *)CMSG_DATA(header))->ipi6_ifindex = 0;
}

/* The default peer table: 65,536 peers, five slots of eight bytes for four. */
enum { LINE_SIZE = 64, LINES = 65536 / 4 * 5 * 8 / LINE_SIZE };

/* Returns 0, out of a line that the peer chooses, in memory as the table's: shared, and written. */
static unsigned char read_line(const struct msghdr *message)
{
	static volatile unsigned char *block;
	uint32_t peer;

	if (!block) {
		block = mmap(NULL, (size_t)LINES * LINE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (block == MAP_FAILED)
			give_up("mmap");
		memset((void *)(uintptr_t)block, 0, (size_t)LINES * LINE_SIZE);
	}
	memcpy(&peer, &((const struct sockaddr_in *)message->msg_name)->sin_addr, sizeof(peer));
	peer = (uint32_t)(peer * UINT64_C(0x9e3779b97f4a7c15) >> 32);
	return block[((uint64_t)peer * LINES >> 32) * LINE_SIZE];
}

static unsigned int serve_from_to(const struct calls *calls, int fd, unsigned int count, int flags)
{
	unsigned char payload[512];
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct sockaddr_in6 name;
		socklen_t length = sizeof(name);
		ssize_t n = calls->recvfrom(fd, payload, sizeof(payload), flags,
					    (struct sockaddr *)&name, &length);

		if (is_done(n, flags))
			break;
		expect(calls->sendto(fd, payload, (size_t)n, 0, (struct sockaddr *)&name, length));
	}
	return i;
}

static inline __attribute__((always_inline)) unsigned int serve_messages(const struct calls *calls,
									 int fd, unsigned int count,
									 int flags, bool native,
									 bool reads_line)
{
	struct room room;
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct msghdr message;
		ssize_t n;

		prepare(&message, &room, native);
		n = calls->recvmsg(fd, &message, flags);
		if (is_done(n, flags))
			break;
		turn(&message, (size_t)n);
		/* The reply waits for what was read. */
		if (reads_line)
			message.msg_namelen += read_line(&message);
		expect(calls->sendmsg(fd, &message, 0));
	}
	return i;
}

static unsigned int serve_vectors(const struct calls *calls, int fd, unsigned int count, int flags,
				  bool native)
{
	struct room rooms[MESSAGES];
	unsigned int done = 0;

	while (done < count) {
		struct mmsghdr messages[MESSAGES];
		int n, sent;

		for (int i = 0; i < MESSAGES; i++)
			prepare(&messages[i].msg_hdr, &rooms[i], native);
		n = calls->recvmmsg(fd, messages, MESSAGES, flags | MSG_WAITFORONE, NULL);
		if (is_done(n, flags))
			break;
		for (int i = 0; i < n; i++)
			turn(&messages[i].msg_hdr, messages[i].msg_len);
		sent = calls->sendmmsg(fd, messages, (unsigned int)n, 0);
		expect(sent == n ? 0 : -1);
		done += (unsigned int)n;
	}
	return done;
}

static struct stub *stub;
static unsigned int stub_peers;
static int stub_fd;

void serve_with_stub(int fd, unsigned int peers)
{
	stub = dlsym(RTLD_DEFAULT, "bench_stub");
	if (!stub)
		give_up("bench_stub");
	stub_fd = fd;
	stub_peers = peers;
}

/* A round trip over the stub in the middle of one by hand, in two halves. */
static unsigned int serve_between(int fd, unsigned int count, int flags, bool is_library)
{
	struct room room, between;
	unsigned int i;

	for (i = 0; i < count; i++) {
		socklen_t length = sizeof(between.name);
		struct msghdr message, inner;
		ssize_t n;

		prepare(&message, &room, true);
		n = libc_calls.recvmsg(fd, &message, flags);
		if (is_done(n, flags))
			break;
		stub->peers = stub_peers;
		if (is_library) {
			hooked.recvfrom(stub_fd, between.payload, sizeof(between.payload), 0,
					(struct sockaddr *)&between.name, &length);
			hooked.sendto(stub_fd, between.payload, PAYLOAD, 0,
				      (struct sockaddr *)&between.name, length);
		} else {
			prepare(&inner, &between, true);
			stub->recvmsg(stub_fd, &inner, 0);
			turn(&inner, PAYLOAD);
			stub->sendmsg(stub_fd, &inner, 0);
		}
		stub->peers = 0;
		turn(&message, (size_t)n);
		expect(libc_calls.sendmsg(fd, &message, 0));
	}
	if (stub->wrong)
		give_up("a reply over the stub");
	return i;
}

unsigned int serve(enum side side, enum style style, int fd, unsigned int count, int flags)
{
	const struct calls *calls = side_calls(side);
	bool native = side_is_native(side);

	if (style == VECTOR)
		return serve_vectors(calls, fd, count, flags, native);
	if (side == HAND_BETWEEN || side == LIBRARY_BETWEEN)
		return serve_between(fd, count, flags, side == LIBRARY_BETWEEN);
	if (side == LINE)
		return serve_messages(calls, fd, count, flags, native, true);
	if (style == MESSAGE || native)
		return serve_messages(calls, fd, count, flags, native, false);
	return serve_from_to(calls, fd, count, flags);
}
