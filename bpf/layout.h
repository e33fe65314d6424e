/* SPDX-License-Identifier: MIT */
/*
 * Shared by the BPF programs and the engine: the maps' layout and the keyed hashes.
 *
 * The peer table is an array of 64-byte buckets of eight entries. An entry is one 64-bit word, so
 * every CPU reads and writes it whole:
 *
 *	bits  0-39	key: 24 bits of the peer's hash, and the local port mixed with 16 more
 *	bits 40-41	kind
 *	bits 42-53	slot: where the local address is
 *	bits 54-58	generation of that slot
 *	bits 59-63	tick when it was made
 */
#ifndef BPF_LAYOUT_H
#define BPF_LAYOUT_H

#include <linux/types.h>

enum {
	BUCKET_SLOTS = 8,
	SLOT_BITS = 12,
	SLOTS = 1 << SLOT_BITS,
	LOCAL_SLOTS = 8,
	/* The first local slots hold no address. */
	SLOT_NONE = 0,	    /* an own conversation before its first datagram left */
	SLOT_AMBIGUOUS = 1, /* one link-local peer on several links: no source is set */
	SLOT_UNSEEN = 2,    /* an own conversation that began before rf_egress was attached */
	SLOT_FIRST = LOCAL_SLOTS,
	TICK_BITS = 5,
	TICKS = 1 << TICK_BITS,
	GENERATION_BITS = 5,
	PORT_WORDS = 65536 / 64,
	NETWORKS_MAX = 64, /* network namespaces that one keeper follows */
	VRFS_MAX = 256,
	LOCALS_MAX = 65536,
	HOSTS_ASKED = 4096,
	/* The longest SIP transaction (timer B, 32 s) in units of 2^31 ns. */
	ASKED_UNITS = 15,
	TARGET_LENGTH = 512,
};

#define KIND_SHIFT    40
#define SLOT_SHIFT    42
#define GEN_SHIFT     54
#define TICK_SHIFT    59
#define TIME_SHIFT    54
#define TIME_MASK     1023u
#define HOST_MASK     ((1ull << SLOT_SHIFT) - 1)
#define AUXILIARY     (1ull << KIND_SHIFT)
#define KEY_MASK      ((1ull << (KIND_SHIFT + 1)) - 1)
#define ANY_PORT_MASK (AUXILIARY | 0xffffffull)

/* An entry's kind. The low bit keeps the auxiliary ones apart from the entries of peers. */
enum {
	ENTRY_ASKED = 0,  /* the peer sent its request to this address */
	ENTRY_BEFORE = 1, /* the local address that an own conversation had before */
	ENTRY_OWN = 2,	  /* a conversation that the program began, and its local address */
};

struct bucket {
	__u64 entry[BUCKET_SLOTS];
};

/*
 * A local address to which a peer sent. The high half of each word is the generation, so that a
 * reader sees without barriers whether words belong together.
 */
struct local_slot {
	__u64 part[4];	/* the address; IPv4: part[0] alone */
	__u64 network;	/* the network namespace */
	__u64 domain;	/* the VRF's or link's interface, and SLOT_V4 */
	__u64 verified; /* the epoch at which it was found to be local or, with NOT_LOCAL, not */
	__u32 state;	/* twice the generation; odd: being written */
	__u32 used;	/* the entries that were made when it was last chosen */
};

#define SLOT_V4	  0x80000000u
#define NOT_LOCAL 0x80000000u

/* A local address or prefix; longest match. */
struct local_key {
	__u32 length; /* of the whole key, in bits */
	__u32 network;
	__u32 domain;
	__u32 address[4]; /* IPv4: mapped */
};

enum { LOCAL_KEY_BITS = 192 };

/* The value of a local address. The lowest bit: it can be a source; the rest: the last dump. */
#define LOCAL_SOURCE 1u

struct vrf_key {
	__u32 network, ifindex;
};

/* The role of a socket, kept in sk_storage. */
enum role {
	ROLE_NONE,     /* not known yet */
	ROLE_FRESH,    /* no port of the program's choice; it has neither sent nor received */
	ROLE_SERVER,   /* bound to a port of the program's choice */
	ROLE_TRANSFER, /* on a port of the kernel's choice, but it received first or replied */
	ROLE_CLIENT,   /* on a port of the kernel's choice, and it sent first */
	ROLE_EXCLUDED, /* its port is not in --ports */
};

struct socket_state {
	__u32 role;
	__u32 network;
	__u32 own; /* it began conversations of its own */
	__u32 reserved;
};

/* One row each: the name of the counter and what it counts. */
#define ENGINE_COUNTERS(COUNTER)                                                \
	COUNTER(learnt, "peers recorded, new or at another address")            \
	COUNTER(sourced, "replies with a source set")                           \
	COUNTER(bare, "sends left to the kernel: no entry for the peer")        \
	COUNTER(own, "conversations that the program began")                    \
	COUNTER(gone, "sends left to the kernel: the address is not local now") \
	COUNTER(forgotten, "entries evicted")                                   \
	COUNTER(connects, "connects of servers to recorded peers")              \
	COUNTER(bound, "connects of fresh sockets with a source set")

