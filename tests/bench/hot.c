// SPDX-License-Identifier: MIT
// Round trips without a kernel, which evicts nothing from the caches: the library's own
// instructions.

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab.h"
#include "serve.h"
#include "stub.h"

enum { BATCH = 4096, PORT = 5300 };

static struct stub *stub;

/* One batch of a side, which goes on where its last one ended. */
static uint64_t batch(enum side side, int fd)
{
	static unsigned int next[SIDES];
	uint64_t start;

	stub->next = next[side];
	start = now();
	serve(side, FROM_TO, fd, BATCH, 0);
	start = now() - start;
	next[side] = stub->next;
	if (stub->wrong) {
		fprintf(stderr, "bench: %u replies from a wrong address (%s)\n", stub->wrong,
			side_names[side]);
		exit(1);
	}
	return start;
}

/* hot PEERS ROUNDS */
int bench_hot(int count, char *arguments[])
{
	static const enum side sides[] = { NATIVE, NATIVE_AGAIN, PRELOAD, FUNCTION };
	enum { SIDES_HERE = sizeof(sides) / sizeof(*sides) };
	unsigned int peers, rounds;
	int fd;

	if (count < 2)
		return 2;
	peers = (unsigned int)atoi(arguments[0]);
	rounds = (unsigned int)atoi(arguments[1]);
	stub = dlsym(RTLD_DEFAULT, "bench_stub");
	if (!stub || !peers)
		return 2;
	fd = lab_server(V4, PRELOAD, PORT, false);
	libc_calls.recvmsg = stub->recvmsg;
	libc_calls.sendmsg = stub->sendmsg;
	stub->peers = peers;
	for (unsigned int i = 0; i < 2 * peers / BATCH + 2; i++)
		batch(PRELOAD, fd);
	for (unsigned int round = 0; round < rounds; round++) {
		for (unsigned int turn = 0; turn < SIDES_HERE; turn++) {
			enum side side = sides[(turn + round) % SIDES_HERE];

			print_batch(round, side_names[side], batch(side, fd), BATCH);
		}
	}
	return 0;
}
