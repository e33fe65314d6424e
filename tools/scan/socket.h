/* SPDX-License-Identifier: MIT */
/* A socket's state, from the kernel. */
#ifndef SCAN_SOCKET_H
#define SCAN_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Datagrams that reached a socket. The kernel does not count them, but a UDP socket keeps the
 * memory that it was granted for its first one (udp_rmem_release() in net/ipv4/udp.c).
 */
struct traffic {
	uint32_t waiting; /* bytes in its queue */
	uint32_t kept;	  /* bytes granted and not in use; sending grants none */
	uint32_t dropped; /* datagrams */
};

/* State that only a caller who may examine a process with the socket can read. */
struct socket_view {
	bool seen;
	bool marked; /* replyfrom switched PKTINFO on, and marked the socket */
	bool told;   /* PKTINFO is on without such a mark */
	struct traffic traffic;
};

/* Looks at descriptor `fd` of a thread, if it is the socket with that inode. */
void socket_look(pid_t thread, int fd, unsigned long inode, struct socket_view *view);

/* Ports that the kernel chooses for sockets which name none (ip_local_port_range). */
bool port_is_ephemeral(unsigned int port);

#endif
