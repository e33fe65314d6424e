// SPDX-License-Identifier: MIT
// Loads BPF programs and maps into the kernel, attaches them, and names what a kernel lacks.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>

#include "engine.h"

/* After the layout, whose types it names. */
#include <replyfrom.skel.h>

/* 16 bytes a peer: with half of the slots free no entry is evicted. */
enum { ENTRIES_OF_PEER = 2 };

struct maps maps;

/* The BPF programs, and those for other cgroups in which our sockets were made, if any. */
static struct replyfrom_bpf *skeleton, *skeleton_for_known;
static struct secrets secrets;
static uint32_t number_of_buckets;
static struct bpf_link *links[8 + 3 * FOREIGN_MAX];
static size_t number_of_links;

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (settings.log < LOG_DEBUG || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, arguments);
}

static bool is_locked_down(void)
{
	char text[128] = "";
	int fd = open("/sys/kernel/security/lockdown", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		*text = '\0';
	close(fd);
	return strstr(text, "[confidentiality]");
}

/* The features that the BPF programs need. Each row: a test, and a name for people. */
static const struct {
	enum { MAP, PROGRAM, HELPER } what;
	int number;
	enum bpf_prog_type program;
	const char *name;
} needs[] = {
	{ MAP, BPF_MAP_TYPE_ARRAY, 0, "BPF itself (CONFIG_BPF_SYSCALL)" },
	{ MAP, BPF_MAP_TYPE_LPM_TRIE, 0, "maps of type lpm_trie" },
	{ MAP, BPF_MAP_TYPE_SK_STORAGE, 0, "maps of type sk_storage" },
	{ MAP, BPF_MAP_TYPE_RINGBUF, 0, "maps of type ringbuf" },
	{ PROGRAM, BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_CGROUP_SKB,
	  "programs of type cgroup_skb (CONFIG_CGROUP_BPF)" },
	{ PROGRAM, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
	  "programs of type cgroup_sock_addr: sendmsg4, sendmsg6, bind4, bind6" },
	{ HELPER, BPF_FUNC_sk_storage_get, BPF_PROG_TYPE_CGROUP_SKB,
	  "bpf_sk_storage_get in cgroup_skb" },
	{ HELPER, BPF_FUNC_ktime_get_coarse_ns, BPF_PROG_TYPE_CGROUP_SKB,
	  "bpf_ktime_get_coarse_ns" },
	{ HELPER, BPF_FUNC_sk_storage_get, BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
	  "bpf_sk_storage_get in cgroup_sock_addr" },
	{ HELPER, BPF_FUNC_get_netns_cookie, BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
	  "bpf_get_netns_cookie in cgroup_sock_addr" },
};

static bool has(size_t i)
{
	switch (needs[i].what) {
	case MAP:
		return libbpf_probe_bpf_map_type((enum bpf_map_type)needs[i].number, NULL) == 1;
	case PROGRAM:
		return libbpf_probe_bpf_prog_type(needs[i].program, NULL) == 1;
	default:
		/* If libbpf cannot tell, loading the BPF programs does. */
		return libbpf_probe_bpf_helper(needs[i].program, (enum bpf_func_id)needs[i].number,
					       NULL) != 0;
	}
}

const char *load_missing(bool print)
{
	const char *first = NULL;

	libbpf_set_print(NULL);
	for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++) {
		bool is = has(i);

		if (print)
			printf("%-8s %s\n", is ? "yes" : "missing", needs[i].name);
		if (!is && !first)
			first = needs[i].name;
	}
	return first;
}

static _Noreturn void fail_load(int error)
{
	const char *missing;

	if (error == EPERM && is_locked_down())
		fail("the kernel is locked down (confidentiality), which forbids BPF; boot with "
		     "lockdown=integrity");
	if (error == ENOMEM)
		fail("no memory for %u peers; take fewer (--peers)", settings.peers);
	missing = load_missing(false);
	if (missing)
		fail("this kernel has no %s; Linux 5.15 or later has it", missing);
	fail("the kernel does not load the BPF programs: %s; REPLYFROM_LOG=debug shows why",
	     strerror(error));
}

static void make_secrets(void)
{
	if (getrandom(&secrets, sizeof(secrets), 0) != sizeof(secrets))
		fail("getrandom: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(secrets.odd) / sizeof(*secrets.odd); i++)
		secrets.odd[i] |= 1;
}

/* The ports that the kernel gives to sockets that are not bound. */
static void read_port_range(unsigned int *first, unsigned int *last)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

	if (file) {
		if (fscanf(file, "%u %u", first, last) != 2) {
			*first = 32768;
			*last = 60999;
		}
		fclose(file);
	}
}

