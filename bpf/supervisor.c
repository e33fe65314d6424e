// SPDX-License-Identifier: MIT
// connect() of servers to recorded peers. No BPF program can give a bound socket its local address,
// so the kernel passes the call to us (seccomp_unotify(2)), and we make the two-step connect.
//
// A process of its own does this, at the usual priority, since programs can connect as often as
// they like. The keeper holds the descriptor too. If one of the two is killed, the other lets all
// calls continue as they were made; without a holder each connect() would fail with ENOSYS.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "engine.h"
#include "calls/two_step.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The calls of other ABIs continue at once. */
#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#endif

/* Shared by both holders: the call that one handles, so that the other can let it continue. */
struct shared {
	struct seccomp_notif question;
};

static struct shared *shared;
static int listener = -1, other_is_alive = -1; /* the pipe ends with the other's life */

int supervisor_filter(void)
{
#ifdef ARCHITECTURE
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	long fd;

	/* Without the privilege it takes no_new_privs, which would end setuid programs. */
	if (!capability_is_effective(CAP_SYS_ADMIN) || !capability_is_effective(CAP_SYS_PTRACE)) {
		errno = EPERM;
		return -1;
	}
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
	if (fd < 0 && errno == EINVAL) /* before Linux 5.19 */
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	return (int)fd;
#else
	errno = ENOSYS;
	return -1;
#endif
}

static void answer(uint64_t id, bool done)
{
	struct seccomp_notif_resp response = { .id = id };

	if (!done)
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static bool is_asked(const struct seccomp_notif *question)
{
	return !ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &question->id);
}

static uint64_t network_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) ? 0 : cookie;
}

/*
 * Tries it with another socket, since what the kernel chose can't be taken back without refusing
 * datagrams meanwhile. A rule for ports, marks or users can make the result wrong; the caller
 * compares afterwards.
 */
static bool is_kernel_choice(const struct two_step *way)
{
	struct sockaddr_in peer = { .sin_family = AF_INET,
				    .sin_port = (in_port_t)way->peer->port,
				    .sin_addr.s_addr = way->peer->host.s6_addr32[3] };
	int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct in6_addr choice;
	bool is;

	if (probe < 0)
		return false;
	is = network_of(probe) == way->salt &&
	     !connect(probe, (struct sockaddr *)&peer, sizeof(peer)) &&
	     two_step_local_address(way->calls, probe, &choice) &&
	     IN6_ARE_ADDR_EQUAL(&choice, &way->local->address);
	close(probe);
	return is;
}

static const struct two_step_calls calls = {
	.bind = bind,
	.connect = connect,
	.getsockname = getsockname,
	.getsockopt = getsockopt,
	.setsockopt = setsockopt,
	.sendmsg = sendmsg,
	.is_kernel_choice = is_kernel_choice,
};

/* A UDP socket that is bound to a port and to no address, and is not connected. */
static bool is_server(int fd)
{
	struct sockaddr_storage name;
	socklen_t length = sizeof(int);
	struct in6_addr local;
	int type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) || type != SOCK_DGRAM)
		return false;
	length = sizeof(name);
	return getpeername(fd, (struct sockaddr *)&name, &length) &&
	       two_step_local_address(&calls, fd, &local) && address_is_any(&local);
}

/*
 * Copies the argument and the descriptor. Returns false if there is nothing to help; whether both
 * are those of the question is certain only after is_asked().
 */
static bool read_question(const struct seccomp_notif *question, struct sockaddr_storage *address,
			  struct peer *peer, struct two_step *way)
{
	size_t length = (uint32_t)question->data.args[2];
	struct iovec ours = { address, length };
	struct iovec theirs = { (void *)(uintptr_t)question->data.args[1], length };

	if (length > sizeof(*address) ||
	    process_vm_readv((pid_t)question->pid, &ours, 1, &theirs, 1, 0) != (ssize_t)length ||
	    !peer_read(peer, address, length))
		return false;
	way->address = (struct sockaddr *)address;
	way->length = (socklen_t)length;
	way->fd = descriptor_of((pid_t)question->pid, (int)question->data.args[0]);
	return way->fd >= 0;
}

static bool connect_for(const struct seccomp_notif *question)
{
	struct sockaddr_storage address;
	struct local local = { .packed = 0 };
	struct peer peer;
	struct two_step way = { .calls = &calls, .fd = -1, .peer = &peer, .local = &local };
	bool done = false;

	if (!read_question(question, &address, &peer, &way))
		return false;
	if (is_server(way.fd) &&
	    peer_source(way.fd, way.address, way.length, &local.address, &local.ifindex) &&
	    is_asked(question)) {
		way.salt = network_of(way.fd);
		done = two_step_connect(&way);
		if (done)
			__atomic_fetch_add(&load_record()->kept, 1, __ATOMIC_RELAXED);
		else
			__atomic_fetch_add(&load_record()->given_up, 1, __ATOMIC_RELAXED);
		say(LOG_DEBUG, "connect by %u: %s", question->pid,
		    done ? "keeps the address" : "goes on as it was made");
	}
	close(way.fd);
	return done;
}

/* Handles the next call. Helps only while there is a keeper that follows the local addresses. */
static void answer_next(bool helps)
{
	struct seccomp_notif *question = &shared->question;

	memset(question, 0, sizeof(*question));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, question))
		return;
	answer(question->id, helps && connect_for(question));
	question->id = 0;
}

static _Noreturn void supervise(void)
{
	struct pollfd wait[] = { { .fd = listener, .events = POLLIN }, { .fd = other_is_alive } };

	for (;;) {
		if (poll(wait, 2, -1) <= 0)
			continue;
		if (wait[1].revents)
			wait[1].fd = -1;
		if (wait[0].revents & POLLIN)
			answer_next(wait[1].fd >= 0);
		else if (wait[0].revents)
			_exit(0); /* no process has the filter any more */
	}
}

void supervisor_start(int fd)
{
	int keeper[2], supervisor[2];
	uint32_t buckets;

	listener = fd;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || pipe2(keeper, O_CLOEXEC) || pipe2(supervisor, O_CLOEXEC) ||
	    !load_table(&buckets) || !load_slots())
		fail("cannot make connect() for the program: %s", strerror(errno));
	switch (fork()) {
	case -1:
		fail("cannot start the supervisor: %s", strerror(errno));
	case 0:
		prctl(PR_SET_NAME, "replyfrom-conn");
		detach();
		locals_close();
		close(keeper[1]);
		close(supervisor[0]);
		other_is_alive = keeper[0];
		/* Looking up a descriptor of another user's process takes CAP_DAC_READ_SEARCH too. */
		capabilities_keep(1ull << CAP_BPF | 1ull << CAP_SYS_PTRACE |
				  1ull << CAP_DAC_READ_SEARCH);
		supervise();
	}
	close(keeper[0]);
	close(supervisor[1]);
	other_is_alive = supervisor[0];
}

int supervisor_descriptor(void)
{
	return other_is_alive >= 0 ? other_is_alive : listener;
}

void supervisor_event(short events)
{
	if (other_is_alive >= 0) {
		close(other_is_alive);
		other_is_alive = -1;
		if (shared->question.id)
			answer(shared->question.id, false);
	} else if (events & POLLIN) {
		answer_next(false);
	} else {
		close(listener);
		listener = -1;
	}
}
