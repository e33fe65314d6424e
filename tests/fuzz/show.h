/* SPDX-License-Identifier: MIT */
/* How results are written down: all that a program can see, less what no two runs have alike. */
#ifndef SHOW_H
#define SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* What the call returned, and errno, which a call that succeeds leaves alone. */
void show_result(const char *what, long about, long result);

/* A sockaddr of up to that length; ports that the kernel chose differ in every run. */
void show_address(const char *what, const struct sockaddr_storage *address, socklen_t length);

/* The same without the address itself: what connect() chose. */
void show_chosen_address(const struct sockaddr_storage *address, socklen_t length);

/*
 * A socket has, or had, another number or another process. What that makes of it shows by control
 * data that nobody asked for; the library hides it, but the program's buffer was written by then.
 * So from now on what lies behind the control data is not compared. tests/transparency/matrix/matrix does
 * that for sockets of one number.
 */
void show_shared(void);

/*
 * The whole control buffer of `room` bytes, with timestamps blanked, and where connect() chose the
 * local address that one too, or where the datagram came late (model.h); changes the buffer.
 */
void show_control(int fd, void *control, size_t used, size_t room, bool late);

#endif
