// SPDX-License-Identifier: MIT
// static-echo PORT: a server as simple as can be, for the demo, which links it statically.

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int count, char **arguments)
{
	struct sockaddr_in local = { .sin_family = AF_INET }, peer;
	int server = socket(AF_INET, SOCK_DGRAM, 0);
	char datagram[2048];

	local.sin_port = htons((in_port_t)atoi(count > 1 ? arguments[1] : "5000"));
	if (bind(server, (struct sockaddr *)&local, sizeof(local)))
		return 1;
	for (;;) {
		socklen_t length = sizeof(peer);
		ssize_t size = recvfrom(server, datagram, sizeof(datagram), 0,
					(struct sockaddr *)&peer, &length);

		if (size >= 0)
			sendto(server, datagram, (size_t)size, 0, (struct sockaddr *)&peer, length);
	}
}
