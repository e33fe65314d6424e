/* SPDX-License-Identifier: MIT */
/*
 * The guard, learning, and the program's view of a message, for receives of one message and of
 * many.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>

#include "base/memory.h"
#include "base/scratch.h"
#include "calls/source.h"
#include "wire/cmsg.h"
#include "wire/pktinfo.h"

/*
 * A message whose fields are set one by one. In musl it has padding, which the kernel takes for the
 * upper halves of two fields when the call is made by number.
 */
#ifdef __GLIBC__
#define MESSAGE(name) struct msghdr name
#else
#define MESSAGE(name) struct msghdr name = { 0 }
#endif

#define CONTROL_BUFFER(name, size) _Alignas(struct cmsghdr) unsigned char name[size]

/*
 * UDP does not look at MSG_OOB when it receives (udp_recvmsg()); other sockets refuse it before
 * they take anything from their queue. So it keeps us from receiving on a descriptor that became
 * something else behind our back: a UNIX socket would give descriptors into our larger buffer that
 * the program has no room for. A kernel that refuses it on UDP is found by its error.
 */
extern HIDDEN int receive_guard; /* MSG_OOB, or 0 */

static inline int guard_flag(void)
{
	return __atomic_load_n(&receive_guard, __ATOMIC_RELAXED);
}

/* Returns true if the guard can be the reason of the error in errno. */
static inline bool refuses_guard(int flags)
{
	return (errno == EOPNOTSUPP || errno == EINVAL) && !(flags & MSG_OOB) && guard_flag();
}

/*
 * A receive with the guard failed with such an error on a tracked socket. Returns true if the guard
 * was the reason: then the error comes again, and the guard is left out from now on. Returns false
 * if the error waited on the socket, or the program's own call is at fault. errno stays.
 */
bool receive_guard_refused(int fd);

/*
 * The state before a receive. A receive may block, and meanwhile the record can become another
 * socket's.
 */
struct recv_ctx {
	uint32_t tag;
	uint8_t wanted;
	int error; /* errno, which a receive that succeeds in the end leaves alone */
};

static inline struct recv_ctx recv_ctx_begin(const struct tracked *tracked)
{
	return (struct recv_ctx){ .tag = tracked_get(tracked, tag),
				  .wanted = tracked_get(tracked, wanted),
				  .error = errno };
}

/* The PKTINFO that the program wants to see: now, as long as that can be known. */
static inline unsigned int recv_ctx_wanted(const struct tracked *tracked,
					   const struct recv_ctx *recv_ctx)
{
	unsigned int wanted = tracked_get(tracked, wanted);

	return likely(tracked_get(tracked, tag) == recv_ctx->tag) ? wanted : recv_ctx->wanted;
}

/*
 * Knowledge from a received datagram. It is read where the control data is. The table gets it after
 * that stack frame is gone, unless it has it already.
 */
enum learned_kind {
	LEARNED_NOTHING,    /* or what the table knows already */
	LEARNED_LOCAL,	    /* the peer asked that local address */
	LEARNED_LOOKED_UP,  /* the same of one of many, whose hashes are known */
	LEARNED_NO_PKTINFO, /* the kernel named no local address */
	LEARNED_CUT,	    /* or there was no room for it */
	LEARNED_OTHER,	    /* it was no datagram */
	LEARNED_REFUSED,    /* the receive failed, maybe because of the guard: `again` */
};

/* The program's call, to make it again. */
struct again {
	void *buffer; /* or the message */
	size_t size;
	void *address;
	socklen_t *length;
	int flags;
};

struct learned {
	enum learned_kind kind;
	bool peeked;
	bool is_last_recv; /* it is this thread's last receive */
	union {
		struct {
			struct peer peer;
			struct local local;
		};
		struct again again;
	};
};

/* The fast path: the frequent kinds of datagrams and control data. Returns false for all else. */
static inline __attribute__((always_inline)) bool
learned_read_fast(struct peer *peer, struct local *local, const struct msghdr *received)
{
	if (likely(received->msg_namelen == sizeof(struct sockaddr_in))) {
		if (!pktinfo_read_fast(received->msg_control, received->msg_controllen, local))
			return false;
		peer_read_v4(peer, received->msg_name);
		return true;
	}
	if (received->msg_namelen != sizeof(struct sockaddr_in6) ||
	    !pktinfo_read_fast_v6(received->msg_control, received->msg_controllen, local))
		return false;
	peer_read_v6(peer, received->msg_name);
	return true;
}

/* Reads what is learned from a datagram, whatever it is: the kind was LEARNED_NOTHING. */
void learned_read(struct learned *learned, const struct msghdr *received, int flags);

