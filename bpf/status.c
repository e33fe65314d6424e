// SPDX-License-Identifier: MIT
// Lists the engines. Each has a map of the same name, so no file has to be written, and nothing is
// left of an engine that was killed.

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>

#include "engine.h"

enum { CPUS_MAX = 4096 };

#define TEXT_ROW(name, text) text,
static const char *const texts[] = { ENGINE_COUNTERS(TEXT_ROW) };
#define NAME_ROW(name, text) #name,
static const char *const names[] = { ENGINE_COUNTERS(NAME_ROW) };

/*
 * Returns true if the map has that type and values of that size. Where unprivileged BPF is allowed,
 * anybody can make a map of any name, and a lookup writes as much as the map says.
 */
static bool is_map_of(int fd, uint32_t type, uint32_t size, struct bpf_map_info *info)
{
	uint32_t length = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return !bpf_obj_get_info_by_fd(fd, info, &length) && info->type == type &&
	       info->key_size == sizeof(uint32_t) && info->value_size == size;
}

static bool read_counters(int fd, struct engine_counters *sum)
{
	static struct engine_counters each[CPUS_MAX];
	int cpus = libbpf_num_possible_cpus();
	struct bpf_map_info info;
	uint32_t zero = 0;

	*sum = (struct engine_counters){ { 0 } };
	if (!is_map_of(fd, BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(*each), &info) || cpus <= 0 ||
	    cpus > CPUS_MAX || bpf_map_lookup_elem(fd, &zero, each))
		return false;
	for (int cpu = 0; cpu < cpus; cpu++)
		for (int i = 0; i < COUNT_COUNT; i++)
			sum->value[i] += each[cpu].value[i];
	return true;
}

void counters_print(int fd)
{
	struct engine_counters sum;
	const struct keeper_record *record = load_record();

	if (!read_counters(maps.counters, &sum))
		return;
	dprintf(fd, "replyfrom:");
	for (int i = 0; i < COUNT_COUNT; i++)
		dprintf(fd, " %s %llu", names[i], (unsigned long long)sum.value[i]);
	dprintf(fd, " kept %llu given-up %llu\n", (unsigned long long)record->kept,
		(unsigned long long)record->given_up);
}

/* Returns true if a process of this process namespace has the map: it wrote the record. */
static bool has_map(uint32_t pid, uint32_t id)
{
	char path[64], line[256];
	struct dirent *entry;
	uint32_t number;
	bool has = false;
	DIR *folder;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/fdinfo", pid);
	folder = opendir(path);
	while (folder && !has && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/proc/%u/fdinfo/%.16s", pid, entry->d_name);
		file = *entry->d_name == '.' ? NULL : fopen(path, "re");
		while (file && fgets(line, sizeof(line), file))
			has = has || (sscanf(line, "map_id: %u", &number) == 1 && number == id);
		if (file)
			fclose(file);
	}
	if (folder)
		closedir(folder);
	return has;
}

static bool is_record(const struct keeper_record *record, uint32_t id)
{
	return record->pid &&
	       (record->pid_namespace != own_pid_namespace() || has_map(record->pid, id));
}

/* Finds the next engine after that map, and its record. Returns false if there is none. */
static bool next_engine(uint32_t *id, struct keeper_record *record)
{
	struct bpf_map_info info;
	uint32_t zero = 0;
	bool found;
	int fd;

	while (!bpf_map_get_next_id(*id, id)) {
		fd = bpf_map_get_fd_by_id(*id);
		if (fd < 0)
			continue;
		found = is_map_of(fd, BPF_MAP_TYPE_ARRAY, sizeof(*record), &info) &&
			!strcmp(info.name, "rf_keeper") &&
			!bpf_map_lookup_elem(fd, &zero, record) && is_record(record, *id);
		close(fd);
		if (found) {
			record->target[sizeof(record->target) - 1] = '\0';
			return true;
		}
	}
	return false;
}

static void need_rights(void)
{
	if (!capability_is_effective(CAP_SYS_ADMIN))
		fail("listing engines needs the capability CAP_SYS_ADMIN; start this as root");
}

/* Whoever may make a cgroup chooses its name: only printable ASCII is shown of it. */
static void print_target(const char *target, bool json)
{
	for (; *target; target++) {
		if (json && (*target == '"' || *target == '\\'))
			putchar('\\');
		putchar(*target < ' ' || *target > '~' ? '?' : *target);
	}
}

