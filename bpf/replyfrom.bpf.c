// SPDX-License-Identifier: MIT
// The BPF programs, which the kernel runs for the sockets of a cgroup. They record to which local
// address each peer sent, and set the source of replies. They refuse nothing: every path returns 1.

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "layout.h"

char _license[] SEC("license") = "Dual MIT/GPL";

enum { INET = 2, INET6 = 10, DATAGRAM = 2, GO_ON = 1 };

#define NOINLINE static __attribute__((noinline))
/* The verifier checks such a function once, and not for each of its callers. */
#define GLOBAL	      __attribute__((noinline))
#define ALWAYS_INLINE static __always_inline
#define LOOK(x)	      (*(const volatile __typeof__(x) *)&(x))
#define STORE(x, to)  (*(volatile __typeof__(x) *)&(x) = (to))

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* the engine sets the number */
	__type(key, __u32);
	__type(value, struct bucket);
} rf_peers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, struct local_slot);
} rf_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LOCALS_MAX);
	__type(key, struct local_key);
	__type(value, __u32);
} rf_locals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VRFS_MAX);
	__type(key, struct vrf_key);
	__type(value, __u32);
} rf_vrfs SEC(".maps");

/* The network namespaces whose addresses are in rf_locals. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NETWORKS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} rf_networks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_state);
} rf_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct engine_counters);
} rf_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} rf_events SEC(".maps");

/* The kernel's choice, from the keeper, for conversations that began before rf_egress was attached.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, struct choice);
} rf_choices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct keeper_record);
} rf_keeper SEC(".maps");

const volatile struct secrets secret = { 0 };
const volatile __u32 buckets = 1;
const volatile __u32 tick_shift = 0; /* that many entries made, as a power of two, are a tick */
const volatile __u32 first_port = 32768, last_port = 60999; /* those the kernel chooses from */
const volatile __u32 some_ports = 0;
/* Set for another cgroup, in which some of our sockets were made: help only those. */
const volatile __u32 known_only = 0;
const volatile __u64 ports[PORT_WORDS] = { 0 };

__u32 epoch = 0; /* of the local addresses; 0: not known now, so no source is set */
__u32 made = 0;	 /* entries */
__u32 vrfs = 0;	 /* in all network namespaces */
__u32 sees_egress = 0;
__u32 sole_network = 0; /* the network namespace, if there is only one: saves the lookup */
__u64 asked[HOSTS_ASKED] = { 0 };

ALWAYS_INLINE void count(enum engine_counter which)
{
	__u32 zero = 0;
	struct engine_counters *mine = bpf_map_lookup_elem(&rf_counters, &zero);

	if (mine)
		mine->value[which]++;
}

ALWAYS_INLINE __u32 now_tick(void)
{
	return LOOK(made) >> tick_shift & (TICKS - 1);
}

ALWAYS_INLINE __u32 now_time(void)
{
	return bpf_ktime_get_coarse_ns() >> 31 & TIME_MASK;
}

/*
 * Makes the compiler keep the mask of an index, and keep it last. Verifiers before Linux 6.10 lose
 * the bounds of what was xored, and do not know that a port has 16 bits.
 */
ALWAYS_INLINE __u32 unmasked(__u32 index)
{
	asm volatile("" : "+r"(index));
	return index;
}

ALWAYS_INLINE __u64 *asked_record(__u64 host, __u32 local_port)
{
	return &asked[unmasked(asked_index(host, local_port)) & (HOSTS_ASKED - 1)];
}

ALWAYS_INLINE int is_port_wanted(__u32 port)
{
	return !some_ports || ports[unmasked(port >> 6) & (PORT_WORDS - 1)] >> (port & 63) & 1;
}

/* One end of a conversation, as datagrams in both directions show it. */
struct peer {
	__u64 host, hash; /* keyed hashes: of the host, and of its port too */
	__u32 local_port;
	__u32 network, domain; /* of the local address; SLOT_V4 */
	/* The local address, of datagrams that a program sends the far one; IPv4: address[0]. */
	__u32 address[4];
	__u32 port; /* the far one, where it is needed */
};

/* --- The local addresses --- */

ALWAYS_INLINE struct local_slot *slot_at(__u32 index)
{
	return bpf_map_lookup_elem(&rf_slots, &index);
}

/* Returns 1 if the local slot holds the peer's local address, with its *generation; else 0. */
ALWAYS_INLINE int slot_has(struct local_slot *slot, const struct peer *peer, __u32 *generation)
{
	__u64 part = LOOK(slot->part[0]);
	__u64 whole = part & 0xffffffff00000000ull;

	__u64 other = part ^ (whole | peer->address[0]);

	*generation = part >> 32;
	other |= LOOK(slot->network) ^ (whole | peer->network);
	other |= LOOK(slot->domain) ^ (whole | peer->domain);
	if (!(peer->domain & SLOT_V4)) {
		other |= LOOK(slot->part[1]) ^ (whole | peer->address[1]);
		other |= LOOK(slot->part[2]) ^ (whole | peer->address[2]);
		other |= LOOK(slot->part[3]) ^ (whole | peer->address[3]);
	}
	return whole && !other;
}

