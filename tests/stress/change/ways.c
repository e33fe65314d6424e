// SPDX-License-Identifier: MIT
// Three ways to serve: a call for each datagram, vectors of them, and a connected socket for each
// answer.

#include <unistd.h>

#include "../../lib/kernel_call.h"
#include "serve.h"

static int receive_one(int sock, struct request *requests)
{
	ssize_t n;

	requests->peer_length = sizeof(requests->peer);
	n = recvfrom(sock, requests->payload, sizeof(requests->payload), MSG_DONTWAIT,
		     (struct sockaddr *)&requests->peer, &requests->peer_length);
	requests->length = n < 0 ? 0 : (size_t)n;
	return n < 0 ? -1 : 1;
}

static int answer_each(int sock, struct request *requests, int count)
{
	for (int i = 0; i < count; i++)
		if (sendto(sock, requests[i].payload, requests[i].length, 0,
			   (struct sockaddr *)&requests[i].peer, requests[i].peer_length) < 0)
			return i;
	return count;
}

static void describe(struct mmsghdr *message, struct iovec *part, struct request *request,
		     size_t length)
{
	*part = (struct iovec){ .iov_base = request->payload, .iov_len = length };
	*message = (struct mmsghdr){ .msg_hdr = { .msg_name = &request->peer,
						  .msg_namelen = request->peer_length,
						  .msg_iov = part,
						  .msg_iovlen = 1 } };
}

static int receive_vector(int sock, struct request *requests)
{
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	int count;

	for (int i = 0; i < BATCH; i++) {
		requests[i].peer_length = sizeof(requests[i].peer);
		describe(&messages[i], &parts[i], &requests[i], sizeof(requests[i].payload));
	}
	count = recvmmsg(sock, messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++) {
		requests[i].length = messages[i].msg_len;
		requests[i].peer_length = messages[i].msg_hdr.msg_namelen;
	}
	return count;
}

static int answer_vector(int sock, struct request *requests, int count)
{
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	int done = 0;

	for (int i = 0; i < count; i++)
		describe(&messages[i], &parts[i], &requests[i], requests[i].length);
	while (done < count) {
		int n = sendmmsg(sock, messages + done, (unsigned int)(count - done), 0);

		if (n < 0)
			break;
		done += n;
	}
	return done;
}

/* As TFTP and DTLS servers do; with a port of its own, for then no datagram is lost between two
 * sockets. */
static int answer_connected(int sock, struct request *requests, int count)
{
	int done = 0;

	(void)sock;
	for (; done < count; done++) {
		int fresh = open_wildcard(0);
		bool sent = !connect(fresh, (struct sockaddr *)&requests[done].peer,
				     requests[done].peer_length) &&
			    send(fresh, requests[done].payload, requests[done].length, 0) >= 0;

		if (close(fresh) || !sent)
			break;
	}
	return done;
}

long answer_rawly(int sock, struct request *request)
{
	return kernel_call(SYS_sendto, sock, request->payload, request->length, 0, &request->peer,
			   request->peer_length);
}

const struct way ways[] = {
	{ "calls", receive_one, answer_each },
	{ "vectors", receive_vector, answer_vector },
	{ "fresh", receive_one, answer_connected },
	{ NULL, NULL, NULL },
};
