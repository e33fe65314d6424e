/* SPDX-License-Identifier: MIT */
/* The second engine: what its modules offer each other. Start with main.c and keeper.c. */
#ifndef BPF_ENGINE_H
#define BPF_ENGINE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "layout.h"
#include "base/settings.h"

enum {
	EXIT_FAILED = 125,
	EXIT_NOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
	PATH_LENGTH = 512,
	FOREIGN_MAX = 8
};

/* main.c: lines on stderr. fail() ends the process with EXIT_FAILED, in any of its processes. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
extern struct settings settings;

/* cgroup.c */
struct cgroup {
	char path[PATH_LENGTH]; /* in the file system */
	int fd, events;
	uint64_t id;
};

/* Makes a child of the caller's own cgroup. Fails with a line. */
void cgroup_make(struct cgroup *cgroup);
/* Finds the cgroup of a unit, of a process, or at a path. Fails with a line. */
void cgroup_find(struct cgroup *cgroup, const char *target);
/* Finds it by its id, as a socket has it. */
bool cgroup_by_id(struct cgroup *cgroup, uint64_t id);
bool cgroup_contains(const struct cgroup *cgroup, const struct cgroup *other);
/* Moves this process there. Returns false with errno. */
bool cgroup_enter(const struct cgroup *cgroup);
bool cgroup_is_populated(const struct cgroup *cgroup);
/* Calls for each process there and in its descendants, as long as that returns true. */
void cgroup_each_process(const struct cgroup *cgroup, bool (*call)(pid_t pid));
/* Returns true if cgroup_make() can make one. */
/* Writes the path of the cgroup of a process, PATH_LENGTH. Returns false if it has none of v2. */
bool cgroup_path_of_process(const char *process, char *path);
bool cgroup_own_is_writable(void);
/* Returns the mount point of the cgroup v2 hierarchy, or NULL. */
const char *cgroup_mount(void);

/* load.c: the programs and maps in the kernel. */
struct maps {
	int peers, slots, locals, vrfs, networks, sockets, counters, events, choices, keeper;
};

extern struct maps maps;
/* Loads everything; fails with a line that names what is missing. */
void load(const struct settings *settings, bool connects);
/* The first attaches the BPF programs that record, the second those that set sources: only after
 * the open sockets are known. */
void attach_learning(const struct cgroup *cgroup);
void attach_sending(const struct cgroup *cgroup);
/* Attaches to the cgroup in which a socket was made, to help known sockets only. */
bool attach_foreign(uint64_t id);
/* Attaches rf_egress, which sees the kernel's choice. It costs time, so only when it is needed. */
void attach_egress(const struct cgroup *cgroup);
/* The peer table, read-only. */
const struct bucket *load_table(uint32_t *buckets);
const struct local_slot *load_slots(void);
const volatile __u64 *load_asked(void);
/* The record of this engine for `status`. */
struct keeper_record *load_record(void);
const struct secrets *load_secrets(void);
uint32_t load_peers(void);
/* Closes this process's links. The last process that does so detaches the BPF programs. */
void detach(void);
/* The epoch of the local addresses. */
void epoch_move(void);
void epoch_stop(void);
bool epoch_is_stopped(void);
void vrfs_set(uint32_t number);
/* The only network namespace; 0: there are several. */
void sole_network_set(uint32_t network);
/* Returns the first feature that this kernel lacks, or NULL; with `print`, prints all. */
const char *load_missing(bool print);

/* locals.c: the addresses of network namespaces, by rtnetlink. */
/* Follows the namespace of a process (0: our own). Returns false if that can't be done. */
bool locals_follow(pid_t pid);
/* Finds the address that the kernel chooses in that namespace for that peer. */
bool locals_choice(uint32_t network, const struct sockaddr *peer, socklen_t length,
		   struct in6_addr *choice);
/* Stops following namespaces in which the cgroup has no processes now. */
void locals_forget_unused(const struct cgroup *cgroup);
/* Writes the descriptors for poll(), and returns their number. */
size_t locals_descriptors(int *fds, size_t most);
/* Handles the events on that descriptor. */
void locals_read(int fd);
/* Repeats a dump that failed. Returns false if it fails again. */
bool locals_retry(void);
bool locals_are_due(void);
uint32_t locals_networks(void);
/* Closes all sockets, for a process that only calls locals_have(). */
void locals_close(void);
bool locals_follows(uint32_t network);
/* Returns true if it is an address of that namespace now. */
bool locals_have(uint32_t network, uint32_t domain, const struct in6_addr *address);

/* Returns a netlink socket in that namespace, or -1. */
int locals_socket(uint32_t network, int family, int type, int protocol);
/* sockets.c: marks the sockets that were open before the engine. Returns how many are servers. */
unsigned int sockets_list(const struct cgroup *cgroup);
/* Keeps copies of the sockets that this process got when it started; closes all other descriptors
 * except `keep`. */
void sockets_take_inherited(const int *keep, size_t number);
/* Marks them for the BPF programs, and closes the copies. */
void sockets_note_inherited(const struct cgroup *cgroup);
/* Returns a copy of a process's descriptor, or -1. */
int descriptor_of(pid_t thread, int number);

/* peers.c: finds the recorded local address for the peer of that socket. */
bool peer_source(int fd, const struct sockaddr *peer, socklen_t length, struct in6_addr *local,
		 uint32_t *ifindex);

/* supervisor.c: connect() of servers, by seccomp notification. */
/* Installs the filter in this process. Returns the descriptor that handles connect(), or -1. */
int supervisor_filter(void);
/* Starts the process that handles connect(); this one holds the descriptor too. */
void supervisor_start(int listener);
/* Returns a descriptor for poll(): the other holder's pipe or, after its end, the filter; or -1. */
int supervisor_descriptor(void);
void supervisor_event(short events);

/* keeper.c */
enum { MODE_RUN = 'r', MODE_ATTACH = 'a' };

/* Runs the keeper of `run`: loads, reports on `channel`, and stays until the cgroup is empty. */
_Noreturn void keep_run(struct cgroup *cgroup, int channel);
_Noreturn void keep_attach(struct cgroup *cgroup, const char *target);

/* status.c */
/* Returns the inode of this process's PID namespace. */
uint32_t own_pid_namespace(void);
int status(bool json, char *const *processes);
int detach_target(const char *target);
void counters_print(int fd);

/* check.c */
/* Prints what the engine needs, with `runs` for run too; fails if something is missing. */
int check(bool runs);
/* Drops all capabilities but these (a mask). */
void capabilities_keep(uint64_t mask);
bool capability_is_effective(unsigned int number);
/* The first capability that loading and attaching takes and this process lacks; NULL: none. */
const char *capability_missing(void);

#endif