ALWAYS_INLINE __u64 slot_pointer(__u32 index, __u32 generation)
{
	return (__u64)index << SLOT_SHIFT | (__u64)(generation & ((1 << GENERATION_BITS) - 1))
						    << GEN_SHIFT;
}

/* Takes the slot for the peer's local address. Returns its pointer; 0 if another CPU was faster. */
ALWAYS_INLINE __u64 slot_take(struct local_slot *slot, __u32 index, const struct peer *peer)
{
	__u32 state = LOOK(slot->state), generation = (state >> 1) + 1;
	__u64 whole = (__u64)generation << 32;

	if (state & 1 || __sync_val_compare_and_swap(&slot->state, state, state + 1) != state)
		return 0;
	STORE(slot->part[0], whole | peer->address[0]);
	STORE(slot->part[1], whole | peer->address[1]);
	STORE(slot->part[2], whole | peer->address[2]);
	STORE(slot->part[3], whole | peer->address[3]);
	STORE(slot->network, whole | peer->network);
	STORE(slot->domain, whole | peer->domain);
	STORE(slot->verified, whole);
	slot->used = LOOK(made);
	__sync_val_compare_and_swap(&slot->state, state + 1, state + 2);
	return slot_pointer(index, generation);
}

/* The slot with the peer's local address, the least recently used one if there is none yet. */
GLOBAL __u64 slot_find(const struct peer *peer)
{
	if (!peer)
		return 0;

	__u64 hash = hash_host6(&secret, peer->address, peer->network, peer->domain);
	__u32 base = SLOT_FIRST + bucket_of(hash, SLOTS / LOCAL_SLOTS - 1) * LOCAL_SLOTS;
	__u32 oldest = base, most = 0, generation, age;
	struct local_slot *slot;

	for (__u32 index = base; index < base + LOCAL_SLOTS; index++) {
		slot = slot_at(index);
		if (!slot)
			return 0;
		if (slot_has(slot, peer, &generation)) {
			slot->used = LOOK(made);
			return slot_pointer(index, generation);
		}
		age = LOOK(slot->state) ? LOOK(made) - slot->used : ~0u;
		if (age > most) {
			most = age;
			oldest = index;
		}
	}
	slot = slot_at(oldest);
	return slot ? slot_take(slot, oldest, peer) : 0;
}

/*
 * Returns 1 if the address in the slot is still local; looks it up once an epoch. The epoch is read
 * atomically before the lookup: the keeper deletes an address first and changes the epoch then.
 */
NOINLINE int slot_verify(struct local_slot *slot)
{
	__u64 part = LOOK(slot->part[0]), network = LOOK(slot->network);
	__u64 domain = LOOK(slot->domain), whole = part & 0xffffffff00000000ull;
	__u32 now = __sync_fetch_and_add(&epoch, 0), *local;
	struct local_key key = { .length = LOCAL_KEY_BITS };

	if (!now)
		return 0;
	key.network = network;
	key.domain = domain & ~SLOT_V4;
	if (domain & SLOT_V4) {
		key.address[2] = bpf_htonl(0xffff);
		key.address[3] = part;
	} else {
		key.address[0] = part;
		key.address[1] = LOOK(slot->part[1]);
		key.address[2] = LOOK(slot->part[2]);
		key.address[3] = LOOK(slot->part[3]);
	}
	local = bpf_map_lookup_elem(&rf_locals, &key);
	now |= local && *local & LOCAL_SOURCE ? 0 : NOT_LOCAL;
	/* A slot that was taken over meanwhile has another generation and stays unverified. */
	STORE(slot->verified, whole | now);
	return !(now & NOT_LOCAL);
}

/*
 * Reads the address of a pointer into `address`. Returns 0 if the slot was taken over (where the
 * pointer has a generation to check that by), or the host does not have the address now.
 */
ALWAYS_INLINE int slot_read(__u64 entry, int check, int v4, __u32 *address)
{
	struct local_slot *slot = slot_at(entry_slot(entry));
	__u64 part, whole, verified, other[3] = { 0 };
	__u32 now = LOOK(epoch);

	if (!slot)
		return 0;
	part = LOOK(slot->part[0]);
	whole = part & 0xffffffff00000000ull;
	address[0] = part;
	if (!v4) {
		other[0] = LOOK(slot->part[1]);
		other[1] = LOOK(slot->part[2]);
		other[2] = LOOK(slot->part[3]);
		if (((other[0] ^ whole) | (other[1] ^ whole) | (other[2] ^ whole)) >> 32)
			return 0;
		address[1] = other[0];
		address[2] = other[1];
		address[3] = other[2];
	}
	if (check && ((part >> 32) & ((1 << GENERATION_BITS) - 1)) != entry_generation(entry))
		return 0;
	verified = LOOK(slot->verified);
	if (verified == (whole | now) && now)
		return 1;
	if ((verified == (whole | now | NOT_LOCAL) && now) || !slot_verify(slot)) {
		count(COUNT_gone);
		return 0;
	}
	return 1;
}