static void set_constants(struct replyfrom_bpf *made, const struct settings *wanted)
{
	unsigned int first = 32768, last = 60999, ticks = 0;
	uint64_t entries = (uint64_t)wanted->peers * ENTRIES_OF_PEER;

	/* An age of half of what a tick can count is as many entries as the table has. */
	while (entries >> ticks > TICKS / 2)
		ticks++;
	read_port_range(&first, &last);
	memcpy((void *)(uintptr_t)&made->rodata->secret, &secrets, sizeof(secrets));
	made->rodata->buckets = number_of_buckets;
	made->rodata->tick_shift = ticks;
	made->rodata->first_port = first;
	made->rodata->last_port = last;
	made->rodata->some_ports = wanted->some_ports;
	for (unsigned int port = 0; port < 65536; port++)
		if (wanted->ports[port / 8] >> port % 8 & 1)
			made->rodata->ports[port / 64] |= UINT64_C(1) << port % 64;
}

void load(const struct settings *wanted, bool connects)
{
	const char *missing = capability_missing();
	int error;

	if (missing)
		fail("the BPF engine needs the capability %s; start it as root", missing);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(print_libbpf);
	skeleton = replyfrom_bpf__open();
	if (!skeleton)
		fail_load(errno);
	number_of_buckets = wanted->peers * ENTRIES_OF_PEER / BUCKET_SLOTS;
	make_secrets();
	set_constants(skeleton, wanted);
	bpf_map__set_max_entries(skeleton->maps.rf_peers, number_of_buckets);
	bpf_program__set_autoload(skeleton->progs.rf_connect4, connects);
	bpf_program__set_autoload(skeleton->progs.rf_connect6, connects);
	error = replyfrom_bpf__load(skeleton);
	if (error)
		fail_load(-error);
	maps = (struct maps){
		.peers = bpf_map__fd(skeleton->maps.rf_peers),
		.slots = bpf_map__fd(skeleton->maps.rf_slots),
		.locals = bpf_map__fd(skeleton->maps.rf_locals),
		.vrfs = bpf_map__fd(skeleton->maps.rf_vrfs),
		.networks = bpf_map__fd(skeleton->maps.rf_networks),
		.sockets = bpf_map__fd(skeleton->maps.rf_sockets),
		.counters = bpf_map__fd(skeleton->maps.rf_counters),
		.events = bpf_map__fd(skeleton->maps.rf_events),
		.choices = bpf_map__fd(skeleton->maps.rf_choices),
		.keeper = bpf_map__fd(skeleton->maps.rf_keeper),
	};
}

