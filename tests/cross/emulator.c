// SPDX-License-Identifier: MIT
// emulator INTERFACE ADDRESS: prints, one a line, what the emulator that runs it does not do as
// Linux does, of what the tests of this folder need. The address is a link-local one of that
// interface. The functions are those of QEMU's linux-user/syscall.c that have the fault (7.2).

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

/* do_getsockopt() has no IP_MULTICAST_IF. */
static bool reads_multicast_if(void)
{
	int fd = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	struct in_addr address;
	socklen_t length = sizeof(address);
	int result = getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, &length);

	close(fd);
	return !result;
}

/* host_to_target_sockaddr() swaps 16 of the 32 bits of sin6_scope_id, if the byte orders differ. */
static bool keeps_scope(const char *interface, const char *address)
{
	int fd = check(socket(AF_INET6, SOCK_DGRAM, 0), "socket");
	unsigned int index = if_nametoindex(interface);
	struct sockaddr_in6 name = { .sin6_family = AF_INET6, .sin6_scope_id = index };
	socklen_t length = sizeof(name);

	inet_pton(AF_INET6, address, &name.sin6_addr);
	check(bind(fd, (struct sockaddr *)&name, sizeof(name)), "bind");
	check(getsockname(fd, (struct sockaddr *)&name, &length), "getsockname");
	close(fd);
	return name.sin6_scope_id == index;
}

static void send_empty_header(void)
{
	static _Alignas(struct cmsghdr) unsigned char control[64];
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(9),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct iovec nothing = { NULL, 0 };
	struct msghdr message = { .msg_name = &to,
				  .msg_namelen = sizeof(to),
				  .msg_iov = &nothing,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	const struct rlimit none = { 0, 0 };
	int fd = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");

	setrlimit(RLIMIT_CORE, &none);
	_exit(sendmsg(fd, &message, 0) < 0 && errno == EINVAL ? 0 : 1);
}

/* target_to_host_cmsg() copies cmsg_len less the header's length, which then is negative. */
static bool refuses_empty_header(void)
{
	pid_t child = check(fork(), "fork");
	int status;

	if (!child)
		send_empty_header();
	check(waitpid(child, &status, 0), "waitpid");
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/*
 * 32-bit programs with a 64-bit time_t use a system call and an option that Linux has since 5.1.
 * The emulator's table of system calls ends before it, and do_setsockopt() does not have the
 * option.
 */
static bool has_time64(void)
{
#ifdef SYS_recvmmsg_time64
	enum { TIMESTAMP_NEW = 63 }; /* SO_TIMESTAMP_NEW of <asm-generic/socket.h> */
	int fd = check(socket(AF_INET, SOCK_DGRAM, 0), "socket"), on = 1;
	bool has_option = !setsockopt(fd, SOL_SOCKET, TIMESTAMP_NEW, &on, sizeof(on));

	close(fd);
	return has_option &&
	       (syscall(SYS_recvmmsg_time64, -1, NULL, 0, 0, NULL) >= 0 || errno != ENOSYS);
#else
	return true;
#endif
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	if (!reads_multicast_if())
		puts("IP_MULTICAST_IF");
	if (!keeps_scope(argv[1], argv[2]))
		puts("sin6_scope_id");
	if (!refuses_empty_header())
		puts("cmsg_len");
	if (!has_time64())
		puts("time64");
	return 0;
}
