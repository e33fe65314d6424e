// SPDX-License-Identifier: MIT
// Follows the local addresses of network namespaces (rtnetlink(7)) and writes them to the trie.
//
// The order makes it safe: the keeper deletes an address first and then changes the epoch, so that
// no earlier check counts. It adds addresses from dumps only, which are newer than the events that
// caused them. If an event is lost, no source is set until a dump succeeds.

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "engine.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

enum { BUFFER = 32768, STALE = 256, TRIES = 5 };

struct network {
	int monitor, asks; /* -1: none */
	int place;	   /* the namespace itself; -1: our own */
	uint32_t cookie;
	ino_t inode;
	bool dirty, used;
	uint32_t round;
	size_t vrfs;
	struct {
		uint32_t ifindex, table;
	} vrf[VRFS_MAX / 8];
};

static struct network networks[NETWORKS_MAX];
static size_t number_of_networks;
static int own_namespace = -1;
static bool stopped;

/* --- One address --- */

static bool is_link_local(const uint32_t *address)
{
	return (address[0] & htonl(0xffc00000)) == htonl(0xfe800000);
}

static const struct rtattr *attribute(const struct rtattr *first, size_t length, int type)
{
	for (const struct rtattr *a = first;
	     length >= sizeof(*a) && a->rta_len >= sizeof(*a) && a->rta_len <= length;) {
		size_t step = RTA_ALIGN(a->rta_len);

		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
		if (step >= length)
			break;
		length -= step;
		a = (const struct rtattr *)((const char *)a + step);
	}
	return NULL;
}

static const void *payload(const struct rtattr *a)
{
	return (const char *)a + RTA_LENGTH(0);
}

static uint32_t number(const struct rtattr *a, uint32_t otherwise)
{
	uint32_t value;

	if (!a || a->rta_len < RTA_LENGTH(sizeof(value)))
		return otherwise;
	memcpy(&value, payload(a), sizeof(value));
	return value;
}

/* The key of a route of table local or of a VRF's. Returns false for any other. */
static bool route_key(const struct network *network, const struct nlmsghdr *message,
		      struct local_key *key)
{
	const struct rtmsg *route = NLMSG_DATA(message);
	const struct rtattr *first =
		(const void *)((const char *)route + NLMSG_ALIGN(sizeof(*route)));
	size_t length = message->nlmsg_len - NLMSG_LENGTH(sizeof(*route)), i;
	const struct rtattr *to = attribute(first, length, RTA_DST);
	uint32_t table = number(attribute(first, length, RTA_TABLE), route->rtm_table);

	if (route->rtm_type != RTN_LOCAL && route->rtm_type != RTN_ANYCAST &&
	    route->rtm_type != RTN_BROADCAST && route->rtm_type != RTN_MULTICAST)
		return false;
	*key = (struct local_key){ .network = network->cookie };
	if (table != RT_TABLE_LOCAL) {
		for (i = 0; i < network->vrfs && network->vrf[i].table != table; i++)
			;
		if (i == network->vrfs)
			return false;
		key->domain = network->vrf[i].ifindex;
	}
	key->length = LOCAL_KEY_BITS - 128 + route->rtm_dst_len;
	if (route->rtm_family == AF_INET6) {
		if (to && to->rta_len >= RTA_LENGTH(16))
			memcpy(key->address, payload(to), 16);
		if (is_link_local(key->address))
			key->domain = number(attribute(first, length, RTA_OIF), 0);
	} else if (route->rtm_family == AF_INET) {
		key->length += 96;
		key->address[2] = htonl(0xffff);
		key->address[3] = number(to, 0);
	} else {
		return false;
	}
	return true;
}

static bool is_source(const struct nlmsghdr *message)
{
	const struct rtmsg *route = NLMSG_DATA(message);

	return route->rtm_type == RTN_LOCAL || route->rtm_type == RTN_ANYCAST;
}

static void add_local(struct network *network, const struct nlmsghdr *message)
{
	static bool said;
	uint32_t value = network->round << 1 | (is_source(message) ? LOCAL_SOURCE : 0), old;
	struct local_key key;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg)) ||
	    !route_key(network, message, &key))
		return;
	/* An address can be anycast on one interface and local on another. */
	if (!bpf_map_lookup_elem(maps.locals, &key, &old) && old >> 1 == network->round)
		value |= old & LOCAL_SOURCE;
	if (bpf_map_update_elem(maps.locals, &key, &value, BPF_ANY) && errno == ENOSPC && !said) {
		say(LOG_ERROR, "more than %d local addresses; the others get no help", LOCALS_MAX);
		said = true;
	}
}

