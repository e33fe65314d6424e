/* SPDX-License-Identifier: MIT */
/* What servers do to themselves before they serve: give up rights, the file system, the terminal,
 * system calls. */
#include "../filter.h"
#include "../map_by_number.h"
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A confinement that did not take place proves nothing: must_fail() says so and ends the program.
 */
static void must_fail(int result, const char *what)
{
	if (result >= 0) {
		fprintf(stderr, "%s was not refused\n", what);
		exit(1);
	}
}

enum { NOBODY = 65534 };

static void become_nobody(void)
{
	check(setgroups(0, NULL), "setgroups");
	check(setgid(NOBODY), "setgid");
	check(setuid(NOBODY), "setuid");
	must_fail(setuid(0), "setuid(0)");
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
	for (unsigned long each = 0; prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; each++)
		check(prctl(PR_CAPBSET_DROP, each, 0, 0, 0), "PR_CAPBSET_DROP");
	check((int)syscall(SYS_capset, &header, none), "capset");
	must_fail(chroot("/"), "chroot");
}

/* Into a folder that is empty, and removed. */
static void leave_files(void)
{
	char folder[] = "/tmp/confined.XXXXXX";
	int fd;

	check(mkdtemp(folder) ? 0 : -1, "mkdtemp");
	fd = check(open(folder, O_RDONLY | O_DIRECTORY), "open");
	check(rmdir(folder), "rmdir");
	check(fchdir(fd), "fchdir");
	check(chroot("."), "chroot");
	close(fd);
	must_fail(access("/proc", F_OK), "/proc");
	must_fail(access("/etc", F_OK), "/etc");
}

static void become_daemon(void)
{
	check(daemon(0, 0), "daemon");
}

static void leave_parent(void)
{
	if (check(fork(), "fork"))
		_exit(0);
}

/* The same by hand, and nothing takes the place of descriptors 0 to 2. */
static void become_bare_daemon(void)
{
	leave_parent();
	check(setsid(), "setsid");
	leave_parent();
	umask(0);
	check(chdir("/"), "chdir");
	for (int fd = 0; fd <= 2; fd++)
		close(fd);
}

/* What is opened next becomes descriptor 2. */
static void close_errors(void)
{
	close(STDERR_FILENO);
}

/* Descriptor 2 becomes a TCP connection to the port after the service's at the client. */
static void connect_errors(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((in_port_t)(service_port() + 1)) };
	int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");

	inet_pton(AF_INET, "192.0.2.100", &to.sin_addr);
	check(connect(fd, (struct sockaddr *)&to, sizeof(to)), "connect");
	check(dup2(fd, STDERR_FILENO), "dup2");
	close(fd);
}

static void set_limit(int what, rlim_t most)
{
	struct rlimit limit = { most, most };

	check(setrlimit((__rlimit_resource_t)what, &limit), "setrlimit");
}

/* No file, no descriptor, no process and no memory more than there are. */
static void limit_resources(void)
{
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_FSIZE, 0);
	set_limit(RLIMIT_MEMLOCK, 0);
	set_limit(RLIMIT_NOFILE, 0);
	set_limit(RLIMIT_NPROC, 0);
	set_limit(RLIMIT_SIGPENDING, 0);
	set_limit(RLIMIT_STACK, 64 << 10);
	set_limit(RLIMIT_DATA, 0);
	set_limit(RLIMIT_AS, 0);
	must_fail(dup(0), "dup");
}

/* A filter that kills for any call but these. */
static void allow_only(const unsigned int *calls, size_t count)
{
	check(filter_calls(calls, count, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS), "seccomp");
}

#define DATAGRAM_CALLS                                                                  \
	SYS_recvfrom, SYS_sendto, SYS_recvmsg, SYS_sendmsg, SYS_recvmmsg, SYS_sendmmsg, \
		SYS_exit_group

static void allow_datagrams(void)
{
	static const unsigned int calls[] = { DATAGRAM_CALLS };

	allow_only(calls, sizeof(calls) / sizeof(*calls));
}

/* And what docs/design.md says that recvmmsg() and sendmmsg() need. */
static void allow_vectors(void)
{
	static const unsigned int calls[] = { DATAGRAM_CALLS, CALL_MMAP };

	allow_only(calls, sizeof(calls) / sizeof(*calls));
}

/* And what it says that connect() needs. */
static void allow_connect(void)
{
	static const unsigned int calls[] = { DATAGRAM_CALLS, SYS_connect,     SYS_getsockopt,
					      SYS_setsockopt, SYS_getsockname, SYS_socket,
					      SYS_close };

	allow_only(calls, sizeof(calls) / sizeof(*calls));
}

void confine(const char *how)
{
	static const struct {
		const char *name;
		void (*confine)(void);
	} table[] = {
		{ "user", become_nobody },
		{ "capabilities", drop_capabilities },
		{ "chroot", leave_files },
		{ "daemon", become_daemon },
		{ "bare-daemon", become_bare_daemon },
		{ "close-2", close_errors },
		{ "tcp-2", connect_errors },
		{ "limits", limit_resources },
		{ "seccomp", allow_datagrams },
		{ "seccomp-vectors", allow_vectors },
		{ "seccomp-connect", allow_connect },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!strcmp(table[i].name, how)) {
			table[i].confine();
			return;
		}
	}
	fprintf(stderr, "server: no such confinement: %s\n", how);
	exit(2);
}
