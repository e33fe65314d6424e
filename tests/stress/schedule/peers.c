// SPDX-License-Identifier: MIT
/*
 * The table of peers under writers that are stopped and killed anywhere: who remembered a peer
 * finds it, with that very local address, whatever others were in the middle of.
 *
 *   peers [COUNT [SEED]]       tables of each kind from so many seeds, from that one on
 */

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers/peer_table.h"
#include "schedule.h"

enum {
	PEERS_MOST = 384,
	PEERS_OF_HOST = 4, /* they have one first bucket */
	LOCAL_ADDRESSES = 16,
	CLOSE = LOCALS_SLOTS - 3, /* of them have the same slots */
	PORTS = 2,		  /* local ports at which a peer asks */
	VECTOR = 4,		  /* datagrams at once */
	KILLED = 50,		  /* one in so many turns */
	LATER = 20,
	PUBLISHED = 4,	  /* one host in so many datagrams is remembered too */
	ROOM = 16384,	  /* for so many peers that none is evicted */
	ROOM_LEAST = 128, /* for fewer; so few buckets that some keys have one twice */
};

/* The length of a worker's turns, and the kind of table. */
static const struct kind {
	const char *name;
	uint32_t longest; /* points */
	uint32_t peers;
	uint32_t room;	  /* for so many peers */
	uint32_t tables;  /* one after the other */
	uint32_t answers; /* of each table */
	bool shared;	  /* a peer asks several workers at once */
	bool full;	  /* more peers than there is room for: some are evicted, none is wrong */
	bool foreign;	  /* entries of other hosts come and go in the peers' bucket */
} kinds[] = {
	{ "short turns", 200, PEERS_MOST, ROOM, 1, 3000, .shared = false },
	{ "long turns", 20000, PEERS_MOST, ROOM, 1, 3000, .shared = false },
	{ "peers that ask several at once", 100, PEERS_MOST / 48, ROOM, 1, 3000, .shared = true },
	{ "slots that come free", 120, PEERS_OF_HOST, ROOM_LEAST, 25, 12, .shared = true,
	  .foreign = true },
	{ "a full table", 200, PEERS_MOST, ROOM_LEAST, 1, 3000, .full = true },
};
static const struct kind *kind;

static struct memory {
	struct peers_state state;
	struct local_slot locals[1 << LOCALS_BITS];
	struct peer_bucket buckets[ROOM * 5 / 4 / SLOTS];
} memory;
static struct peers peers;

/* A peer at one of the local ports. */
static struct asking {
	struct peer_hash hash;
	in_port_t port;
	uint32_t held;	/* by so many workers, from the datagram to its answer */
	uint32_t begun; /* so often was it remembered */
} asking[PEERS_MOST];

/* What a worker is in the middle of. */
static struct vector {
	struct question {
		struct asking *peer;
		uint32_t local, begun;
		bool alone; /* nobody else remembered the peer since */
	} questions[VECTOR];
	uint32_t count;
} vectors[WORKERS];

static struct local locals[LOCAL_ADDRESSES];
static uint64_t foreign[SLOTS]; /* entries of other hosts */
static uint32_t answers, missing, wrong;

static struct local nth_local(uint32_t n)
{
	struct local local = { .ifindex = 1, .port = (in_port_t)(1 + n % PORTS) };

	local.address = address_map((struct in_addr){ htonl(0xc0000201 + n / PORTS) });
	return local;
}

static struct asking *take_peer(void)
{
	struct asking *peer;

	do
		peer = &asking[schedule_random(kind->peers)];
	while (peer->held && !kind->shared);
	return peer;
}

static void receive(struct question *question)
{
	struct asking *peer = take_peer();

	*question = (struct question){ .peer = peer, .begun = ++peer->begun, .alone = !peer->held };
	do
		question->local = schedule_random(LOCAL_ADDRESSES);
	while (locals[question->local].port != peer->port);
	peer->held++;
}

static bool is_same(const struct local *one, const struct local *other)
{
	return one->half[0] == other->half[0] && one->half[1] == other->half[1] &&
	       one->packed == other->packed;
}

/* source_learn() */
static void learn(struct peer_key key, struct local local)
{
	if (!peers_knows(&peers, key, local))
		peers_put(&peers, key, local);
}

/* source_publish() and source_retract(): others of that host do the same. */
static void publish(const struct question *question)
{
	learn(key_of_host(&question->peer->hash, question->peer->port), locals[question->local]);
}

static void retract(const struct question *question)
{
	struct peer_key host = key_of_host(&question->peer->hash, question->peer->port);
	struct local found;

	if (!peers_find(&peers, host, &found))
		return;
	wrong += found.port != question->peer->port;
	if (is_same(&found, &locals[question->local]))
		peers_forget(&peers, host);
}

static void answer(const struct question *question)
{
	const struct asking *peer = question->peer;
	struct local found;
	bool is_found = peers_find(&peers, key_of_peer(&peer->hash, peer->port), &found), alone;

	alone = question->alone && peer->begun == question->begun;
	answers++;
	if (!is_found)
		missing += !kind->full;
	else if (found.port != peer->port)
		wrong++;
	else if (alone && !is_same(&found, &locals[question->local]))
		wrong++;
	/* A fresh socket looks for the peer at any port. */
	if (!peers_find(&peers, key_of_peer(&peer->hash, 0), &found))
		missing += !kind->full;
	else
		wrong += !found.port || found.port > PORTS;
}

