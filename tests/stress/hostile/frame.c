// SPDX-License-Identifier: MIT
// Builds frames: Ethernet, IPv4 (RFC 791), IPv6 (RFC 8200), UDP (RFC 768), ICMP (RFC 792, 4443).

#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>

#include "frame.h"

static struct ether_header link_header;

void frame_between(const unsigned char *server, const unsigned char *own)
{
	memcpy(link_header.ether_dhost, server, ETH_ALEN);
	memcpy(link_header.ether_shost, own, ETH_ALEN);
}

/* RFC 1071. The sum may be begun with other words (a pseudo-header). */
static uint16_t checksum(uint64_t sum, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	uint16_t word;

	for (; length > 1; length -= 2, bytes += 2) {
		memcpy(&word, bytes, sizeof(word));
		sum += ntohs(word);
	}
	if (length)
		sum += (uint64_t)*bytes << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint64_t sum_address(const struct in6_addr *address, int is_v4)
{
	uint64_t sum = 0;

	for (int i = is_v4 ? 6 : 0; i < 8; i++)
		sum += ntohs(address->s6_addr16[i]);
	return sum;
}

static uint64_t pseudo_header(const struct in6_addr *from, const struct in6_addr *to,
			      uint8_t protocol, size_t length)
{
	int is_v4 = IN6_IS_ADDR_V4MAPPED(to);

	return sum_address(from, is_v4) + sum_address(to, is_v4) + protocol + length;
}

/* Writes an IP header for so many bytes after it. Returns its length. */
static size_t put_ip(unsigned char *at, const struct in6_addr *from, const struct in6_addr *to,
		     uint8_t protocol, size_t length)
{
	if (IN6_IS_ADDR_V4MAPPED(to)) {
		struct iphdr v4 = { .version = 4,
				    .ihl = 5,
				    .ttl = 64,
				    .protocol = protocol,
				    .tot_len = htons((uint16_t)(sizeof(v4) + length)),
				    .saddr = from->s6_addr32[3],
				    .daddr = to->s6_addr32[3] };

		v4.check = htons(checksum(0, &v4, sizeof(v4)));
		memcpy(at, &v4, sizeof(v4));
		return sizeof(v4);
	}
	struct ip6_hdr v6 = { .ip6_flow = htonl(6u << 28), .ip6_src = *from, .ip6_dst = *to };

	v6.ip6_plen = htons((uint16_t)length);
	v6.ip6_nxt = protocol;
	v6.ip6_hlim = 64;
	memcpy(at, &v6, sizeof(v6));
	return sizeof(v6);
}

/* The Ethernet header, and the IP header after it. Returns the length of both. */
static size_t put_headers(struct frame *frame, const struct in6_addr *from,
			  const struct in6_addr *to, uint8_t protocol, size_t length)
{
	struct ether_header ethernet = link_header;
	size_t headers = sizeof(ethernet);

	ethernet.ether_type = htons(IN6_IS_ADDR_V4MAPPED(to) ? ETHERTYPE_IP : ETHERTYPE_IPV6);
	memcpy(frame->bytes, &ethernet, sizeof(ethernet));
	headers += put_ip(frame->bytes + headers, from, to, protocol, length);
	frame->length = headers + length;
	return headers;
}

void frame_udp(struct frame *frame, const struct end *from, const struct end *to,
	       const void *payload, size_t length)
{
	struct udphdr udp = { .uh_sport = htons(from->port), .uh_dport = htons(to->port) };
	size_t size = sizeof(udp) + length;
	unsigned char *at =
		frame->bytes + put_headers(frame, &from->host, &to->host, IPPROTO_UDP, size);

	udp.uh_ulen = htons((uint16_t)size);
	memcpy(at, &udp, sizeof(udp));
	if (length)
		memcpy(at + sizeof(udp), payload, length);
	udp.uh_sum =
		htons(checksum(pseudo_header(&from->host, &to->host, IPPROTO_UDP, size), at, size));
	if (!udp.uh_sum)
		udp.uh_sum = 0xffff;
	memcpy(at, &udp, sizeof(udp));
}

void frame_icmp(struct frame *frame, const struct in6_addr *host, const struct end *from,
		const struct end *to, uint8_t type, uint8_t code, uint32_t rest)
{
	struct udphdr udp = { .uh_sport = htons(from->port), .uh_dport = htons(to->port) };
	int is_v4 = IN6_IS_ADDR_V4MAPPED(&from->host);
	struct icmp6_hdr icmp = { .icmp6_type = type, .icmp6_code = code };
	size_t ip = is_v4 ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
	size_t size = sizeof(icmp) + ip + sizeof(udp);
	uint8_t protocol = is_v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	unsigned char *at = frame->bytes + put_headers(frame, host, &from->host, protocol, size);

	/* The error is sent to whom it says has sent the datagram. */
	icmp.icmp6_data32[0] = htonl(rest);
	udp.uh_ulen = htons(sizeof(udp));
	memcpy(at, &icmp, sizeof(icmp));
	put_ip(at + sizeof(icmp), &from->host, &to->host, IPPROTO_UDP, sizeof(udp));
	memcpy(at + sizeof(icmp) + ip, &udp, sizeof(udp));
	icmp.icmp6_cksum = htons(
		checksum(is_v4 ? 0 : pseudo_header(host, &from->host, protocol, size), at, size));
	memcpy(at, &icmp, sizeof(icmp));
}

static size_t ip_length(const struct frame *frame)
{
	return frame->bytes[sizeof(struct ether_header)] >> 4 == 4 ? sizeof(struct iphdr)
								   : sizeof(struct ip6_hdr);
}

void frame_spoil(struct frame *frame)
{
	unsigned char *at = frame->bytes + sizeof(struct ether_header) + ip_length(frame);
	struct udphdr udp;

	memcpy(&udp, at, sizeof(udp));
	udp.uh_sum ^= htons(0x0101);
	if (!udp.uh_sum)
		udp.uh_sum = htons(0x0102);
	memcpy(at, &udp, sizeof(udp));
}

void frame_fragment(struct frame *frame, uint16_t id, uint16_t offset, int more)
{
	unsigned char *at = frame->bytes + sizeof(struct ether_header);
	struct iphdr v4;

	memcpy(&v4, at, sizeof(v4));
	v4.id = htons(id);
	v4.frag_off = htons((uint16_t)(offset / 8 | (more ? IP_MF : 0)));
	v4.check = 0;
	v4.check = htons(checksum(0, &v4, sizeof(v4)));
	memcpy(at, &v4, sizeof(v4));
}
