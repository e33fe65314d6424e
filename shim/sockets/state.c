// SPDX-License-Identifier: MIT
// Start: reads the settings and makes the one shared mapping.

#include <errno.h>
#include <linux/random.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/counters.h"
#include "base/limits.h"
#include "base/log.h"
#include "libc/libc.h"
#include "peers/last_recv.h"
#include "sockets/classify.h"
#include "sockets/descriptor_table.h"
#include "sockets/state.h"

/* A program can see by dlsym(RTLD_DEFAULT, ...) whether the library is there. */
EXPORT const char replyfrom_version[] = PACKAGE_VERSION;

enum { NOT_YET, STARTING, OFF, ON };

struct library library = { .settings = SETTINGS_DEFAULT };
static int state;

/*
 * The memory that forked processes share: after this the buckets, and after those the local
 * addresses.
 */
struct shared {
	struct peers_state state;
	struct peer_bucket buckets[];
};

static void read_settings(void)
{
	static const struct {
		const char *name;
		bool (*read)(struct settings *, const char *, struct settings_fault *);
	} table[] = {
		{ "REPLYFROM_LOG", settings_log },
		{ "REPLYFROM_DISABLE", settings_disable },
		{ "REPLYFROM_STATS", settings_statistics },
		{ "REPLYFROM_PEERS", settings_peers },
		{ "REPLYFROM_PORTS", settings_ports },
		{ "REPLYFROM_SOURCE", settings_source },
		{ "REPLYFROM_FOLLOW_TCP", settings_follow_tcp },
	};
	struct settings_fault fault;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (!table[i].read(&library.settings, secure_getenv(table[i].name), &fault))
			log_line(LOG_ERROR, fault.name, "=", fault.value,
				 " is not allowed, so the default is used; allowed: ",
				 fault.allowed);
		log_level = library.settings.log;
	}
}

/*
 * An old kernel or a sandbox may have no getrandom(2); then there are the 16 random bytes that the
 * kernel gives every program. glibc has a function for it since 2.25 only.
 */
static void make_secret(struct hash_secret *secret)
{
	const void *random = (const void *)getauxval(AT_RANDOM);
	uint64_t words[2] = { 0 };

#ifdef SYS_getrandom
	if (kernel_call(SYS_getrandom, secret, sizeof(*secret), GRND_NONBLOCK) ==
	    (long)sizeof(*secret))
		return;
#endif
	if (random)
		memcpy(words, random, sizeof(words));
	for (unsigned int i = 0; i < 4; i++)
		secret->word[i] ^=
			(words[i % 2] + (uintptr_t)secret) * UINT64_C(0x9e3779b97f4a7c15) +
			i * UINT64_C(0xc2b2ae3d27d4eb4f);
}

static bool map_peer_table(void)
{
	struct hash_secret secret = { { 0 } };
	size_t buckets = peers_bucket_count(library.settings.peers);
	size_t slots = (size_t)1 << peers_locals_bits(library.settings.peers);
	size_t size = sizeof(struct shared) + buckets * sizeof(struct peer_bucket) +
		      slots * sizeof(struct local_slot);
	struct shared *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (shared == MAP_FAILED) {
		log_line(LOG_ERROR, "no memory for the peer table: the library does nothing");
		return false;
	}
	make_secret(&secret);
	peers_start(&library.peers, library.settings.peers, &secret, shared->buckets,
		    (struct local_slot *)(void *)(shared->buckets + buckets), &shared->state);
	return true;
}

static void after_fork(void)
{
	descriptor_forked();
	last_recv_forked();
}

/*
 * Names that only some libcs have are weak, so that programs of the other libc start all the same:
 * LD_PRELOAD goes on to them from their parents, and musl's loader takes a library made for glibc.
 */
extern const char *gnu_get_libc_version(void) __attribute__((weak));
extern int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
	__attribute__((weak));
extern int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
			     void *object) __attribute__((weak));

/* Returns false in programs of another libc, whose struct msghdr is not the one known here. */
static bool is_own_libc(void)
{
#ifdef __GLIBC__
	return gnu_get_libc_version != NULL;
#else
	return gnu_get_libc_version == NULL;
#endif
}

/* pthread_atfork() is in a static part of glibc, which would need the newest version of it. */
static void call_after_fork(void (*child)(void))
{
	if (__register_atfork)
		__register_atfork(NULL, NULL, child, NULL);
	else if (pthread_atfork)
		pthread_atfork(NULL, NULL, child);
}

static bool start_library(void)
{
	int expected = NOT_YET, e = errno;

	if (!__atomic_compare_exchange_n(&state, &expected, STARTING, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		return expected == ON;
	libc_resolve();
	read_settings();
	/* Later, lines are written at these settings only. */
	if (log_is_on(LOG_INFO) || library.settings.statistics)
		log_start();
	if (!is_own_libc())
		log_line(LOG_INFO, "built for another libc: the library does nothing");
	expected = is_own_libc() && !library.settings.disabled && map_peer_table() ? ON : OFF;
	if (expected == ON) {
		descriptor_start();
		call_after_fork(after_fork);
		counters_start(library.settings.statistics);
	}
	__atomic_store_n(&state, expected, __ATOMIC_RELEASE);
	errno = e;
	return expected == ON;
}

bool library_ready(void)
{
	int now = __atomic_load_n(&state, __ATOMIC_ACQUIRE);

	return now == NOT_YET ? start_library() : now == ON;
}

__attribute__((constructor)) static void start_at_load(void)
{
	library_ready();
}