/* Reads what is learned from a datagram, and is done with it if the table knows it. */
static inline __attribute__((always_inline)) void
learn_datagram(struct learned *learned, const struct tracked *tracked, uint64_t salt,
	       const struct msghdr *received, int flags)
{
	struct looked_up looked_up;
	struct local local;
	struct peer peer;

	if (unlikely(flags & (MSG_ERRQUEUE | MSG_PEEK)) ||
	    unlikely(!learned_read_fast(&peer, &local, received))) {
		learned_read(learned, received, flags);
		return;
	}
	looked_up = source_look_up(salt, peer);
	if (likely(source_learn_fast(tracked, salt, looked_up, &peer, local)))
		return;
	peer_copy(&learned->peer, &peer);
	learned->local.half[0] = local.half[0];
	learned->local.half[1] = local.half[1];
	learned->local.ifindex = local.ifindex;
	learned->peeked = false;
	learned->is_last_recv = true;
	learned->kind = LEARNED_LOCAL;
}

/* Stores what was read and is not known yet. */
void learned_store(int fd, struct tracked *tracked, uint64_t salt, const struct learned *learned);

/*
 * Cuts the peer's address to the room that there is for it, and gives its whole length:
 * move_addr_to_user() in net/socket.c. Returns -1 with EINVAL for a negative length.
 */
int give_address(const struct msghdr *received, void *address, socklen_t *length);

/*
 * Returns true if the program's buffer has room for the peer's whole address. Then the kernel
 * writes the address there itself, and finds bad pointers.
 */
static inline bool is_room_for_name(const struct tracked *tracked, const void *name,
				    socklen_t length)
{
	return name && (int)length >= (int)sizeof(struct sockaddr_in) &&
	       (length >= sizeof(struct sockaddr_in6) || tracked_get(tracked, family) == AF_INET);
}

/* Returns how much of such room is used; 0: there is none. */
static inline socklen_t room_for_name(const struct tracked *tracked, const void *name,
				      socklen_t length)
{
	const socklen_t most = sizeof(struct sockaddr_in6);

	if (likely(name && length - most <= INT_MAX - most))
		return most;
	return is_room_for_name(tracked, name, length) ? length : 0;
}

/* The length of such room, as far as it is used. A negative one is the kernel's to refuse. */
static inline socklen_t length_of_name(socklen_t length)
{
	return (int)length > (int)sizeof(struct sockaddr_in6) ? sizeof(struct sockaddr_in6)
							      : length;
}

/*
 * Returns true if the room for the address is bad, so the kernel has to refuse the program's own
 * call.
 */
static inline bool is_name_bad(const struct tracked *tracked, const struct msghdr *message)
{
	return !likely(is_room_for_name(tracked, message->msg_name, message->msg_namelen)) &&
	       message->msg_name && message->msg_namelen &&
	       ((int)message->msg_namelen < 0 ||
		!memory_writable(message->msg_name, message->msg_namelen));
}

/* Returns true if the control data is one message, of a kind that the program does not get. */
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

/*
 * Hands over the control data. put_cmsg() goes on when the program's buffer is a bad pointer, and
 * has written nothing then.
 */
static inline int give_control(struct msghdr *message, const struct msghdr *received,
			       unsigned int hidden)
{
	size_t room = message->msg_controllen;

	if (room > received->msg_controllen)
		room = received->msg_controllen;
	if (room && message->msg_control && !memory_writable(message->msg_control, room)) {
		message->msg_controllen = 0;
		return 0;
	}
	return control_deliver(message, received, hidden);
}

/* The program's view of a received message: ____sys_recvmsg() in net/socket.c. */
static inline void give_message(unsigned int wanted, struct msghdr *message,
				const struct msghdr *received)
{
	unsigned int hidden = (INFO_V4 | INFO_V6) & ~wanted;
	int truncated;

	if (message->msg_name == received->msg_name)
		message->msg_namelen = received->msg_namelen;
	else if (message->msg_name)
		give_address(received, message->msg_name, &message->msg_namelen);
	/*
	 * The copy had room for all that is hidden and what the program has room for, so what was
	 * truncated there would have been here too.
	 */
	if (likely(is_hidden_alone(received, hidden))) {
		message->msg_controllen = 0;
		truncated = 0;
	} else {
		truncated = give_control(message, received, hidden);
	}
	message->msg_flags = received->msg_flags | truncated;
}

/* How much control data the program has room for; UDP never has near as much as the most. */
enum { CONTROL_MOST = 128 << 10 };

static inline size_t program_room(const struct msghdr *message)
{
	size_t room = message->msg_control ? message->msg_controllen : 0;

	return room > CONTROL_MOST ? CONTROL_MOST : CMSG_ALIGN(room);
}

#endif
