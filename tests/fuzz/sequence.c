// SPDX-License-Identifier: MIT
// Makes a sequence of calls from a seed.

#include <stdbool.h>

#include "sequence.h"

static const struct {
	const char *name;
	unsigned int weight;
} kinds[KINDS] = {
	[CALL_SOCKET] = { "socket", 3 },
	[CALL_BIND] = { "bind", 4 },
	[CALL_CONNECT] = { "connect", 6 },
	[CALL_ASK] = { "ask", 24 },
	[CALL_SEND] = { "send", 3 },
	[CALL_SENDTO] = { "sendto", 8 },
	[CALL_SENDMSG] = { "sendmsg", 7 },
	[CALL_SENDMMSG] = { "sendmmsg", 5 },
	[CALL_RECV] = { "recv", 4 },
	[CALL_RECVFROM] = { "recvfrom", 8 },
	[CALL_RECVMSG] = { "recvmsg", 9 },
	[CALL_RECVMMSG] = { "recvmmsg", 6 },
	[CALL_SETSOCKOPT] = { "setsockopt", 9 },
	[CALL_GETSOCKOPT] = { "getsockopt", 6 },
	[CALL_NAMES] = { "getsockname", 2 },
	[CALL_DUP] = { "dup", 2 },
	[CALL_DUP2] = { "dup2", 2 },
	[CALL_FCNTL] = { "fcntl", 2 },
	[CALL_CLOSE] = { "close", 2 },
	[CALL_CLOSE_RAW] = { "close, raw", 1 },
	[CALL_CLOSE_RANGE] = { "close_range", 1 },
	[CALL_OPEN] = { "open", 1 },
	[CALL_PAIR] = { "socketpair", 1 },
	[CALL_PASS] = { "SCM_RIGHTS", 1 },
	[CALL_FORK] = { "fork", 2 },
	[CALL_VFORK] = { "vfork", 1 },
	[CALL_THREAD] = { "thread", 2 },
};

const char *sequence_name(enum kind kind)
{
	return kinds[kind].name;
}

/* splitmix64: small, and every seed is as good as any other. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static enum kind choose(uint64_t *state)
{
	unsigned int sum = 0, at;

	for (unsigned int kind = 0; kind < KINDS; kind++)
		sum += kinds[kind].weight;
	at = (unsigned int)(next(state) % sum);
	for (unsigned int kind = 0; kind < KINDS; kind++) {
		if (at < kinds[kind].weight)
			return (enum kind)kind;
		at -= kinds[kind].weight;
	}
	return CALL_ASK;
}

/* What sequence_write() keeps of a word. */
static const uint32_t word_bits = 0xff0000ff;

static void add(struct sequence *sequence, uint64_t *state, enum kind kind, uint32_t descriptor)
{
	struct call *call = &sequence->call[sequence->count++];

	call->kind = kind;
	for (unsigned int i = 0; i < WORDS; i++)
		call->word[i] = (uint32_t)(next(state) >> 16) & word_bits;
	call->word[0] = descriptor;
}

/* Peers that a sequence is about, by number (peers.c): of one host, of one family, of both. */
static const unsigned char pairs[][2] = { { 0, 1 }, { 0, 2 }, { 2, 3 }, { 3, 4 }, { 2, 2 } };
enum { PAIRS = sizeof(pairs) / sizeof(*pairs), ASKERS = 5 };

