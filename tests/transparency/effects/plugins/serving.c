// SPDX-License-Identifier: MIT
// A plugin that serves.

#include "plugins.h"

int plugin_open(const struct sockaddr *address, socklen_t length)
{
	int fd = socket(address->sa_family, SOCK_DGRAM, 0);

	return fd < 0 || bind(fd, address, length) ? -1 : fd;
}

int plugin_answer(int fd)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	char question[16];
	ssize_t n = recvfrom(fd, question, sizeof(question), 0, (struct sockaddr *)&peer, &length);

	if (n < 0)
		return -1;
	return (int)sendto(fd, question, (size_t)n, 0, (struct sockaddr *)&peer, length);
}