/* Writes the path of an ancestor whose program allows no others, or "". */
static void find_exclusive(const struct cgroup *cgroup, enum bpf_attach_type type, char *path)
{
	char *slash;
	uint32_t flags, ids[64], number;
	int fd;

	snprintf(path, PATH_LENGTH, "%s", cgroup->path);
	while (*path && strlen(path) >= strlen(cgroup_mount())) {
		number = 64;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && !bpf_prog_query(fd, type, 0, &flags, ids, &number) && number &&
		    !(flags & BPF_F_ALLOW_MULTI)) {
			close(fd);
			return;
		}
		if (fd >= 0)
			close(fd);
		slash = strrchr(path, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	*path = '\0';
}

/* Returns false with errno. */
static bool try_attach(struct bpf_program *program, const struct cgroup *cgroup)
{
	struct bpf_link *link = bpf_program__attach_cgroup(program, cgroup->fd);

	if (link)
		links[number_of_links++] = link;
	return link;
}

static void attach_one(struct bpf_program *program, const struct cgroup *cgroup)
{
	char path[PATH_LENGTH];
	int error;

	if (!bpf_program__autoload(program) || try_attach(program, cgroup))
		return;
	error = errno;
	find_exclusive(cgroup, bpf_program__expected_attach_type(program), path);
	if (*path)
		fail("the cgroup %s has a BPF program that allows no others below it; attach that "
		     "with BPF_F_ALLOW_MULTI, or start in another cgroup",
		     path);
	fail("cannot attach %s to %s: %s", bpf_program__section_name(program), cgroup->path,
	     strerror(error));
}

void attach_learning(const struct cgroup *cgroup)
{
	attach_one(skeleton->progs.rf_bind4, cgroup);
	attach_one(skeleton->progs.rf_bind6, cgroup);
	attach_one(skeleton->progs.rf_ingress, cgroup);
}

void attach_sending(const struct cgroup *cgroup)
{
	attach_one(skeleton->progs.rf_connect4, cgroup);
	attach_one(skeleton->progs.rf_connect6, cgroup);
	attach_one(skeleton->progs.rf_sendmsg4, cgroup);
	attach_one(skeleton->progs.rf_sendmsg6, cgroup);
}

static struct cgroup foreign[FOREIGN_MAX];
static size_t number_of_foreign;

static void load_for_known(void)
{
	struct bpf_map *map, *shared;

	skeleton_for_known = replyfrom_bpf__open();
	if (!skeleton_for_known)
		fail_load(errno);
	set_constants(skeleton_for_known, &settings);
	skeleton_for_known->rodata->known_only = 1;
	bpf_object__for_each_map(map, skeleton_for_known->obj)
	{
		shared = bpf_object__find_map_by_name(skeleton->obj, bpf_map__name(map));
		if (shared && !strstr(bpf_map__name(map), "rodata") &&
		    bpf_map__reuse_fd(map, bpf_map__fd(shared)))
			fail_load(errno);
	}
	bpf_program__set_autoload(skeleton_for_known->progs.rf_bind4, false);
	bpf_program__set_autoload(skeleton_for_known->progs.rf_bind6, false);
	bpf_program__set_autoload(skeleton_for_known->progs.rf_connect4, false);
	bpf_program__set_autoload(skeleton_for_known->progs.rf_connect6, false);
	if (replyfrom_bpf__load(skeleton_for_known))
		fail_load(errno);
}

bool attach_foreign(uint64_t id)
{
	struct cgroup *cgroup = &foreign[number_of_foreign];

	for (size_t i = 0; i < number_of_foreign; i++)
		if (foreign[i].id == id)
			return true;
	if (number_of_foreign == FOREIGN_MAX || !cgroup_by_id(cgroup, id))
		return false;
	if (!skeleton_for_known)
		load_for_known();
	number_of_foreign++;
	attach_one(skeleton_for_known->progs.rf_ingress, cgroup);
	attach_one(skeleton_for_known->progs.rf_sendmsg4, cgroup);
	attach_one(skeleton_for_known->progs.rf_sendmsg6, cgroup);
	return true;
}

void attach_egress(const struct cgroup *cgroup)
{
	bool done = try_attach(skeleton->progs.rf_egress, cgroup);

	for (size_t i = 0; done && i < number_of_foreign; i++)
		done = try_attach(skeleton_for_known->progs.rf_egress, &foreign[i]);
	if (!done)
		say(LOG_ERROR,
		    "cannot attach rf_egress to %s: %s; own conversations keep their first address",
		    cgroup->path, strerror(errno));
	/* Even if it is not attached: otherwise each conversation would wake the keeper. */
	__atomic_store_n(&skeleton->bss->sees_egress, 1, __ATOMIC_SEQ_CST);
}

void detach(void)
{
	while (number_of_links)
		bpf_link__destroy(links[--number_of_links]);
}

static const void *map_read_only(int fd, size_t length)
{
	void *memory = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

const struct bucket *load_table(uint32_t *buckets)
{
	static const struct bucket *table;

	if (!table)
		table = map_read_only(maps.peers, number_of_buckets * sizeof(struct bucket));
	*buckets = number_of_buckets;
	return table;
}

const struct local_slot *load_slots(void)
{
	static const struct local_slot *slots;

	if (!slots)
		slots = map_read_only(maps.slots, SLOTS * sizeof(struct local_slot));
	return slots;
}

struct keeper_record *load_record(void)
{
	static struct keeper_record *record;
	void *memory;

	if (!record) {
		memory = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED,
			      maps.keeper, 0);
		if (memory == MAP_FAILED)
			fail("cannot map the keeper's record: %s", strerror(errno));
		record = memory;
	}
	return record;
}

const volatile __u64 *load_asked(void)
{
	return skeleton->bss->asked;
}

const struct secrets *load_secrets(void)
{
	return &secrets;
}

uint32_t load_peers(void)
{
	return number_of_buckets * BUCKET_SLOTS / ENTRIES_OF_PEER;
}

/* Numbers of 31 bits, never 0. */
static uint32_t moves;

void epoch_move(void)
{
	moves = (moves + 1) & (NOT_LOCAL - 1);
	if (!moves)
		moves = 1;
	__atomic_store_n(&skeleton->bss->epoch, moves, __ATOMIC_SEQ_CST);
}

void epoch_stop(void)
{
	__atomic_store_n(&skeleton->bss->epoch, 0, __ATOMIC_SEQ_CST);
}

bool epoch_is_stopped(void)
{
	return !__atomic_load_n(&skeleton->bss->epoch, __ATOMIC_SEQ_CST);
}

void vrfs_set(uint32_t number)
{
	__atomic_store_n(&skeleton->bss->vrfs, number, __ATOMIC_SEQ_CST);
}

void sole_network_set(uint32_t network)
{
	__atomic_store_n(&skeleton->bss->sole_network, network, __ATOMIC_SEQ_CST);
}
