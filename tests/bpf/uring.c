// SPDX-License-Identifier: MIT
// Uring PORT echoes datagrams by io_uring: no preload sees the calls. Exit status 77: there is no
// io_uring here; without PORT that is all it finds out.

#include <liburing.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct io_uring ring;

static int wait_for_one(void)
{
	struct io_uring_cqe *done;
	int result;

	io_uring_submit(&ring);
	if (io_uring_wait_cqe(&ring, &done))
		exit(1);
	result = done->res;
	io_uring_cqe_seen(&ring, done);
	return result;
}

int main(int count, char **arguments)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 }, peer;
	static char payload[65536];
	struct iovec io = { payload, 0 };
	struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1 };
	int sock = socket(AF_INET6, SOCK_DGRAM, 0), length;

	if (io_uring_queue_init(4, &ring, 0)) {
		perror("io_uring_queue_init");
		return 77;
	}
	if (count != 2)
		return 2;
	any.sin6_port = htons((in_port_t)atoi(arguments[1]));
	if (bind(sock, (struct sockaddr *)&any, sizeof(any)))
		return 1;
	for (;;) {
		io.iov_len = sizeof(payload);
		message.msg_name = &peer;
		message.msg_namelen = sizeof(peer);
		io_uring_prep_recvmsg(io_uring_get_sqe(&ring), sock, &message, 0);
		length = wait_for_one();
		if (length < 0)
			return 1;
		io.iov_len = (size_t)length;
		io_uring_prep_sendmsg(io_uring_get_sqe(&ring), sock, &message, 0);
		wait_for_one();
	}
}
