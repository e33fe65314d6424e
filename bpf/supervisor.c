// SPDX-License-Identifier: MIT
// connect() of servers to peers that asked: no BPF program can give a bound socket its local
// address, so the kernel asks us (seccomp_unotify(2)) and we make the two-step connect.
//
// A process of its own answers, at the usual priority: programs can ask as often as they like. The
// keeper holds the descriptor too. If one of the two is killed, the other lets all calls go on as
// they were made; without a holder each connect() would fail with ENOSYS.

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
#include "twostep.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The calls of other ABIs go on unasked. */
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

/* What both holders see: the question that one is at, so that the other can answer it. */
struct shared {
	struct seccomp_notif question;
};

static struct shared *shared;
static int listener = -1, other_is_alive = -1; /* the pipe ends with the other's life */

static const struct twostep_calls calls = {
	.connect = connect,
	.bind = bind,
	.getsockname = getsockname,
	.getsockopt = getsockopt,
	.setsockopt = setsockopt,
	.socket = socket,
	.close = close,
};

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

static bool is_elsewhere(int fd)
{
	static uint64_t own;
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);
	int probe;

	if (!own) {
		probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		getsockopt(probe, SOL_SOCKET, SO_NETNS_COOKIE, &own, &length);
		close(probe);
	}
	length = sizeof(cookie);
	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) || cookie != own;
}

/* A UDP socket that is bound to a port and to no address, and is not connected. */
static bool is_server(int fd)
{
	struct sockaddr_storage name;
	socklen_t length = sizeof(int);
	const struct in6_addr any4 = { .s6_addr = { [10] = 0xff, [11] = 0xff } };
	int type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) || type != SOCK_DGRAM)
		return false;
	length = sizeof(name);
	return getpeername(fd, (struct sockaddr *)&name, &length) &&
	       (twostep_has_address(&calls, fd, &in6addr_any) ||
		twostep_has_address(&calls, fd, &any4));
}

static bool connect_for(const struct seccomp_notif *question)
{
	struct sockaddr_storage peer = { 0 };
	size_t length = (size_t)question->data.args[2];
	struct iovec ours = { &peer, length };
	struct iovec theirs = { (void *)(uintptr_t)question->data.args[1], length };
	struct twostep way = { .peer = (struct sockaddr *)&peer, .length = (socklen_t)length };
	bool done = false;

	if (length < sizeof(struct sockaddr_in) || length > sizeof(peer) ||
	    process_vm_readv((pid_t)question->pid, &ours, 1, &theirs, 1, 0) != (ssize_t)length ||
	    (peer.ss_family != AF_INET && peer.ss_family != AF_INET6) ||
	    (peer.ss_family == AF_INET6 && length < sizeof(struct sockaddr_in6) - 4))
		return false;
	way.fd = descriptor_of((pid_t)question->pid, (int)question->data.args[0]);
	if (way.fd < 0)
		return false;
	if (is_server(way.fd) &&
	    peer_source(way.fd, way.peer, way.length, &way.local, &way.ifindex) &&
	    is_asked(question)) {
		way.elsewhere = is_elsewhere(way.fd);
		done = twostep_connect(&calls, &way);
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

/* Takes the next question. Helps only as long as there is a keeper to tell what is local. */
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
			_exit(0); /* nobody can ask any more */
	}
}

void supervisor_start(int fd)
{
	int keeper[2], supervisor[2];
	uint32_t sets;

	listener = fd;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || pipe2(keeper, O_CLOEXEC) || pipe2(supervisor, O_CLOEXEC) ||
	    !load_table(&sets) || !load_slots())
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
		capabilities_keep(1ull << CAP_BPF | 1ull << CAP_SYS_PTRACE);
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