static void delete_local(struct network *network, const struct nlmsghdr *message)
{
	struct local_key key;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg)) ||
	    !route_key(network, message, &key) || bpf_map_delete_elem(maps.locals, &key))
		return;
	epoch_move();
}

/* Deletes the addresses that the last dump did not show. */
static void delete_stale(const struct network *network)
{
	static struct local_key stale[STALE];
	struct local_key key, *from;
	uint32_t value;
	size_t found;

	do {
		found = 0;
		from = NULL;
		while (found < STALE && !bpf_map_get_next_key(maps.locals, from, &key)) {
			from = &key;
			if (key.network == network->cookie &&
			    !bpf_map_lookup_elem(maps.locals, &key, &value) &&
			    (value >> 1 != network->round || !network->used))
				stale[found++] = key;
		}
		for (size_t i = 0; i < found; i++)
			bpf_map_delete_elem(maps.locals, &stale[i]);
	} while (found == STALE);
}

/* --- Dumps --- */

static uint32_t sequence;
static char buffer[BUFFER] __attribute__((aligned(8)));

static bool ask(const struct network *network, struct nlmsghdr *message)
{
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = ++sequence;
	return send(network->asks, message, message->nlmsg_len, 0) == (ssize_t)message->nlmsg_len;
}

/* Calls for each message of the dump. Returns false if the dump was incomplete. */
static bool read_dump(struct network *network,
		      void (*take)(struct network *network, const struct nlmsghdr *message))
{
	bool whole = true;
	ssize_t length;

	for (;;) {
		length = recv(network->asks, buffer, sizeof(buffer), MSG_TRUNC);
		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0 || length > BUFFER)
			return false;
		for (struct nlmsghdr *m = (void *)buffer; NLMSG_OK(m, (size_t)length);
		     m = NLMSG_NEXT(m, length)) {
			if (m->nlmsg_seq != sequence)
				continue;
			if (m->nlmsg_flags & NLM_F_DUMP_INTR)
				whole = false;
			if (m->nlmsg_type == NLMSG_DONE)
				return whole;
			if (m->nlmsg_type == NLMSG_ERROR)
				return false;
			take(network, m);
		}
	}
}

/* An interface: only VRFs matter. */
static void take_link(struct network *network, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct rtattr *info, *kind, *data;
	size_t i = network->vrfs, length;

	if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof(*link)))
		return;
	length = message->nlmsg_len - NLMSG_LENGTH(sizeof(*link));
	info = attribute((const void *)((const char *)link + NLMSG_ALIGN(sizeof(*link))), length,
			 IFLA_LINKINFO);
	if (!info)
		return;
	length = info->rta_len - RTA_LENGTH(0);
	kind = attribute(payload(info), length, IFLA_INFO_KIND);
	data = attribute(payload(info), length, IFLA_INFO_DATA);
	if (!kind || kind->rta_len < RTA_LENGTH(4) || memcmp(payload(kind), "vrf", 4) || !data ||
	    i == sizeof(network->vrf) / sizeof(*network->vrf))
		return;
	network->vrf[i].ifindex = (uint32_t)link->ifi_index;
	network->vrf[i].table =
		number(attribute(payload(data), data->rta_len - RTA_LENGTH(0), IFLA_VRF_TABLE), 0);
	network->vrfs++;
}

static void take_route(struct network *network, const struct nlmsghdr *message)
{
	if (message->nlmsg_type == RTM_NEWROUTE)
		add_local(network, message);
}

static bool dump_links(struct network *network)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = { .header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK } };

	network->vrfs = 0;
	return ask(network, &request.header) && read_dump(network, take_link);
}

static bool dump_table(struct network *network, unsigned char family, uint32_t table)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		uint32_t table;
	} request = { .header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETROUTE },
		      .route = { .rtm_family = family },
		      .attribute = { .rta_len = RTA_LENGTH(sizeof(table)), .rta_type = RTA_TABLE },
		      .table = table };

	/* A table that never had a route does not exist (ENOENT). */
	if (!ask(network, &request.header))
		return false;
	if (read_dump(network, take_route))
		return true;
	return table != RT_TABLE_LOCAL && buffer[0] &&
	       ((struct nlmsghdr *)(void *)buffer)->nlmsg_type == NLMSG_ERROR;
}

static bool dump_routes(struct network *network)
{
	bool whole = dump_table(network, AF_INET, RT_TABLE_LOCAL);

	/* Without IPv6 there is no such table. */
	if (!dump_table(network, AF_INET6, RT_TABLE_LOCAL))
		whole = whole && access("/proc/net/if_inet6", F_OK);
	for (size_t i = 0; i < network->vrfs; i++)
		whole = dump_table(network, AF_INET, network->vrf[i].table) &&
			dump_table(network, AF_INET6, network->vrf[i].table) && whole;
	return whole;
}

