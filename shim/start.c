// SPDX-License-Identifier: MIT
// Start: reads the settings and makes the one shared mapping.

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "bounds.h"
#include "counters.h"
#include "descriptor.h"
#include "hook.h"
#include "libc.h"
#include "report.h"
#include "socket.h"
#include "start.h"

/* For those who want to know whether the library is there: dlsym(RTLD_DEFAULT, ...). */
EXPORT const char replyfrom_version[] = PACKAGE_VERSION;

enum { NOT_YET, STARTING, OFF, ON };

struct library library = { .settings = SETTINGS_DEFAULT };
static int state;

/* What forked processes share. */
struct shared {
	struct peers_state state;
	_Alignas(64) uint32_t sockets_used, turn;
	uint32_t epoch, twins;
	_Alignas(64) struct helped sockets[SOCKETS];
	struct local_place locals[LOCALS];
	struct peer_set sets[];
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
	};
	struct settings_fault fault;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (!table[i].read(&library.settings, secure_getenv(table[i].name), &fault))
			report_line(LOG_ERROR, fault.name, "=", fault.value,
				    " is not allowed, going on with the default; allowed is ",
				    fault.allowed);
		report_level = library.settings.log;
	}
}

/* An old kernel or a sandbox may have no getrandom(2): a hash that can be guessed is still right.
 */
static void make_key(struct hash_key *key)
{
	struct timespec now = { 0 };

	if (getrandom(key, sizeof(*key), GRND_NONBLOCK) == (ssize_t)sizeof(*key))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	for (unsigned int i = 0; i < 4; i++)
		key->word[i] ^=
			((uint64_t)now.tv_nsec + (uintptr_t)key) * UINT64_C(0x9e3779b97f4a7c15) +
			i * UINT64_C(0xc2b2ae3d27d4eb4f);
}

static bool make_memory(void)
{
	struct hash_key key = { { 0 } };
	size_t sets = peers_sets(library.settings.peers);
	size_t size = sizeof(struct shared) + sets * sizeof(struct peer_set);
	struct shared *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (shared == MAP_FAILED) {
		report_line(LOG_ERROR, "no memory for the peers: replies are left alone");
		return false;
	}
	make_key(&key);
	peers_start(&library.peers, library.settings.peers, &key, shared->sets, shared->locals,
		    &shared->state);
	helped_sockets = shared->sockets;
	helped_used = &shared->sockets_used;
	helped_turn = &shared->turn;
	helped_epoch = &shared->epoch;
	helped_twins = &shared->twins;
	return true;
}

/* A child has other descriptors, and the same sockets under its parent's numbers. */
static void after_fork(void)
{
	descriptor_start();
	socket_has_twin();
}

static bool start(void)
{
	int expected = NOT_YET, e = errno;

	if (!__atomic_compare_exchange_n(&state, &expected, STARTING, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		return expected == ON;
	libc_resolve();
	read_settings();
	expected = !library.settings.disabled && make_memory() ? ON : OFF;
	if (expected == ON) {
		descriptor_start();
		pthread_atfork(NULL, NULL, after_fork);
		replyfrom_counters.magic = COUNTERS_MAGIC;
	}
	__atomic_store_n(&state, expected, __ATOMIC_RELEASE);
	errno = e;
	return expected == ON;
}

bool start_ready(void)
{
	int now = __atomic_load_n(&state, __ATOMIC_ACQUIRE);

	return now == NOT_YET ? start() : now == ON;
}

__attribute__((constructor)) static void constructor(void)
{
	start_ready();
}
