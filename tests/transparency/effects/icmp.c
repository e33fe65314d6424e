// SPDX-License-Identifier: MIT
// ICMP errors, as a router on the way would send them.

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <unistd.h>

#include "../../lib/asked.h"
#include "../../lib/cases.h"
#include "icmp.h"

enum { PAYLOAD = 6, TTL = 64 };

/* RFC 792: the header of the datagram and the first 64 bits of what it carried. */
struct message {
	struct icmphdr icmp;
	struct iphdr datagram;
	struct udphdr udp;
};

/* RFC 1071. */
static uint16_t checksum(const void *start, size_t size)
{
	const uint16_t *word = start;
	uint32_t sum = 0;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		sum += word[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void unreachable(const char *server, const struct address *peer, int code)
{
	struct address to = address_of(server, 0);
	struct message message = {
		.icmp = { .type = ICMP_DEST_UNREACH, .code = (uint8_t)code },
		.datagram = { .version = IPVERSION,
			      .ihl = sizeof(message.datagram) / 4,
			      .tot_len = htons(sizeof(message) - sizeof(message.icmp) + PAYLOAD),
			      .ttl = TTL,
			      .protocol = IPPROTO_UDP,
			      .saddr = to.name.v4.sin_addr.s_addr,
			      .daddr = peer->name.v4.sin_addr.s_addr },
		.udp = { .source = htons(SERVER_PORT),
			 .dest = peer->name.v4.sin_port,
			 .len = htons(sizeof(message.udp) + PAYLOAD) },
	};
	int fd = (int)need(kernel_side.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), "raw socket");

	message.datagram.check = checksum(&message.datagram, sizeof(message.datagram));
	message.icmp.checksum = checksum(&message, sizeof(message));
	need(kernel_side.sendto(fd, &message, sizeof(message), 0, &to.name.any, to.length), "ICMP");
	close(fd);
}