/* The BPF programs look VRFs up by their interface. */
static void write_vrfs(void)
{
	struct vrf_key key, from;
	uint32_t total = 0, one = 1;
	bool is;

	for (size_t n = 0; n < number_of_networks; n++) {
		for (size_t i = 0; i < networks[n].vrfs; i++, total++) {
			key = (struct vrf_key){ networks[n].cookie, networks[n].vrf[i].ifindex };
			bpf_map_update_elem(maps.vrfs, &key, &one, BPF_ANY);
		}
	}
	for (int next = bpf_map_get_next_key(maps.vrfs, NULL, &key); !next;) {
		from = key;
		next = bpf_map_get_next_key(maps.vrfs, &from, &key);
		is = false;
		for (size_t n = 0; n < number_of_networks; n++)
			for (size_t i = 0; i < networks[n].vrfs; i++)
				is = is || (networks[n].cookie == from.network &&
					    networks[n].vrf[i].ifindex == from.ifindex);
		if (!is)
			bpf_map_delete_elem(maps.vrfs, &from);
	}
	vrfs_set(total);
}

static bool refresh(struct network *network)
{
	bool whole = false;

	for (int i = 0; i < TRIES && !whole; i++) {
		network->round = (network->round + 1) & 0x3fffffff;
		whole = dump_links(network) && dump_routes(network);
	}
	network->dirty = !whole;
	if (!whole) {
		epoch_stop();
		stopped = true;
		return false;
	}
	write_vrfs();
	delete_stale(network);
	return true;
}

bool locals_retry(void)
{
	bool all = true;

	for (size_t i = 0; i < number_of_networks; i++)
		if (networks[i].dirty)
			all = refresh(&networks[i]) && all;
	if (all) {
		epoch_move();
		stopped = false;
	}
	return all;
}

bool locals_are_due(void)
{
	for (size_t i = 0; i < number_of_networks; i++)
		if (networks[i].dirty)
			return true;
	return false;
}

/* --- Events --- */

/*
 * A filter for the kernel's events. It drops routes that are neither local nor of broadcast or
 * multicast (a router may have a million others), and changes of interfaces that remove no address.
 */
static bool filter_events(int fd)
{
	enum { TYPE = 4, ROUTE_TYPE = 16 + 7, CHANGE = 16 + 12 };
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, TYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWLINK), 4, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		/* RTN_LOCAL 2, RTN_BROADCAST 3, RTN_ANYCAST 4, RTN_MULTICAST 5 */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ROUTE_TYPE),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, RTN_LOCAL, 0, 4),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, RTN_MULTICAST, 3, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, CHANGE),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htonl(IFF_UP), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	return !setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static bool open_monitor(struct network *network)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE };
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int one = 1, room = 1 << 20;
	socklen_t length;
	uint64_t cookie;

	network->monitor =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	network->asks = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (network->monitor < 0 || network->asks < 0)
		return false;
	length = sizeof(cookie);
	if (getsockopt(network->monitor, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length))
		return false;
	network->cookie = (uint32_t)cookie;
	setsockopt(network->asks, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	if (setsockopt(network->monitor, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(network->monitor, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (!filter_events(network->monitor) ||
	    bind(network->monitor, (struct sockaddr *)&any, sizeof(any)))
		return false;
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (setsockopt(network->monitor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])))
			return false;
	return true;
}

void locals_read(int fd)
{
	static char events[BUFFER] __attribute__((aligned(8)));
	struct network *network = NULL;
	ssize_t length;

	for (size_t i = 0; i < number_of_networks; i++)
		if (networks[i].monitor == fd)
			network = &networks[i];
	if (!network)
		return;
	for (;;) {
		length = recv(fd, events, sizeof(events), MSG_TRUNC);
		if (length < 0 && errno == EINTR)
			continue;
		if ((length < 0 && errno == ENOBUFS) || length > BUFFER) {
			epoch_stop(); /* events were lost: an address may be gone */
			stopped = network->dirty = true;
			continue;
		}
		if (length <= 0)
			break;
		for (struct nlmsghdr *m = (void *)events; NLMSG_OK(m, (size_t)length);
		     m = NLMSG_NEXT(m, length)) {
			if (m->nlmsg_type == RTM_DELROUTE && !stopped)
				delete_local(network, m);
			network->dirty = true;
		}
	}
	if (network->dirty)
		locals_retry();
}

/* --- Namespaces --- */

static struct network *find_inode(ino_t inode)
{
	for (size_t i = 0; i < number_of_networks; i++)
		if (networks[i].inode == inode)
			return &networks[i];
	return NULL;
}

static void close_network(struct network *network)
{
	if (network->monitor >= 0)
		close(network->monitor);
	if (network->asks >= 0)
		close(network->asks);
	if (network->place >= 0)
		close(network->place);
}

/* Opens the sockets inside the namespace and returns to our own. */
static bool open_inside(struct network *network, int fd)
{
	bool done, inside;

	if (own_namespace < 0)
		own_namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	inside = fd != own_namespace;
	if (own_namespace < 0 || (inside && setns(fd, CLONE_NEWNET)))
		return false;
	done = open_monitor(network);
	if (inside && setns(own_namespace, CLONE_NEWNET))
		fail("cannot return from a network namespace: %s", strerror(errno));
	return done;
}

bool locals_follow(pid_t pid)
{
	struct network *network = &networks[number_of_networks], *known;
	struct stat status, own;
	char path[64];
	uint32_t one = 1;
	bool done;
	int fd;

	snprintf(path, sizeof(path), pid ? "/proc/%d/ns/net" : "/proc/self/ns/net", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	known = find_inode(status.st_ino);
	if (known || number_of_networks == NETWORKS_MAX) {
		if (known)
			known->used = true;
		close(fd);
		return known;
	}
	*network = (struct network){ .monitor = -1,
				     .asks = -1,
				     .place = -1,
				     .inode = status.st_ino,
				     .dirty = true,
				     .used = true };
	if (!stat("/proc/self/ns/net", &own) && own.st_ino == status.st_ino && own_namespace < 0)
		own_namespace = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own.st_ino == status.st_ino) {
		done = open_monitor(network);
		close(fd);
	} else {
		done = open_inside(network, fd);
		network->place = fd;
	}
	if (!done) {
		close_network(network);
		return false;
	}
	number_of_networks++;
	/* Never set again: sockets of the other namespaces may live on. */
	sole_network_set(number_of_networks == 1 ? network->cookie : 0);
	bpf_map_update_elem(maps.networks, &network->cookie, &one, BPF_ANY);
	locals_retry();
	return true;
}

static bool follow(pid_t pid)
{
	locals_follow(pid);
	return true;
}

void locals_forget_unused(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < number_of_networks; i++)
		networks[i].used = false;
	cgroup_each_process(cgroup, follow);
	for (size_t i = 0; i < number_of_networks;) {
		struct network *network = &networks[i];

		if (network->used) {
			i++;
			continue;
		}
		bpf_map_delete_elem(maps.networks, &network->cookie);
		delete_stale(network);
		epoch_move();
		close_network(network);
		*network = networks[--number_of_networks];
	}
	write_vrfs();
}