/* --- The peer table --- */

ALWAYS_INLINE struct bucket *bucket_at(__u64 hash)
{
	__u32 index = bucket_of(hash, buckets);

	return bpf_map_lookup_elem(&rf_peers, &index);
}

/* Returns the slot of that key's entry in a bucket, and its value as *entry; or NULL. */
ALWAYS_INLINE __u64 *bucket_find(struct bucket *bucket, __u64 key, __u64 mask, __u64 *entry)
{
#pragma unroll
	for (int i = 0; i < BUCKET_SLOTS; i++) {
		*entry = LOOK(bucket->entry[i]);
		if (!((*entry ^ key) & mask))
			return &bucket->entry[i];
	}
	return 0;
}

/* All ones if `is`, else 0: the verifier follows both ways of each branch, so there are none. */
ALWAYS_INLINE __u32 mask_of(__u32 is)
{
	__u32 mask = 0 - is;

	asm volatile("" : "+r"(mask));
	return mask;
}

/* Returns the age of an entry, in ticks; a free slot is older than any. */
ALWAYS_INLINE __u32 entry_age(__u64 entry, __u32 tick)
{
	__u32 unused = mask_of((entry | -entry) >> 63 ^ 1);
	__u32 age = (tick - (__u32)(entry >> TICK_SHIFT)) & (TICKS - 1);

	return (age & ~unused) | (unused & TICKS);
}

/* The larger of two numbers below 2^31. */
ALWAYS_INLINE __u32 larger(__u32 a, __u32 b)
{
	__u32 is_less = mask_of((a - b) >> 31);

	return (a & ~is_less) | (b & is_less);
}

/* Frees the slots of that key except number `keep`: two CPUs may have made an entry each. */
GLOBAL int bucket_drop_others(__u64 hash, __u64 key, __u32 keep)
{
	struct bucket *bucket = bucket_at(hash);
	__u64 entry;

	if (!bucket)
		return 0;
	for (__u32 i = 0; i < BUCKET_SLOTS; i++) {
		entry = LOOK(bucket->entry[i]);
		if (!((entry ^ key) & KEY_MASK) && i != keep)
			__sync_val_compare_and_swap(&bucket->entry[i], entry, 0);
	}
	return 0;
}

/*
 * Writes an entry, over the one of its key or over the oldest of its two buckets. `entry` has key,
 * kind and pointer; the rest is added here.
 */
GLOBAL int entry_put(__u64 host, __u64 hash, __u64 entry)
{
	struct bucket *first = bucket_at(host), *other = bucket_at(hash);
	__u32 tick = now_tick(), most = 0, best = 0, age, is_first, is_other;
	__u64 key = entry & KEY_MASK, old, *at;

	if (!first || !other)
		return 0;
	entry |= (__u64)tick << TICK_SHIFT;
	at = bucket_find(first, key, KEY_MASK, &old);
	if (!at)
		at = bucket_find(other, key, KEY_MASK, &old);
	if (at) {
		__sync_val_compare_and_swap(at, old, entry);
		return 0;
	}
	/* The oldest; of several the first, so that one bucket fills before the other. */
	for (__u32 i = 0; i < BUCKET_SLOTS; i++) {
		age = entry_age(LOOK(first->entry[i]), tick) << 4;
		most = larger(most, age | (2 * BUCKET_SLOTS - 1 - i));
		age = entry_age(LOOK(other->entry[i]), tick) << 4;
		most = larger(most, age | (BUCKET_SLOTS - 1 - i));
	}
	best = 2 * BUCKET_SLOTS - 1 - (most & (2 * BUCKET_SLOTS - 1));
	at = best < BUCKET_SLOTS ? &first->entry[best & (BUCKET_SLOTS - 1)]
				 : &other->entry[best & (BUCKET_SLOTS - 1)];
	old = LOOK(*at);
	if (__sync_val_compare_and_swap(at, old, entry) != old)
		return 0;
	if (most >> 4 < TICKS)
		count(COUNT_forgotten);
	__sync_fetch_and_add(&made, 1);
	/* Both may be the same bucket. */
	is_first = first == other || best < BUCKET_SLOTS;
	is_other = first == other || best >= BUCKET_SLOTS;
	best &= BUCKET_SLOTS - 1;
	bucket_drop_others(host, key, is_first ? best : BUCKET_SLOTS);
	bucket_drop_others(hash, key, is_other ? best : BUCKET_SLOTS);
	return 0;
}

ALWAYS_INLINE __u64 peer_key(const struct peer *peer)
{
	return entry_key(peer->hash, peer->local_port);
}

/* Returns the key of a conversation in rf_choices: the peer and the local port. */
ALWAYS_INLINE __u64 conversation_key(const struct peer *peer)
{
	return peer->hash + peer->local_port;
}