/* Receives some, answers them, and so on. */
static void work(void)
{
	struct vector *vector = &vectors[schedule_worker()];

	for (;;) {
		uint32_t count = 1 + schedule_random(VECTOR);

		while (vector->count < count) {
			struct question *question = &vector->questions[vector->count++];

			receive(question);
			learn(key_of_peer(&question->peer->hash, question->peer->port),
			      locals[question->local]);
			if (schedule_random(PUBLISHED) == 0)
				publish(question);
		}
		for (uint32_t i = 0; i < count; i++) {
			answer(&vector->questions[i]);
			retract(&vector->questions[i]);
		}
		while (vector->count)
			vector->questions[--vector->count].peer->held--;
	}
}

/* Another takes its slot; its peers ask again. */
static void start(unsigned int worker)
{
	struct vector *vector = &vectors[worker];

	while (vector->count)
		vector->questions[--vector->count].peer->held--;
	schedule_start(worker, work);
}

static uint32_t first_slot_of(struct local local)
{
	return local_first_slot(&peers.locals, &peers.secret, local_hash(&peers.secret, local));
}

static void choose_locals(void)
{
	uint32_t count = 0;

	for (uint32_t n = 0; count < LOCAL_ADDRESSES; n++) {
		uint32_t firsts = first_slot_of(nth_local(n)) ^ first_slot_of(locals[0]);

		/* Some of each port. */
		if (nth_local(n).port != 1 + count % PORTS)
			continue;
		if (!count || count >= CLOSE || firsts < LOCALS_SLOTS)
			locals[count++] = nth_local(n);
	}
}

static void draw_table(void)
{
	struct hash_secret secret;

	for (int i = 0; i < 4; i++)
		secret.word[i] = schedule_random_word();
	memset(&memory, 0, sizeof(memory));
	memset(vectors, 0, sizeof(vectors));
	peers_start(&peers, kind->room, &secret, memory.buckets, memory.locals, &memory.state);
	choose_locals();
	for (uint32_t i = 0; i < PEERS_MOST; i++) {
		/* Half of them ask at one local port only. */
		struct peer peer = { .port = htons((in_port_t)(1024 + (i & 2 ? i : i & ~1u))) };

		peer.host = address_map((struct in_addr){ htonl(0xc6336401 + i / PEERS_OF_HOST) });
		asking[i] = (struct asking){
			.hash = peer_hash_of(&secret, peer, peer_salt(&secret, 1, 0)),
			.port = (in_port_t)(1 + i % PORTS),
		};
	}
}

/* Returns true if all buckets of a key are one, which others can fill. */
static bool has_one_bucket(const struct peer_key key)
{
	const struct peer_bucket *first = peers_bucket(&peers, key_bucket_hash(&key, 0));

	return peers_bucket(&peers, key_bucket_hash(&key, 1)) == first &&
	       peers_bucket(&peers, key_bucket_hash(&key, 2)) == first;
}

static bool is_crowded(void)
{
	for (uint32_t i = 0; i < kind->peers; i++)
		if (has_one_bucket(key_of_peer(&asking[i].hash, asking[i].port)) ||
		    has_one_bucket(key_of_host(&asking[i].hash, asking[i].port)))
			return true;
	return false;
}

static void make_table(void)
{
	do
		draw_table();
	while (kind->foreign && is_crowded());
}

/* An entry of another host comes into the bucket, or goes: peers_forget(). */
static void change_foreign(void)
{
	uint32_t i = schedule_random(SLOTS);
	uint64_t *slot = &peers_bucket(&peers, asking[0].hash.host)->slot[i];

	if (!*slot)
		*slot = foreign[i] = schedule_random_word();
	else if (*slot == foreign[i])
		*slot = 0;
}

static void run_table(void)
{
	uint32_t end = answers + kind->answers;

	make_table();
	for (unsigned int i = 0; i < WORKERS; i++)
		start(i);
	while (answers < end) {
		unsigned int worker = schedule_random(WORKERS);

		if (schedule_random(KILLED) == 0)
			start(worker);
		/* Time goes on with entries made elsewhere in the table. */
		if (schedule_random(LATER) == 0)
			memory.state.tick++;
		if (schedule_random(LATER) == 0)
			memory.state.local_tick++;
		if (kind->foreign)
			change_foreign();
		schedule_run(worker, schedule_random(kind->longest));
	}
}

static bool run_kind(unsigned int number, uint64_t first, uint64_t count)
{
	uint64_t bad = 0;

	kind = &kinds[number];
	for (uint64_t seed = first; seed < first + count; seed++) {
		answers = missing = wrong = 0;
		schedule_seed(seed);
		for (uint32_t i = 0; i < kind->tables; i++)
			run_table();
		if ((missing || wrong) && bad++ < 10)
			printf("# %s, seed %" PRIu64 ": of %" PRIu32 " answers %" PRIu32
			       " peers were not found, %" PRIu32 " with another address\n",
			       kind->name, seed, answers, missing, wrong);
	}
	printf("%s - %s: %" PRIu64 " of %" PRIu64 " seeds\n", bad ? "not ok" : "ok", kind->name,
	       count - bad, count);
	return !bad;
}

int main(int argc, char **argv)
{
	return schedule_main(argc, argv, 500, sizeof(kinds) / sizeof(*kinds), run_kind);
}