static void print_record(const struct keeper_record *record, const struct engine_counters *sum,
			 bool json, bool first)
{
	const char *mode = record->mode == MODE_ATTACH ? "attach" : "run";

	if (!json) {
		print_target(record->target, false);
		printf(": %s, keeper %u, room for %u peers, %u network namespace%s\n", mode,
		       record->pid, record->peers, record->networks,
		       record->networks == 1 ? "" : "s");
		for (int i = 0; i < COUNT_COUNT; i++)
			printf("  %12llu %s\n", (unsigned long long)sum->value[i], texts[i]);
		printf("  %12llu connects that keep the recorded address\n",
		       (unsigned long long)record->kept);
		printf("  %12llu connects that could not keep it\n",
		       (unsigned long long)record->given_up);
		return;
	}
	printf("%s\n  {\"cgroup\": \"", first ? "" : ",");
	print_target(record->target, true);
	printf("\", \"mode\": \"%s\", \"keeper\": %u, \"started\": %llu, \"peers\": %u, "
	       "\"namespaces\": %u, \"counters\": {",
	       mode, record->pid, (unsigned long long)record->started, record->peers,
	       record->networks);
	for (int i = 0; i < COUNT_COUNT; i++)
		printf("\"%s\": %llu, ", names[i], (unsigned long long)sum->value[i]);
	printf("\"kept\": %llu, \"given_up\": %llu}}", (unsigned long long)record->kept,
	       (unsigned long long)record->given_up);
}

/* Returns true if the cgroup of one of the processes is that of the engine, or below it. */
static bool covers(const struct keeper_record *record, char *const *processes)
{
	size_t length = strlen(record->target);
	char path[PATH_LENGTH];

	for (; *processes; processes++)
		if (cgroup_path_of_process(*processes, path) &&
		    !strncmp(path, record->target, length) &&
		    (!path[length] || path[length] == '/'))
			return true;
	return false;
}

int status(bool json, char *const *processes)
{
	struct keeper_record record;
	struct engine_counters sum;
	uint32_t id = 0, engines = 0;
	int fd;

	need_rights();
	if (json)
		printf("{\"engines\": [");
	while (next_engine(&id, &record)) {
		if (*processes && !covers(&record, processes))
			continue;
		fd = bpf_map_get_fd_by_id(record.counters_id);
		if (fd < 0 || !read_counters(fd, &sum))
			sum = (struct engine_counters){ { 0 } };
		if (fd >= 0)
			close(fd);
		print_record(&record, &sum, json, !engines++);
	}
	if (json)
		puts(engines ? "\n]}" : "]}");
	else if (!engines)
		puts("no BPF engine is at work");
	return 0;
}

/* Detaches the BPF programs of that cgroup. Returns how many. */
static unsigned int detach_links(uint64_t cgroup)
{
	struct bpf_link_info link;
	struct bpf_prog_info program;
	unsigned int number = 0;
	uint32_t id = 0, length;
	int fd, other;

	while (!bpf_link_get_next_id(id, &id)) {
		fd = bpf_link_get_fd_by_id(id);
		if (fd < 0)
			continue;
		length = sizeof(link);
		memset(&link, 0, sizeof(link));
		if (!bpf_obj_get_info_by_fd(fd, &link, &length) &&
		    link.type == BPF_LINK_TYPE_CGROUP && link.cgroup.cgroup_id == cgroup) {
			other = bpf_prog_get_fd_by_id(link.prog_id);
			length = sizeof(program);
			memset(&program, 0, sizeof(program));
			if (other >= 0 && !bpf_obj_get_info_by_fd(other, &program, &length) &&
			    !strncmp(program.name, "rf_", 3) && !bpf_link_detach(fd))
				number++;
			if (other >= 0)
				close(other);
		}
		close(fd);
	}
	return number;
}

uint32_t own_pid_namespace(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) ? 0 : (uint32_t)status.st_ino;
}

int detach_target(const char *target)
{
	struct keeper_record record;
	struct cgroup cgroup;
	unsigned int number;
	uint32_t id = 0, elsewhere = 0;
	int process;

	need_rights();
	cgroup_find(&cgroup, target);
	number = detach_links(cgroup.id);
	if (!number)
		fail("no BPF engine is attached to %s; replyfrom --status --all lists the engines",
		     cgroup.path);
	/* One that attached ends. The keeper of a run stays for connect(). */
	while (next_engine(&id, &record)) {
		if (record.cgroup != cgroup.id || record.mode != MODE_ATTACH)
			continue;
		if (record.pid_namespace != own_pid_namespace()) {
			elsewhere = record.pid;
			continue;
		}
		/* Once more: another process may have got the number before it was opened. */
		process = (int)syscall(SYS_pidfd_open, record.pid, 0);
		if (process >= 0) {
			if (has_map(record.pid, id))
				syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0);
			close(process);
		}
	}
	if (elsewhere)
		fail("the engine is off; end its keeper, process %u of another process namespace, "
		     "there",
		     elsewhere);
	return 0;
}
