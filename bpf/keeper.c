// SPDX-License-Identifier: MIT
// The keeper, the process that stays beside the helped programs. It holds the links and follows the
// local addresses. Nothing is pinned, so when it ends all help ends. After its start it allocates
// nothing.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>

#include "channel.h"
#include "engine.h"

enum { RETRY = 100 /* milliseconds */ };

static struct cgroup *kept;

static void make_record(char mode)
{
	struct keeper_record *record = load_record();
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!bpf_obj_get_info_by_fd(maps.counters, &info, &length))
		record->counters_id = info.id;
	record->mode = (uint32_t)mode;
	record->cgroup = kept->id;
	record->started = (uint64_t)now.tv_sec;
	record->peers = load_peers();
	record->networks = locals_networks();
	record->pid_namespace = own_pid_namespace();
	snprintf(record->target, sizeof(record->target), "%s", kept->path);
	/* Written last: without it readers ignore the record. */
	__atomic_store_n(&record->pid, (uint32_t)getpid(), __ATOMIC_RELEASE);
}

/* Programs may make network namespaces, and bind sockets there, as often as they like. */
static bool networks_are_due;

static uint64_t now_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Follows the network namespaces of the cgroup as they are now, at most once in RETRY. */
static void follow_networks(void)
{
	static uint64_t last;
	uint64_t now = now_of(CLOCK_MONOTONIC);

	if (!networks_are_due || (last && now - last < RETRY))
		return;
	last = now;
	networks_are_due = false;
	locals_forget_unused(kept);
	if (locals_networks() == NETWORKS_MAX)
		say(LOG_INFO,
		    "%d network namespaces are followed; nothing is attached in any others",
		    NETWORKS_MAX);
}

/*
 * A server sent first. From now on rf_egress sees which address the kernel chooses. For this peer
 * the keeper finds the address out, if possible before the peer replies.
 */
static void on_own(const struct engine_event *event)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = (in_port_t)event->port };
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = (in_port_t)event->port,
				    .sin_addr.s_addr = event->address[0] };
	static bool attached;
	struct choice choice = { { 0 } };
	struct in6_addr address;

	memcpy(&six.sin6_addr, event->address, sizeof(six.sin6_addr));
	if (locals_choice(event->network,
			  event->v4 ? (struct sockaddr *)&four : (struct sockaddr *)&six,
			  event->v4 ? sizeof(four) : sizeof(six), &address)) {
		if (event->v4)
			choice.address[0] = address.s6_addr32[3];
		else
			memcpy(choice.address, &address, sizeof(choice.address));
		bpf_map_update_elem(maps.choices, &event->key, &choice, BPF_ANY);
	}
	if (!attached)
		attach_egress(kept);
	attached = true;
}

static int on_event(void *context, void *data, size_t length)
{
	const struct engine_event *event = data;

	(void)context;
	if (length >= sizeof(*event) && event->kind == EVENT_OWN)
		on_own(event);
	else if (length >= sizeof(*event))
		networks_are_due = true;
	return 0;
}

enum { WINDOW = 1000, SHARE = 200 /* milliseconds */ };

static bool is_slow;
static uint64_t window_began, time_used;

static bool set_priority(int policy, int priority)
{
	const struct sched_param parameter = { .sched_priority = priority };

	return !sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &parameter);
}

/*
 * Between the removal of an address and its event replies may be wrong: use a high priority. The
 * limit is for limit_priority(), when the capability is gone.
 */
static void hurry(void)
{
	const struct rlimit one = { 1, 1 };

	window_began = now_of(CLOCK_MONOTONIC);
	time_used = now_of(CLOCK_PROCESS_CPUTIME_ID);
	setrlimit(RLIMIT_RTPRIO, &one);
	if (!set_priority(SCHED_RR, 1) && setpriority(PRIO_PROCESS, 0, -20))
		say(LOG_DEBUG, "no higher priority: %s", strerror(errno));
}

/*
 * Helped programs decide how much there is to do: changes of their network namespaces, sockets in
 * new ones. A keeper that takes more than SHARE of a WINDOW has the usual priority in the next.
 */
static void limit_priority(void)
{
	uint64_t now = now_of(CLOCK_MONOTONIC), total = now_of(CLOCK_PROCESS_CPUTIME_ID);
	bool is_over = now - window_began >= WINDOW, is_busy = total - time_used > SHARE;

	if (!is_over && (is_slow || !is_busy))
		return;
	if (is_slow != is_busy)
		set_priority(is_busy ? SCHED_OTHER : SCHED_RR, is_busy ? 0 : 1);
	is_slow = is_busy;
	window_began = now;
	time_used = total;
}

