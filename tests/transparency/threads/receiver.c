// SPDX-License-Identifier: MIT
// A thread with the smallest stack that makes one of the calls that receive.

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "threads.h"

const char *const receiver_names[RECEIVERS] = { "recv",	    "recvfrom",	  "recvmsg",
						"recvmmsg", "__recv_chk", "__recvfrom_chk" };

enum { PAYLOAD = 16 };

/* Vectors are too much for the smallest stack, so all threads share one; nobody looks at it. */
static struct mmsghdr vector[VECTOR];
static struct iovec vector_parts[VECTOR];
static char payload[PAYLOAD];

static ssize_t receive_vector(int fd)
{
	int n;

	for (int i = 0; i < VECTOR; i++) {
		vector_parts[i] = (struct iovec){ payload, sizeof(payload) };
		vector[i].msg_hdr = (struct msghdr){ .msg_iov = &vector_parts[i], .msg_iovlen = 1 };
	}
	n = library_side.recvmmsg(fd, vector, VECTOR, MSG_WAITFORONE, NULL);
	return n > 0 ? (ssize_t)vector[0].msg_len : n;
}

ssize_t receiver_call(int number, int fd)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	struct sockaddr *name = (struct sockaddr *)&peer;
	struct iovec part = { payload, sizeof(payload) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	switch (number) {
	case 0:
		return library_side.recv(fd, payload, sizeof(payload), 0);
	case 1:
		return library_side.recvfrom(fd, payload, sizeof(payload), 0, name, &length);
	case 2:
		return library_side.recvmsg(fd, &message, 0);
	case 3:
		return receive_vector(fd);
	case 4:
		return library_side.recv_checked(fd, payload, sizeof(payload), 0);
	default:
		return library_side.recvfrom_checked(fd, payload, sizeof(payload), 0, name,
						     &length);
	}
}

static void *run(void *argument)
{
	struct receiver *receiver = argument;

	__atomic_store_n(&receiver->id, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	errno = 0;
	receiver->result = receiver_call(receiver->number, receiver->fd);
	receiver->error = errno;
	return NULL;
}

void receiver_start(struct receiver *receiver, int number, int fd)
{
	pthread_attr_t attributes;

	*receiver = (struct receiver){ .number = number, .fd = fd };
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN);
	need(-pthread_create(&receiver->thread, &attributes, run, receiver), "pthread_create");
	pthread_attr_destroy(&attributes);
}

static char state_of(pid_t id)
{
	char path[64], line[128] = "", *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)id);
	file = fopen(path, "r");
	if (!file)
		return 'X';
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	end = strrchr(line, ')');
	return end && end[1] ? end[2] : '?';
}

void receiver_await_blocked(struct receiver *receiver)
{
	pid_t id;

	while (!(id = __atomic_load_n(&receiver->id, __ATOMIC_ACQUIRE)) || state_of(id) != 'S')
		sched_yield();
}

int receiver_join(struct receiver *receiver)
{
	void *value;

	need(-pthread_join(receiver->thread, &value), "pthread_join");
	return value == PTHREAD_CANCELED;
}
