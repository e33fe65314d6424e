// SPDX-License-Identifier: MIT
// A server that has answered so many peers, and then waits to be looked at.

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lab.h"
#include "serve.h"

enum { BATCH = 64, PORT = 5600 };

/* memory PEERS: prints "ready", ends when its input does */
int bench_memory(int count, char *arguments[])
{
	unsigned int peers;
	struct clients clients;
	char byte;
	int fd;

	if (count < 1)
		return 2;
	peers = (unsigned int)atoi(arguments[0]);
	fd = lab_server(V4, PRELOAD, PORT, false);
	lab_clients(&clients, V4, peers ? peers : 1);
	for (unsigned int done = 0; done < peers; done += BATCH) {
		lab_ask(&clients, PORT, BATCH);
		serve(PRELOAD, FROM_TO, fd, BATCH, 0);
		if (lab_collect(&clients, BATCH))
			return 1;
	}
	puts("ready");
	fflush(stdout);
	return read(STDIN_FILENO, &byte, 1) < 0;
}