/* Waits for the next events and handles them. Returns false when the work is done. */
static bool turn(int signals, struct ring_buffer *events, bool ends_by_signal)
{
	int fds[NETWORKS_MAX];
	size_t networks = locals_descriptors(fds, NETWORKS_MAX);
	struct pollfd wait[4 + NETWORKS_MAX] = {
		{ .fd = kept->events, .events = POLLPRI },
		{ .fd = signals, .events = POLLIN },
		{ .fd = ring_buffer__epoll_fd(events), .events = POLLIN },
		{ .fd = supervisor_descriptor(), .events = POLLIN },
	};
	struct signalfd_siginfo signal;
	static bool fresh = true;

	for (size_t i = 0; i < networks; i++)
		wait[4 + i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	if (poll(wait, 4 + networks, fresh && !networks_are_due && !is_slow ? -1 : RETRY) < 0)
		return errno == EINTR;
	limit_priority();
	for (size_t i = 0; i < networks; i++)
		if (wait[4 + i].revents)
			locals_read(fds[i]);
	fresh = !locals_are_due() || locals_retry();
	if (wait[3].revents)
		supervisor_event(wait[3].revents);
	if (wait[2].revents)
		ring_buffer__consume(events);
	follow_networks();
	if (wait[1].revents && read(signals, &signal, sizeof(signal)) == sizeof(signal)) {
		if (ends_by_signal && signal.ssi_signo != SIGCHLD)
			return false;
		/* `detach` has removed the links; connect() still needs this process. */
	}
	if (wait[0].revents & POLLNVAL)
		kept->events = -1;
	return cgroup_is_populated(kept);
}

static int block_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_SETMASK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		fail("signalfd: %s", strerror(errno));
	return fd;
}

static struct ring_buffer *open_events(void)
{
	struct ring_buffer *events = ring_buffer__new(maps.events, on_event, NULL, NULL);

	if (!events)
		fail("cannot read the events of the BPF programs: %s", strerror(errno));
	return events;
}

/*
 * The remaining work needs the maps (CAP_BPF, before Linux 5.19), attaching rf_egress
 * (CAP_NET_ADMIN; before 6.9 CAP_SYS_ADMIN does not suffice), other processes' sockets and
 * namespaces (CAP_SYS_PTRACE), and going into those (CAP_SYS_ADMIN).
 */
static void drop_capabilities(void)
{
	uint64_t mask = 1ull << CAP_BPF | 1ull << CAP_NET_ADMIN | 1ull << CAP_SYS_PTRACE |
			1ull << CAP_SYS_ADMIN;
	char parent[PATH_LENGTH + 4];
	struct stat status;

	/* Removing the cgroup from a folder that even its owner may not write to: the root. */
	snprintf(parent, sizeof(parent), "%s/..", kept->path);
	if (load_record()->mode == MODE_RUN &&
	    (stat(parent, &status) || status.st_uid != geteuid() || !(status.st_mode & S_IWUSR)))
		mask |= 1ull << CAP_DAC_OVERRIDE;
	capabilities_keep(mask);
}

static void stay(int signals, struct ring_buffer *events, bool ends_by_signal)
{
	hurry();
	drop_capabilities();
	while (turn(signals, events, ends_by_signal))
		;
	detach();
	if (settings.statistics)
		counters_print(STDERR_FILENO);
}

/* If the program has none, other descriptors must not become this process's standard streams. */
static void fill_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* Closes the standard streams: a reader may wait for the end of a pipe. */
static void let_go_of_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (settings.log < LOG_INFO && !settings.statistics)
		dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

_Noreturn void keep_run(struct cgroup *cgroup, int channel)
{
	const int ours[] = { channel, cgroup->fd, cgroup->events };
	struct ring_buffer *events;
	int signals, listener;

	kept = cgroup;
	setsid();
	if (chdir("/"))
		say(LOG_DEBUG, "chdir: %s", strerror(errno));
	prctl(PR_SET_NAME, "replyfrom-bpf");
	sockets_take_inherited(ours, sizeof(ours) / sizeof(*ours));
	fill_streams();
	signals = block_signals();
	channel_for_failures(channel);
	load(&settings, true);
	if (!locals_follow(0))
		fail("cannot follow the local addresses: %s", strerror(errno));
	events = open_events();
	attach_learning(cgroup);
	sockets_note_inherited(cgroup);
	attach_sending(cgroup);
	make_record(MODE_RUN);
	channel_say(channel, "", -1);
	channel_for_failures(-1);
	/* The program's process reports when it is in the cgroup, and sends the filter's
	 * descriptor. */
	listener = channel_hear(channel);
	let_go_of_streams();
	if (listener >= 0)
		supervisor_start(listener);
	say(LOG_INFO, "the BPF engine helps the sockets of %s", cgroup->path);
	channel_say(channel, "", -1);
	close(channel);
	stay(signals, events, false);
	rmdir(cgroup->path);
	_exit(0);
}

/* sd_notify(3), without its library. */
static void notify_ready(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path ? strlen(path) : 0;
	int fd;

	if (!length || length >= sizeof(name.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(name.sun_path, path, length);
	if (*path == '@')
		*name.sun_path = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		if (sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&name,
			   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
			say(LOG_INFO, "cannot report readiness to %s: %s", path, strerror(errno));
		close(fd);
	}
}

_Noreturn void keep_attach(struct cgroup *cgroup, const char *target)
{
	struct ring_buffer *events;
	unsigned int servers;
	int signals;

	kept = cgroup;
	fill_streams();
	if (!cgroup_is_populated(cgroup))
		fail("%s (%s) has no process; start its programs first", target, cgroup->path);
	signals = block_signals();
	load(&settings, true);
	if (!locals_follow(0))
		fail("cannot follow the local addresses: %s", strerror(errno));
	events = open_events();
	attach_learning(cgroup);
	servers = sockets_list(cgroup);
	attach_sending(cgroup);
	make_record(MODE_ATTACH);
	say(LOG_INFO, "the BPF engine helps the sockets of %s, %u of them open already",
	    cgroup->path, servers);
	notify_ready();
	stay(signals, events, true);
	exit(0);
}