int locals_socket(uint32_t network, int family, int type, int protocol)
{
	int place = -1, made;

	for (size_t i = 0; i < number_of_networks; i++)
		if (networks[i].cookie == network)
			place = networks[i].place;
	if (place >= 0 && setns(place, CLONE_NEWNET))
		return -1;
	made = socket(family, type | SOCK_CLOEXEC, protocol);
	if (place >= 0 && setns(own_namespace, CLONE_NEWNET))
		fail("cannot return from a network namespace: %s", strerror(errno));
	return made;
}

bool locals_choice(uint32_t network, const struct sockaddr *peer, socklen_t length,
		   struct in6_addr *choice)
{
	struct sockaddr_in6 name = { 0 };
	socklen_t size = sizeof(name);
	int probe = locals_socket(network, peer->sa_family, SOCK_DGRAM, 0);
	bool done;

	if (probe < 0)
		return false;
	done = !connect(probe, peer, length) &&
	       !getsockname(probe, (struct sockaddr *)&name, &size);
	close(probe);
	if (name.sin6_family == AF_INET)
		choice->s6_addr32[3] = ((struct sockaddr_in *)(void *)&name)->sin_addr.s_addr;
	else
		*choice = name.sin6_addr;
	return done;
}

size_t locals_descriptors(int *fds, size_t most)
{
	size_t i;

	for (i = 0; i < number_of_networks && i < most; i++)
		fds[i] = networks[i].monitor;
	return i;
}

void locals_close(void)
{
	while (number_of_networks)
		close_network(&networks[--number_of_networks]);
}

bool locals_follows(uint32_t network)
{
	for (size_t i = 0; i < number_of_networks; i++)
		if (networks[i].cookie == network)
			return true;
	return false;
}

uint32_t locals_networks(void)
{
	return (uint32_t)number_of_networks;
}

bool locals_have(uint32_t network, uint32_t domain, const struct in6_addr *address)
{
	struct local_key key = { .length = LOCAL_KEY_BITS, .network = network, .domain = domain };
	uint32_t value;

	memcpy(key.address, address, sizeof(key.address));
	return !epoch_is_stopped() && !bpf_map_lookup_elem(maps.locals, &key, &value) &&
	       value & LOCAL_SOURCE;
}
