/* SPDX-License-Identifier: MIT */
/* A random sequence of socket calls, made from a seed: the same seed, the same calls. */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include <stddef.h>
#include <stdint.h>

enum { CALLS = 64, WORDS = 10 };

enum kind {
	CALL_SOCKET,
	CALL_BIND,
	CALL_CONNECT,
	CALL_ASK, /* a peer sends to the descriptor's port: what most of the rest is about */
	CALL_SEND,
	CALL_SENDTO,
	CALL_SENDMSG,
	CALL_SENDMMSG,
	CALL_RECV,
	CALL_RECVFROM,
	CALL_RECVMSG,
	CALL_RECVMMSG,
	CALL_SETSOCKOPT,
	CALL_GETSOCKOPT,
	CALL_NAMES,
	CALL_DUP,
	CALL_DUP2,
	CALL_FCNTL,
	CALL_CLOSE,
	CALL_CLOSE_RAW,
	CALL_CLOSE_RANGE,
	CALL_OPEN,
	CALL_PAIR,
	CALL_PASS,
	CALL_FORK,
	CALL_VFORK,
	CALL_THREAD,
	KINDS
};

struct call {
	enum kind kind;
	uint32_t
		word[WORDS]; /* what its arguments are chosen by; the first one by its descriptor */
};

struct sequence {
	unsigned int count;
	struct call call[CALLS];
};

void sequence_make(struct sequence *sequence, uint64_t seed);

/* How many of the calls that follow run in the child or thread that the call makes; 0: none. */
unsigned int sequence_inside(const struct call *call);

/*
 * The same from bytes: RECORD of them a call, what is left over is ignored. A word gets its upper
 * and its lower byte, for pick() and seldom(). sequence_write() makes such bytes, SEQUENCE_BYTES at
 * most, of the calls that are kept, and returns their number.
 */
enum { RECORD = 2 * WORDS, SEQUENCE_BYTES = CALLS * RECORD };
void sequence_read(struct sequence *sequence, const unsigned char *bytes, size_t size);
size_t sequence_write(const struct sequence *sequence, uint64_t keep, unsigned char *bytes);

const char *sequence_name(enum kind kind);

/* One of `count` things, by the call's word. */
static inline uint32_t pick(const struct call *call, unsigned int word, uint32_t count)
{
	return (uint32_t)((uint64_t)call->word[word] * count >> 32);
}

/* True once in `rarity` times; other bits than pick() looks at first. */
static inline int seldom(const struct call *call, unsigned int word, uint32_t rarity)
{
	return call->word[word] % rarity == 0;
}

#endif