/* Returns the slot of the peer's entry in either of its buckets, or NULL. */
ALWAYS_INLINE __u64 *peer_find(struct bucket *first, const struct peer *peer, __u64 key, __u64 mask,
			       __u64 *entry)
{
	__u64 *at = bucket_find(first, key, mask, entry);
	struct bucket *other;

	if (at)
		return at;
	other = bucket_at(peer->hash);
	return other ? bucket_find(other, key, mask, entry) : 0;
}

/* Sets the tick of an entry in use, so that it is not evicted. */
ALWAYS_INLINE void entry_refresh(__u64 *at, __u64 entry)
{
	__u32 tick = now_tick();
	__u64 fresh;

	if (((tick - (__u32)(entry >> TICK_SHIFT)) & (TICKS - 1)) < TICKS / 2)
		return;
	fresh = (entry & ((1ull << TICK_SHIFT) - 1)) | (__u64)tick << TICK_SHIFT;
	__sync_val_compare_and_swap(at, entry, fresh);
}

ALWAYS_INLINE int entry_is_at(__u64 entry, const struct peer *peer)
{
	struct local_slot *slot = slot_at(entry_slot(entry));
	__u32 generation;

	return slot && slot_has(slot, peer, &generation) &&
	       (generation & ((1 << GENERATION_BITS) - 1)) == entry_generation(entry);
}

/* --- Datagrams that arrive --- */

/* Returns 1 for a link-local peer that sent on two links: a datagram to it does not show the link.
 */
