// SPDX-License-Identifier: MIT
// Checks what the engine needs.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/seccomp.h>

#include "engine.h"

static bool read_capabilities(struct __user_cap_data_struct *data)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return !syscall(SYS_capget, &header, data);
}

bool capability_is_effective(unsigned int number)
{
	struct __user_cap_data_struct data[2];

	return read_capabilities(data) && data[number / 32].effective >> number % 32 & 1;
}

/* The capabilities for loading and attaching. */
static const struct {
	unsigned int number;
	bool by_admin; /* CAP_SYS_ADMIN does as well: bpf_capable(), perfmon_capable() */
	const char *name, *what;
} capabilities[] = {
	{ CAP_BPF, true, "CAP_BPF", "loads programs and maps" },
	{ CAP_PERFMON, true, "CAP_PERFMON", "lets the programs calculate with pointers" },
	{ CAP_NET_ADMIN, false, "CAP_NET_ADMIN", "attaches to cgroups" },
};

static bool has_capability(size_t i)
{
	return capability_is_effective(capabilities[i].number) ||
	       (capabilities[i].by_admin && capability_is_effective(CAP_SYS_ADMIN));
}

const char *capability_missing(void)
{
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(*capabilities); i++)
		if (!has_capability(i))
			return capabilities[i].name;
	return NULL;
}

void capabilities_keep(uint64_t mask)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (unsigned int number = 0; number < 64; number++)
		if (!(mask >> number & 1) && prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1)
			prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (!read_capabilities(data))
		return;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(mask >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	syscall(SYS_capset, &header, data);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static const struct {
	unsigned int number;
	const char *name, *what;
} wanted[] = {
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH",
	  "sees the sockets of other users' servers, helps their connect()" },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE",
	  "sees the sockets of running servers, helps connect()" },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN",
	  "helps connect(), follows other network namespaces, lists engines" },
	{ CAP_SYS_NICE, "CAP_SYS_NICE", "follows the local addresses at a high priority" },
};

static void print(bool is, bool needed, const char *name, const char *what)
{
	printf("%-8s %s: %s\n", is ? "yes" : needed ? "missing" : "no", name, what);
}

int check(bool runs)
{
	char first[128] = "";
	const char *missing;
	bool is;

	is = cgroup_mount() != NULL;
	print(is, true, "cgroup v2", is ? cgroup_mount() : "mount -t cgroup2 none DIRECTORY");
	if (!is)
		snprintf(first, sizeof(first), "cgroup v2");
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(*capabilities); i++) {
		is = has_capability(i);
		print(is, true, capabilities[i].name, capabilities[i].what);
		if (!is && !*first)
			snprintf(first, sizeof(first), "%s", capabilities[i].name);
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		print(capability_is_effective(wanted[i].number), false, wanted[i].name,
		      wanted[i].what);
	is = cgroup_own_is_writable();
	print(is, runs, "a cgroup that this process may write to",
	      "run makes one below it; CAP_DAC_OVERRIDE lets it write to any");
	if (!is && runs && !*first)
		snprintf(first, sizeof(first), "a cgroup that it may write to");
	/* Without the capabilities every probe fails, which says nothing of the kernel. */
	if (!*first) {
		missing = load_missing(true);
		if (missing)
			snprintf(first, sizeof(first), "%s", missing);
	}
	print(!syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0,
		       &(uint32_t){ SECCOMP_RET_USER_NOTIF }),
	      false, "seccomp user notification", "helps connect()");
	if (!*first) {
		/* The last word is the verifier's: fails with a line if it refuses the programs. */
		fflush(stdout);
		load(&settings, true);
		puts("the BPF engine can work here");
		return 0;
	}
	fflush(stdout);
	fail("the BPF engine cannot work here: %s is missing", first);
}