#define ENGINE_COUNTER_NAME(name, text) COUNT_##name,
enum engine_counter { ENGINE_COUNTERS(ENGINE_COUNTER_NAME) COUNT_COUNT };

struct engine_counters {
	__u64 value[COUNT_COUNT];
};

/* The keeper of an engine; `status` and `detach` find the map by its name. */
struct keeper_record {
	__u32 pid;
	__u32 mode; /* 'r': run, 'a': attach */
	__u64 cgroup, started;
	__u32 counters_id, peers, networks, pid_namespace;
	__u64 kept, given_up; /* connects by the supervisor */
	char target[TARGET_LENGTH];
};

/* Events from the BPF programs to the keeper. */
enum event_kind {
	EVENT_NETWORK, /* a socket is bound in a network namespace that the keeper does not follow
			  yet */
	EVENT_OWN,     /* an own conversation began, and rf_egress is not attached */
};

struct engine_event {
	__u32 kind, network, pid;
	__u32 port, v4, address[4]; /* the peer */
	__u64 key;		    /* of the conversation in rf_choices */
};

/* The local address that the kernel chooses for a conversation. */
struct choice {
	__u32 address[4]; /* IPv4: address[0] */
};

struct secrets {
	__u64 half[12]; /* for the sums; as wide as what they are added to may be */
	__u64 odd[4];	/* multipliers */
};

#define HASH_INLINE static inline __attribute__((always_inline))

HASH_INLINE __u64 hash_finish(const volatile struct secrets *secret, __u64 h)
{
	h ^= h >> 32;
	h *= secret->odd[0];
	h ^= h >> 29;
	h *= secret->odd[1];
	return h ^ h >> 32;
}

/* Sums of products of 32-bit halves (NH of UMAC, RFC 4418): without the secret no peer can aim at a
 * bucket. */
HASH_INLINE __u64 hash_pair(const volatile struct secrets *secret, int i, __u32 a, __u32 b)
{
	return (__u64)(__u32)(a + (__u32)secret->half[i]) * (__u32)(b + (__u32)secret->half[i + 1]);
}

HASH_INLINE __u64 hash_host4(const volatile struct secrets *secret, __u32 address, __u32 network,
			     __u32 link)
{
	return hash_finish(secret,
			   hash_pair(secret, 0, address, network) + hash_pair(secret, 2, link, 4));
}

HASH_INLINE __u64 hash_host6(const volatile struct secrets *secret, const __u32 *address,
			     __u32 network, __u32 link)
{
	return hash_finish(secret, hash_pair(secret, 4, address[0], address[1]) +
					   hash_pair(secret, 6, address[2], address[3]) +
					   hash_pair(secret, 8, network, link));
}

/* One port of a host. */
HASH_INLINE __u64 hash_peer(const volatile struct secrets *secret, __u64 host, __u32 port)
{
	__u64 h = (host + port) * secret->odd[2];

	h ^= h >> 32;
	h *= secret->odd[3];
	return h ^ h >> 29;
}

HASH_INLINE __u64 entry_key(__u64 peer, __u32 local_port)
{
	return (peer & 0xffffffffull) ^ ((__u64)local_port << 24 & 0xffff000000ull) ^
	       (peer >> 8 & 0xff00000000ull);
}

/* The buckets where entries of this hash may be: multiply instead of a remainder. */
HASH_INLINE __u32 bucket_of(__u64 hash, __u32 buckets)
{
	return (__u32)((hash >> 32) * buckets >> 32);
}

HASH_INLINE __u32 entry_slot(__u64 entry)
{
	return entry >> SLOT_SHIFT & (SLOTS - 1);
}

HASH_INLINE __u32 entry_generation(__u64 entry)
{
	return entry >> GEN_SHIFT & ((1 << GENERATION_BITS) - 1);
}

/*
 * A record of a host that asked and was not answered yet at the port from which it asked: 42 bits
 * of the host's hash and our port, a slot, and 10 bits of the time in units of 2^31 ns.
 */
HASH_INLINE __u64 asked_name(__u64 host, __u32 local_port)
{
	return (host ^ (__u64)local_port << 20) & HOST_MASK;
}

HASH_INLINE __u32 asked_index(__u64 host, __u32 local_port)
{
	return ((host >> 52) ^ local_port) & (HOSTS_ASKED - 1);
}

/* Did that host ask not long ago? */
HASH_INLINE int asked_is_open(__u64 record, __u64 key, __u32 now)
{
	return record && !((record ^ key) & HOST_MASK) &&
	       ((now - (__u32)(record >> TIME_SHIFT)) & TIME_MASK) <= ASKED_UNITS;
}

HASH_INLINE __u32 entry_kind(__u64 entry)
{
	return entry >> KIND_SHIFT & 3;
}

#endif