ALWAYS_INLINE int is_ambiguous(__u64 entry, const struct peer *peer)
{
	struct local_slot *slot;

	if (entry_slot(entry) == SLOT_AMBIGUOUS)
		return 1;
	if ((peer->address[0] & bpf_htonl(0xffc00000)) != bpf_htonl(0xfe800000) ||
	    peer->domain & SLOT_V4)
		return 0;
	slot = slot_at(entry_slot(entry));
	return slot && (__u32)slot->domain != peer->domain &&
	       ((__u32)slot->part[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

/* Returns the pointer to the conversation's address, from the keeper; 0 until that has it. */
ALWAYS_INLINE __u64 own_pointer(const struct peer *peer)
{
	__u64 key = conversation_key(peer);
	struct choice *choice = bpf_map_lookup_elem(&rf_choices, &key);
	struct peer end = *peer;

	if (!choice)
		return 0;
	end.address[0] = choice->address[0];
	end.address[1] = choice->address[1];
	end.address[2] = choice->address[2];
	end.address[3] = choice->address[3];
	return slot_find(&end);
}

/*
 * Records a peer that is new, sends to another address than before, or replies in an own
 * conversation. In the last case the kernel still chooses, while the peer replies to an address
 * from which the program sent. Returns the entry of a peer that sent a request, else 0.
 */
GLOBAL __u64 learn_changed(struct peer *peer)
{
	__u64 key, pointer, before, entry, *at;
	struct bucket *first;

	if (!peer)
		return 0;
	key = peer_key(peer);
	first = bucket_at(peer->host);
	if (!first)
		return 0;
	at = peer_find(first, peer, key, KEY_MASK, &entry);
	if (at && entry_kind(entry) == ENTRY_OWN && entry_slot(entry) == SLOT_UNSEEN) {
		pointer = own_pointer(peer);
		if (!pointer)
			return 0;
		entry = key | (__u64)ENTRY_OWN << KIND_SHIFT | pointer;
		entry_put(peer->host, peer->hash, entry);
		if (entry_is_at(entry, peer))
			return 0;
	}
	if (at && entry_kind(entry) == ENTRY_OWN && entry_slot(entry) >= SLOT_FIRST) {
		if (entry_is_at(entry, peer)) {
			entry_refresh(at, entry);
			return 0;
		}
		if (peer_find(first, peer, key | AUXILIARY, KEY_MASK, &before) &&
		    entry_is_at(before, peer))
			return 0;
	}
	pointer = slot_find(peer);
	if (!pointer)
		return 0;
	if (at && entry_kind(entry) == ENTRY_ASKED && is_ambiguous(entry, peer))
		pointer = (__u64)SLOT_AMBIGUOUS << SLOT_SHIFT;
	entry_put(peer->host, peer->hash, key | pointer);
	count(COUNT_learnt);
	return key | pointer;
}

/* Until this request has its reply, a reply may go to another port of the host. */
ALWAYS_INLINE void note_request(const struct peer *peer, __u64 entry)
{
	STORE(*asked_record(peer->host, peer->local_port),
	      asked_name(peer->host, peer->local_port) | (__u64)entry_slot(entry) << SLOT_SHIFT |
		      (__u64)now_time() << TIME_SHIFT);
}

/* The fast path: the peer sends to the same address as before. Returns 0 for all else. */
ALWAYS_INLINE int learn_same(struct peer *peer)
{
	struct bucket *first = bucket_at(peer->host);
	__u64 entry, *at;

	if (!first)
		return 1;
	at = peer_find(first, peer, peer_key(peer), KEY_MASK, &entry);
	if (!at || entry_kind(entry) != ENTRY_ASKED || !entry_is_at(entry, peer))
		return 0;
	entry_refresh(at, entry);
	note_request(peer, entry);
	return 1;
}

ALWAYS_INLINE int is_udp(struct bpf_sock *sk)
{
	return sk->protocol == IPPROTO_UDP || sk->protocol == IPPROTO_UDPLITE;
}

ALWAYS_INLINE int is_wildcard(struct bpf_sock *sk)
{
	return !sk->src_ip4 && (sk->family != INET6 || !(sk->src_ip6[0] | sk->src_ip6[1] |
							 sk->src_ip6[2] | sk->src_ip6[3]));
}

/* Returns the offset of the UDP header, or 0 if there is none that we find. */
ALWAYS_INLINE __u32 udp_offset(struct __sk_buff *skb, __u8 next)
{
	struct {
		__u8 next, length;
	} header;
	__u32 offset = sizeof(struct ipv6hdr);

	for (int i = 0; i < 8; i++) {
		if (next == IPPROTO_UDP || next == IPPROTO_UDPLITE)
			return offset;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT && next != IPPROTO_AH && next != IPPROTO_MH)
			return 0;
		if (bpf_skb_load_bytes(skb, offset, &header, sizeof(header)))
			return 0;
		offset += next == IPPROTO_FRAGMENT ? 8
			  : next == IPPROTO_AH	   ? (header.length + 2) * 4
						   : (header.length + 1) * 8;
		next = header.next;
	}
	return 0;
}

/* Returns the interface if it is a VRF, which datagrams show as their interface; else 0. */
NOINLINE __u32 vrf_of(__u32 network, __u32 ifindex)
{
	struct vrf_key key = { .network = network, .ifindex = ifindex };

	return bpf_map_lookup_elem(&rf_vrfs, &key) ? ifindex : 0;
}

/*
 * Reads both ends from the headers. remote: of the far end, local: of ours; which of the two is the
 * source depends on the direction. Returns 0 if the datagram can't be read.
 */
ALWAYS_INLINE int read_ends(struct __sk_buff *skb, struct bpf_sock *sk, __u32 network, int arrives,
			    struct peer *peer)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u32 link = sk->bound_dev_if, ifindex = skb->ifindex, offset, port;
	struct udphdr udp;

	peer->local_port = sk->src_port;
	peer->port = 0;
	peer->network = network;
	peer->domain = LOOK(vrfs) ? vrf_of(network, ifindex) : 0;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = data;

		if ((void *)(ip + 1) > end)
			return 0;
		peer->host = hash_host4(&secret, arrives ? ip->saddr : ip->daddr, network, link);
		peer->address[0] = arrives ? ip->daddr : ip->saddr;
		peer->address[1] = peer->address[2] = peer->address[3] = 0;
		peer->domain |= SLOT_V4;
		offset = ip->ihl * 4;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = data;

		if ((void *)(ip + 1) > end)
			return 0;
		peer->host = hash_host6(
			&secret, arrives ? ip->saddr.in6_u.u6_addr32 : ip->daddr.in6_u.u6_addr32,
			network, link);
		__builtin_memcpy(peer->address, arrives ? &ip->daddr : &ip->saddr, 16);
		if ((peer->address[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000))
			peer->domain = ifindex;
		offset = udp_offset(skb, ip->nexthdr);
		if (!offset)
			return 0;
	} else {
		return 0;
	}
	/* Usually the header lies there; else it is copied together. */
	if (data + offset + sizeof(udp) <= end)
		udp = *(struct udphdr *)(data + offset);
	else if (bpf_skb_load_bytes(skb, offset, &udp, sizeof(udp)))
		return 0;
	port = arrives ? udp.source : udp.dest;
	peer->hash = hash_peer(&secret, peer->host, port);
	return 1;
}

/* A socket that receives first is a server's. Returns 0 for those that are none. */
ALWAYS_INLINE int is_server(struct socket_state *state, struct bpf_sock *sk)
{
	if (state->role == ROLE_FRESH)
		state->role = is_port_wanted(sk->src_port) ? ROLE_TRANSFER : ROLE_EXCLUDED;
	return state->role == ROLE_SERVER || state->role == ROLE_TRANSFER;
}

SEC("cgroup_skb/ingress")
int rf_ingress(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct socket_state *state = 0;
	__u32 network = known_only ? 0 : LOOK(sole_network);
	struct peer peer;
	__u64 entry;

	if (!sk)
		return GO_ON;
	sk = bpf_sk_fullsock(sk);
	if (!sk || !is_udp(sk) || !is_wildcard(sk))
		return GO_ON;
	/* The socket's role matters only if there is something to record. */
	if (!network) {
		state = bpf_sk_storage_get(&rf_sockets, sk, 0, 0);
		if (!state)
			return GO_ON;
		network = state->network;
	}
	if (!read_ends(skb, sk, network, 1, &peer) || learn_same(&peer))
		return GO_ON;
	if (!state)
		state = bpf_sk_storage_get(&rf_sockets, sk, 0, 0);
	if (!state || state->network != network || !is_server(state, sk))
		return GO_ON;
	entry = learn_changed(&peer);
	if (entry)
		note_request(&peer, entry);
	return GO_ON;
}

/* --- Datagrams that leave --- */

/* Records the address from which the kernel sends in own conversations. */
GLOBAL int learn_own(struct peer *peer)
{
	__u64 key, entry, *at, pointer;
	struct bucket *first;

	if (!peer)
		return 0;
	key = peer_key(peer);
	first = bucket_at(peer->host);
	if (!first)
		return 0;
	at = peer_find(first, peer, key, KEY_MASK, &entry);
	if (!at || entry_kind(entry) != ENTRY_OWN || entry_is_at(entry, peer))
		return 0;
	pointer = slot_find(peer);
	if (!pointer)
		return 0;
	if (entry_slot(entry) >= SLOT_FIRST)
		entry_put(peer->host, peer->hash,
			  key | (__u64)ENTRY_BEFORE << KIND_SHIFT |
				  (entry & ((1ull << TICK_SHIFT) - (1ull << SLOT_SHIFT))));
	entry_put(peer->host, peer->hash, key | (__u64)ENTRY_OWN << KIND_SHIFT | pointer);
	return 0;
}

SEC("cgroup_skb/egress")
int rf_egress(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct socket_state *state;
	struct peer peer;

	if (!sk)
		return GO_ON;
	sk = bpf_sk_fullsock(sk);
	if (!sk || !is_udp(sk))
		return GO_ON;
	state = bpf_sk_storage_get(&rf_sockets, sk, 0, 0);
	if (state && state->own && is_wildcard(sk) && read_ends(skb, sk, state->network, 0, &peer))
		learn_own(&peer);
	return GO_ON;
}

ALWAYS_INLINE struct socket_state *state_create(struct bpf_sock_addr *ctx, struct bpf_sock *sk)
{
	struct socket_state *state =
		bpf_sk_storage_get(&rf_sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (state && state->role == ROLE_NONE) {
		state->network = bpf_get_netns_cookie(ctx);
		STORE(state->role, ROLE_FRESH);
		if (state->network != LOOK(sole_network))
			STORE(sole_network, 0);
	}
	return state;
}

/* A socket that was not bound: the kernel chose its port, unless it is older than the engine. */
NOINLINE struct socket_state *state_make(struct bpf_sock_addr *ctx, struct bpf_sock *sk)
{
	__u32 port = sk->src_port;
	struct socket_state *state = state_create(ctx, sk);

	if (state && port && (port < first_port || port > last_port))
		state->role = is_port_wanted(port) ? ROLE_SERVER : ROLE_EXCLUDED;
	return state;
}

/* Finds the peer's entry for any local port, for a reply from another socket. */
ALWAYS_INLINE int find_any_port(struct bucket *first, const struct peer *peer, __u64 *entry)
{
	return peer_find(first, peer, peer_key(peer), ANY_PORT_MASK, entry) &&
	       entry_kind(*entry) == ENTRY_ASKED;
}

/*
 * Finds a request of the host whose port has no reply yet. A datagram to another port of the host
 * is then the reply, since some requests name the port for it (SIP without rport).
 */
ALWAYS_INLINE int find_host(const struct peer *peer, __u64 *entry)
{
	*entry = LOOK(*asked_record(peer->host, peer->local_port));
	return asked_is_open(*entry, asked_name(peer->host, peer->local_port), now_time());
}

ALWAYS_INLINE void note_answer(const struct peer *peer)
{
	__u64 *asks = asked_record(peer->host, peer->local_port), record = LOOK(*asks);

	if (record && !((record ^ asked_name(peer->host, peer->local_port)) & HOST_MASK))
		STORE(*asks, 0);
}

/* Tells the keeper that rf_egress is needed, and for which peer it comes too late. */
NOINLINE void own_seen(struct peer *peer)
{
	struct engine_event *event = bpf_ringbuf_reserve(&rf_events, sizeof(*event), 0);

	if (!event)
		return;
	event->kind = EVENT_OWN;
	event->network = peer->network;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->port = peer->port;
	event->v4 = !!(peer->domain & SLOT_V4);
	event->address[0] = peer->address[0];
	event->address[1] = peer->address[1];
	event->address[2] = peer->address[2];
	event->address[3] = peer->address[3];
	event->key = conversation_key(peer);
	bpf_ringbuf_submit(event, 0);
}

enum { FOUND_NOTHING, FOUND_POINTER, FOUND_SLOT /* without generation */ };

/*
 * Looks for other entries if the peer's own port has none on this socket. If there are none, the
 * program begins a conversation, in which the kernel chooses from now on.
 */
NOINLINE int find_elsewhere(struct peer *peer, struct socket_state *state, __u64 *entry)
{
	struct bucket *first = bucket_at(peer->host);
	__u64 slot = LOOK(sees_egress) ? SLOT_NONE : SLOT_UNSEEN;

	if (!first)
		return 0;
	if (state->role == ROLE_FRESH || state->role == ROLE_TRANSFER) {
		if (find_any_port(first, peer, entry)) {
			state->role = ROLE_TRANSFER;
			return FOUND_POINTER;
		}
		if (state->role == ROLE_FRESH) {
			state->role = ROLE_CLIENT;
			return FOUND_NOTHING;
		}
	}
	if (find_host(peer, entry))
		return FOUND_SLOT;
	state->own = 1;
	entry_put(peer->host, peer->hash,
		  peer_key(peer) | (__u64)ENTRY_OWN << KIND_SHIFT | slot << SLOT_SHIFT);
	count(COUNT_own);
	if (slot == SLOT_UNSEEN)
		own_seen(peer);
	return FOUND_NOTHING;
}

ALWAYS_INLINE int find_source(struct peer *peer, struct socket_state *state, int v4, __u32 *address)
{
	struct bucket *first = bucket_at(peer->host);
	__u64 entry = 0, *at = 0;
	int found = FOUND_POINTER;

	if (!first)
		return 0;
	if (state->role != ROLE_FRESH)
		at = peer_find(first, peer, peer_key(peer), KEY_MASK, &entry);
	if (at) {
		entry_refresh(at, entry);
		if (entry_kind(entry) != ENTRY_ASKED)
			return 0;
		note_answer(peer);
	} else {
		found = find_elsewhere(peer, state, &entry);
		if (!found) {
			count(COUNT_bare);
			return 0;
		}
	}
	if (entry_slot(entry) < SLOT_FIRST ||
	    !slot_read(entry, found == FOUND_POINTER, v4, address))
		return 0;
	count(COUNT_sourced);
	return 1;
}

/* Returns the state of a socket that may need a source; NULL if it needs none. */
ALWAYS_INLINE struct socket_state *state_for_send(struct bpf_sock_addr *ctx, struct bpf_sock *sk)
{
	struct socket_state *state = bpf_sk_storage_get(&rf_sockets, sk, 0, 0);

	if (!state && !known_only)
		state = state_make(ctx, sk);
	if (!state || state->role == ROLE_CLIENT || state->role == ROLE_EXCLUDED)
		return 0;
	return state;
}

SEC("cgroup/sendmsg4")
int rf_sendmsg4(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	struct socket_state *state;
	struct peer peer;
	__u32 address[4], to = ctx->user_ip4;

	if (!sk || ctx->msg_src_ip4 || !is_wildcard(sk) ||
	    (to & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000))
		return GO_ON;
	state = state_for_send(ctx, sk);
	if (!state)
		return GO_ON;
	peer.network = state->network;
	peer.domain = SLOT_V4;
	peer.address[0] = to;
	peer.address[1] = peer.address[2] = peer.address[3] = 0;
	peer.port = ctx->user_port & 0xffff;
	peer.local_port = sk->src_port;
	peer.host = hash_host4(&secret, to, state->network, sk->bound_dev_if);
	peer.hash = hash_peer(&secret, peer.host, peer.port);
	if (find_source(&peer, state, 1, address))
		ctx->msg_src_ip4 = address[0];
	return GO_ON;
}

SEC("cgroup/sendmsg6")
int rf_sendmsg6(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	struct socket_state *state;
	struct peer peer;
	__u32 address[4];

	if (!sk || !is_wildcard(sk) ||
	    (ctx->msg_src_ip6[0] | ctx->msg_src_ip6[1] | ctx->msg_src_ip6[2] | ctx->msg_src_ip6[3]))
		return GO_ON;
	peer.address[0] = ctx->user_ip6[0];
	peer.address[1] = ctx->user_ip6[1];
	peer.address[2] = ctx->user_ip6[2];
	peer.address[3] = ctx->user_ip6[3];
	if ((peer.address[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000))
		return GO_ON;
	state = state_for_send(ctx, sk);
	if (!state)
		return GO_ON;
	peer.network = state->network;
	peer.domain = 0;
	peer.port = ctx->user_port & 0xffff;
	peer.local_port = sk->src_port;
	peer.host = hash_host6(&secret, peer.address, state->network, sk->bound_dev_if);
	peer.hash = hash_peer(&secret, peer.host, peer.port);
	if (find_source(&peer, state, 0, address)) {
		ctx->msg_src_ip6[0] = address[0];
		ctx->msg_src_ip6[1] = address[1];
		ctx->msg_src_ip6[2] = address[2];
		ctx->msg_src_ip6[3] = address[3];
	}
	return GO_ON;
}

/* --- Sockets that get a port or a peer --- */

/* Tells the keeper of a network namespace whose addresses it does not follow. */
ALWAYS_INLINE void network_seen(__u32 network)
{
	struct engine_event *event;

	if (bpf_map_lookup_elem(&rf_networks, &network))
		return;
	event = bpf_ringbuf_reserve(&rf_events, sizeof(*event), 0);
	if (!event)
		return;
	event->kind = EVENT_NETWORK;
	event->network = network;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_ringbuf_submit(event, 0);
}

ALWAYS_INLINE int bound(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	__u32 port = bpf_ntohs(ctx->user_port);
	struct socket_state *state;

	if (!sk || !is_udp(sk))
		return GO_ON;
	state = state_create(ctx, sk);
	if (!state)
		return GO_ON;
	if (state->network != LOOK(sole_network))
		network_seen(state->network);
	if (port)
		state->role = is_port_wanted(port) ? ROLE_SERVER : ROLE_EXCLUDED;
	return GO_ON;
}

SEC("cgroup/bind4")
int rf_bind4(struct bpf_sock_addr *ctx)
{
	return bound(ctx);
}

SEC("cgroup/bind6")
int rf_bind6(struct bpf_sock_addr *ctx)
{
	return bound(ctx);
}

/*
 * Returns 1 if there is a source for the connect. A fresh socket can still be bound to it. A
 * server's socket has its port already, and no BPF program can give it an address: the supervisor
 * does.
 */
NOINLINE int find_for_connect(struct peer *peer, struct bpf_sock *sk, __u64 *entry)
{
	struct socket_state *state = bpf_sk_storage_get(&rf_sockets, sk, 0, 0);
	struct bucket *first = bucket_at(peer->host);

	if (!first)
		return 0;
	if (!sk->src_port)
		return find_any_port(first, peer, entry);
	if (state && (state->role == ROLE_SERVER || state->role == ROLE_TRANSFER) &&
	    peer_find(first, peer, peer_key(peer), KEY_MASK, entry) &&
	    entry_kind(*entry) == ENTRY_ASKED)
		count(COUNT_connects);
	return 0;
}

SEC("cgroup/connect4")
int rf_connect4(struct bpf_sock_addr *ctx)
{
	struct sockaddr_in local = { .sin_family = INET };
	struct bpf_sock *sk = ctx->sk;
	struct peer peer;
	__u64 entry;
	__u32 address[4];

	if (!sk || !is_udp(sk) || !is_wildcard(sk))
		return GO_ON;
	peer.host = hash_host4(&secret, ctx->user_ip4, (__u32)bpf_get_netns_cookie(ctx),
			       sk->bound_dev_if);
	peer.hash = hash_peer(&secret, peer.host, ctx->user_port & 0xffff);
	peer.local_port = sk->src_port;
	if (!find_for_connect(&peer, sk, &entry) || entry_slot(entry) < SLOT_FIRST ||
	    !slot_read(entry, 1, 1, address))
		return GO_ON;
	local.sin_addr.s_addr = address[0];
	if (!bpf_bind(ctx, (struct sockaddr *)&local, sizeof(local)))
		count(COUNT_bound);
	return GO_ON;
}

SEC("cgroup/connect6")
int rf_connect6(struct bpf_sock_addr *ctx)
{
	struct sockaddr_in6 local = { .sin6_family = INET6 };
	struct bpf_sock *sk = ctx->sk;
	struct peer peer;
	__u64 entry;
	__u32 address[4], to[4], network = bpf_get_netns_cookie(ctx);
	int mapped;

	if (!sk || !is_udp(sk) || !is_wildcard(sk))
		return GO_ON;
	to[0] = ctx->user_ip6[0];
	to[1] = ctx->user_ip6[1];
	to[2] = ctx->user_ip6[2];
	to[3] = ctx->user_ip6[3];
	mapped = !to[0] && !to[1] && to[2] == bpf_htonl(0xffff);
	peer.host = mapped ? hash_host4(&secret, to[3], network, sk->bound_dev_if)
			   : hash_host6(&secret, to, network, sk->bound_dev_if);
	peer.hash = hash_peer(&secret, peer.host, ctx->user_port & 0xffff);
	peer.local_port = sk->src_port;
	if (!find_for_connect(&peer, sk, &entry) || entry_slot(entry) < SLOT_FIRST)
		return GO_ON;
	if (mapped) {
		if (!slot_read(entry, 1, 1, address))
			return GO_ON;
		local.sin6_addr.in6_u.u6_addr32[2] = bpf_htonl(0xffff);
		local.sin6_addr.in6_u.u6_addr32[3] = address[0];
	} else {
		if (!slot_read(entry, 1, 0, address))
			return GO_ON;
		/* A link-local address needs its link, which is not in the context. */
		if ((address[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000))
			return GO_ON;
		__builtin_memcpy(&local.sin6_addr, address, 16);
	}
	if (!bpf_bind(ctx, (struct sockaddr *)&local, sizeof(local)))
		count(COUNT_bound);
	return GO_ON;
}
