/* SPDX-License-Identifier: MIT */
/* What receives of one message and of many share: the guard, learning, and the program's view. */
#ifndef DELIVERY_H
#define DELIVERY_H

#include <errno.h>
#include <netinet/in.h>

#include "control.h"
#include "pktinfo.h"
#include "scratch.h"
#include "source.h"

#define CONTROL_BUFFER(name, size) _Alignas(struct cmsghdr) unsigned char name[size]

/*
 * UDP does not look at MSG_OOB when it receives (udp_recvmsg()); other sockets refuse it before
 * they take anything from their queue. So it keeps us from receiving on a descriptor that became
 * something else behind our back: a UNIX socket would give descriptors into our larger buffer that
 * the program has no room for. A kernel that refuses it on UDP is found by its error.
 */
extern int receive_guard; /* MSG_OOB, or 0 */

static inline int guard_flag(void)
{
	return __atomic_load_n(&receive_guard, __ATOMIC_RELAXED);
}

/* Can the guard be the reason of the error? */
static inline bool refuses_guard(int flags)
{
	return (errno == EOPNOTSUPP || errno == EINVAL) && !(flags & MSG_OOB) && guard_flag();
}

/*
 * A receive with the guard failed with such an error, but it is a helped socket all the same. Was
 * it the guard? Then the same error comes again, and the guard is left out from now on: true. Else
 * it was one that had been waiting on the socket, or one of the program's own making: false, errno
 * stays.
 */
bool receive_guard_refused(int fd);

/*
 * What a receive began with. It may block for long, and meanwhile the socket's place in the table
 * can become another socket's.
 */
struct before {
	uint64_t salt;
	uint32_t tag;
	uint8_t wanted;
	int error; /* errno, which a receive that succeeds in the end leaves alone */
};

static inline struct before remember_before(const struct helped *helped, uint64_t salt)
{
	return (struct before){ .salt = salt,
				.tag = helped_get(helped, tag),
				.wanted = helped_get(helped, wanted),
				.error = errno };
}

/* The PKTINFO that the program wants to see: now, as long as that can be known. */
static inline unsigned int wanted_after(const struct helped *helped, const struct before *before)
{
	unsigned int wanted = helped_get(helped, wanted);

	return likely(helped_get(helped, tag) == before->tag) ? wanted : before->wanted;
}

/* The rest of learn(): IPv6, and control data that is not as usual. */
void learn_rest(int fd, struct helped *helped, uint64_t salt, const struct msghdr *received);

/* Remembers what the control data of `count` datagrams tells. */
void learn_all(int fd, struct helped *helped, uint64_t salt, const struct mmsghdr *received,
	       unsigned int count, int flags);

/* Remembers what a received datagram's control data tells. */
static inline __attribute__((always_inline)) void
learn(int fd, struct helped *helped, uint64_t salt, const struct msghdr *received, int flags)
{
	struct local local;
	struct peer peer;

	if (unlikely(flags & MSG_ERRQUEUE))
		return;
	if (likely(received->msg_namelen == sizeof(struct sockaddr_in) &&
		   pktinfo_read_usual(received->msg_control, received->msg_controllen, &local))) {
		peer_read_v4(&peer, received->msg_name);
		source_learn(fd, helped, salt, source_names(salt, peer), peer, local);
	} else {
		learn_rest(fd, helped, salt, received);
	}
	if (unlikely(flags & MSG_PEEK))
		source_last.flags |= HEARD_PEEKED;
}

/* move_addr_to_user() in net/socket.c: all its length, as much of it as there is room for. */
int give_address_rest(const struct msghdr *received, void *address, socklen_t *length);

static inline int give_address(const struct msghdr *received, void *address, socklen_t *length)
{
	if (unlikely(received->msg_namelen != sizeof(struct sockaddr_in) ||
		     (int)*length < (int)sizeof(struct sockaddr_in)))
		return give_address_rest(received, address, length);
	*length = sizeof(struct sockaddr_in);
	memcpy(address, received->msg_name, sizeof(struct sockaddr_in));
	return 0;
}

/* Is all that came one message, of a kind that the program does not get? */
static inline bool is_hidden_alone(const struct msghdr *received, unsigned int hidden)
{
	const struct cmsghdr *header = received->msg_control;

	return received->msg_controllen >= sizeof(*header) &&
	       CMSG_ALIGN(header->cmsg_len) >= received->msg_controllen &&
	       ((header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO &&
		 hidden & INFO_V4) ||
		(header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO &&
		 hidden & INFO_V6));
}

/* The program's view of a received message: ____sys_recvmsg() in net/socket.c. */
static inline int give_message(unsigned int wanted, struct msghdr *message,
			       const struct msghdr *received)
{
	unsigned int hidden = (INFO_V4 | INFO_V6) & ~wanted;
	int truncated;
	int error = 0;

	if (message->msg_name)
		error = give_address(received, message->msg_name, &message->msg_namelen);
	/*
	 * The copy had room for all that is hidden and what the program has room for, so what was
	 * truncated there would have been here too.
	 */
	if (likely(is_hidden_alone(received, hidden))) {
		message->msg_controllen = 0;
		truncated = 0;
	} else {
		truncated = control_deliver(message, received, hidden);
	}
	message->msg_flags = received->msg_flags | truncated;
	return error;
}

/* How much control data the program has room for; UDP never has near as much as SCRATCH_SIZE. */
static inline size_t program_room(const struct msghdr *message)
{
	size_t room = message->msg_control ? message->msg_controllen : 0;

	return room > SCRATCH_SIZE / 2 ? SCRATCH_SIZE / 2 : CMSG_ALIGN(room);
}

#endif