/* One of two peers asks, is answered or is spoken to first: what decides about sources. */
static void add_talk(struct sequence *sequence, uint64_t *state, const unsigned char pair[2],
		     uint32_t descriptor)
{
	static const enum kind talk[] = { CALL_ASK,	CALL_ASK,     CALL_ASK,	     CALL_RECVFROM,
					  CALL_RECVMSG, CALL_RECVMSG, CALL_RECVMMSG, CALL_SENDTO,
					  CALL_SENDTO,	CALL_SENDMSG, CALL_SENDMMSG, CALL_THREAD,
					  CALL_FORK };
	enum kind kind = talk[next(state) % (sizeof(talk) / sizeof(*talk))];
	uint32_t peer = pair[next(state) % 2];
	struct call *call;

	add(sequence, state, kind, descriptor);
	call = &sequence->call[sequence->count - 1];
	/* The word by which pick() finds the peer. */
	if (kind == CALL_ASK || kind == CALL_SENDTO || kind == CALL_SENDMSG ||
	    kind == CALL_SENDMMSG)
		call->word[1 + (kind != CALL_ASK)] = ((2 * peer + 1) * 256 / (2 * ASKERS) << 24) |
						     (call->word[1 + (kind != CALL_ASK)] & 0xff);
}

void sequence_make(struct sequence *sequence, uint64_t seed)
{
	uint64_t state = seed;
	const unsigned char *pair = pairs[next(&state) % PAIRS];
	bool talks = next(&state) % 2;
	uint32_t length = 12 + (uint32_t)(next(&state) % (CALLS - 12)), many;
	uint32_t first = 1 + (uint32_t)(next(&state) % 3);

	sequence->count = 0;
	/* Without bound sockets nothing happens, so there are some to start with. */
	for (uint32_t i = 0; i < first; i++) {
		add(sequence, &state, CALL_SOCKET, i << 29);
		if (next(&state) % 3 == 0)
			add(sequence, &state, CALL_SETSOCKOPT, i << 29);
		add(sequence, &state, CALL_BIND, i << 29);
	}
	many = 1 + (uint32_t)(next(&state) % (talks ? 2 : 8));
	while (sequence->count < length) {
		uint64_t word = next(&state);

		/* Few descriptors in use mean long stories about each of them. */
		if (talks && word >> 32 & 7)
			add_talk(sequence, &state, pair, (uint32_t)(word % many) << 29);
		else
			add(sequence, &state, choose(&state), (uint32_t)(word % many) << 29);
	}
}

/* The descriptor needs no more than one byte, the kind of the call has the other. */
void sequence_read(struct sequence *sequence, const unsigned char *bytes, size_t size)
{
	sequence->count = 0;
	for (; size >= RECORD && sequence->count < CALLS; bytes += RECORD, size -= RECORD) {
		struct call *call = &sequence->call[sequence->count++];

		call->kind = (enum kind)(bytes[0] % KINDS);
		call->word[0] = (uint32_t)bytes[1] << 24;
		for (size_t i = 1; i < WORDS; i++)
			call->word[i] = (uint32_t)bytes[2 * i] << 24 | bytes[2 * i + 1];
	}
}

unsigned int sequence_inside(const struct call *call)
{
	return call->kind == CALL_FORK || call->kind == CALL_THREAD ? 1 + pick(call, 1, 8) : 0;
}

/* Of that many calls from `from` on, how many more than one are kept? */
static unsigned int count_inside(uint64_t keep, unsigned int from, unsigned int many)
{
	unsigned int count = 0;

	for (unsigned int at = from; at < from + many && at < CALLS; at++)
		count += keep >> at & 1;
	return count ? count - 1 : 0;
}

size_t sequence_write(const struct sequence *sequence, uint64_t keep, unsigned char *bytes)
{
	unsigned char *at = bytes;

	for (unsigned int number = 0; number < sequence->count; number++) {
		const struct call *call = &sequence->call[number];

		if (!(keep >> number & 1))
			continue;
		at[0] = (unsigned char)call->kind;
		at[1] = (unsigned char)(call->word[0] >> 24);
		for (size_t i = 1; i < WORDS; i++) {
			at[2 * i] = (unsigned char)(call->word[i] >> 24);
			at[2 * i + 1] = (unsigned char)call->word[i];
		}
		if (sequence_inside(call))
			at[2] = (unsigned char)(count_inside(keep, number + 1,
							     sequence_inside(call))
						<< 5);
		at += RECORD;
	}
	return (size_t)(at - bytes);
}
