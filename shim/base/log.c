// SPDX-License-Identifier: MIT
// Writes log lines without stdio, on little stack.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/identity.h"
#include "base/log.h"
#include "libc/libc.h"

enum log_level log_level = LOG_ERROR;

/* The file that was standard error at the start. */
static struct identity stderr_identity;
static enum { UNKNOWN, NOWHERE, KNOWN } stderr_target;

/* Returns true for a connected UNIX socket; a datagram socket carries messages to a program. */
static bool is_unix_connection(void)
{
	int domain, type;
	socklen_t size = sizeof(domain), length = sizeof(type);

	return !libc.getsockopt(STDERR_FILENO, SOL_SOCKET, SO_DOMAIN, &domain, &size) &&
	       !libc.getsockopt(STDERR_FILENO, SOL_SOCKET, SO_TYPE, &type, &length) &&
	       domain == AF_UNIX && type != SOCK_DGRAM;
}

static bool is_same_file(const struct identity *one, const struct identity *other)
{
	return one->device == other->device && one->inode == other->inode;
}

/* Returns true for a file that a parent gives its child as standard error. */
static bool is_for_people(const struct identity *identity)
{
	enum { MEMORY_DEVICES = 1 }; /* /dev/null and its like */
	struct identity input;
	int flags;

	switch (identity->mode & S_IFMT) {
	case S_IFIFO:
		return true;
	case S_IFCHR:
		return identity->device_major == MEMORY_DEVICES || isatty(STDERR_FILENO);
	case S_IFREG:
		flags = libc.fcntl(STDERR_FILENO, F_GETFL);
		return flags >= 0 && ((flags & O_ACCMODE) == O_WRONLY || flags & O_APPEND);
	case S_IFSOCK:
		/* If it is standard input too, it is a client's connection (inetd, socat). */
		return is_unix_connection() &&
		       !(identity_read(STDIN_FILENO, &input) && is_same_file(identity, &input));
	}
	return false;
}

void log_start(void)
{
	int e = errno;

	if (stderr_target == UNKNOWN)
		stderr_target = identity_read(STDERR_FILENO, &stderr_identity) &&
						is_for_people(&stderr_identity)
					? KNOWN
					: NOWHERE;
	errno = e;
}

/* Not inlined: its stack frame is gone while the line is composed and written. */
static __attribute__((noinline)) bool is_to_be_written(enum log_level level)
{
	struct identity now;

	if (log_level < level)
		return false;
	log_start();
	return stderr_target == KNOWN && identity_read(STDERR_FILENO, &now) &&
	       is_same_file(&now, &stderr_identity);
}

/* A set of signals as the kernel has it; a sigset_t is sixteen times as large. */
enum { WORD = 8 * sizeof(unsigned long) };
struct signals {
	unsigned long words[_NSIG / WORD];
};

static void add_signal(struct signals *signals, int signal)
{
	signals->words[(signal - 1) / WORD] |= 1UL << (signal - 1) % WORD;
}

static bool has_signal(const struct signals *signals, int signal)
{
	return signals->words[(signal - 1) / WORD] >> (signal - 1) % WORD & 1;
}

/* Takes a pending signal of this thread, and does not wait. */
static void take_signal(int signal)
{
	struct signals one = { { 0 } };
	const int64_t at_once[2] = { 0 }; /* zero as either struct timespec */

	add_signal(&one, signal);
#ifdef SYS_rt_sigtimedwait
	kernel_call(SYS_rt_sigtimedwait, &one, NULL, at_once, sizeof(one));
#else
	kernel_call(SYS_rt_sigtimedwait_time64, &one, NULL, at_once, sizeof(one));
#endif
}

/*
 * Writes without raising a signal. write(2) raises SIGPIPE for a pipe without a reader, SIGXFSZ if
 * the file may not grow, and SIGTTOU if the terminal is another job's (stty tostop). All go to the
 * calling thread, which blocks them meanwhile. A signal that became pending in between is taken
 * away, unless it was pending before.
 */
static ssize_t write_quietly(const char *text, size_t length)
{
	struct signals blocked = { { 0 } }, before, pending = { { 0 } };
	ssize_t n;

	add_signal(&blocked, SIGPIPE);
	add_signal(&blocked, SIGTTOU);
	add_signal(&blocked, SIGXFSZ);
	if (kernel_call(SYS_rt_sigprocmask, SIG_BLOCK, &blocked, &before, sizeof(blocked)))
		return -1;
	kernel_call(SYS_rt_sigpending, &pending, sizeof(pending));
	n = libc.write(STDERR_FILENO, text, length);
	if (n < 0 && errno == EPIPE && !has_signal(&pending, SIGPIPE))
		take_signal(SIGPIPE);
	if (n < 0 && errno == EFBIG && !has_signal(&pending, SIGXFSZ))
		take_signal(SIGXFSZ);
	kernel_call(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	return n;
}

/*
 * Writes if that does not block: poll(2) says that a short line has room. Returns false if it has
 * none.
 */
static bool write_at_once(const char *text, size_t length)
{
	struct pollfd output = { .fd = STDERR_FILENO, .events = POLLOUT };

	if ((stderr_identity.mode & S_IFMT) == S_IFSOCK)
		return libc.send(STDERR_FILENO, text, length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
	return libc.poll(&output, 1, 0) == 1 && output.revents == POLLOUT &&
	       write_quietly(text, length) >= 0;
}

/* A line that is being composed; text that has no room is cut off. */
struct line {
	char *text;
	size_t length, size;
};

static void line_add(struct line *line, const char *part)
{
	for (; *part && line->length < line->size - 1; part++)
		line->text[line->length++] =
			(unsigned char)*part < ' ' || *part == 127 ? '?' : *part;
}

static void line_add_number(struct line *line, unsigned long value, unsigned int base)
{
	char digits[24];
	size_t n = sizeof(digits) - 1;

	digits[n] = '\0';
	do
		digits[--n] = "0123456789abcdef"[value % base];
	while (value /= base);
	line_add(line, digits + n);
}

static void line_start(struct line *line, char *text, size_t size)
{
	*line = (struct line){ .text = text, .size = size };
	line_add(line, "replyfrom: ");
}

static unsigned int lines_dropped;

static void tell_dropped(void)
{
	unsigned int count = __atomic_exchange_n(&lines_dropped, 0, __ATOMIC_RELAXED);
	char text[64];
	struct line line;

	if (!count)
		return;
	line_start(&line, text, sizeof(text));
	line_add_number(&line, count, 10);
	line_add(&line, " log lines dropped");
	line.text[line.length++] = '\n';
	if (!write_at_once(line.text, line.length))
		__atomic_fetch_add(&lines_dropped, count, __ATOMIC_RELAXED);
}

static void line_end(struct line *line)
{
	int state;

	line->text[line->length++] = '\n';
	/* A thread cancelled in here would leave signals blocked. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	tell_dropped();
	if (!write_at_once(line->text, line->length))
		__atomic_fetch_add(&lines_dropped, 1, __ATOMIC_RELAXED);
	pthread_setcancelstate(state, NULL);
}

void log_parts(enum log_level level, ...)
{
	char text[512];
	struct line line;
	const char *part;
	int e = errno;
	va_list parts;

	if (!is_to_be_written(level)) {
		errno = e;
		return;
	}
	line_start(&line, text, sizeof(text));
	va_start(parts, level);
	while ((part = va_arg(parts, const char *)))
		line_add(&line, part);
	va_end(parts);
	line_end(&line);
	errno = e;
}

void log_number(char *text, unsigned long value)
{
	struct line line = { .text = text, .size = 24 };

	line_add_number(&line, value, 10);
	text[line.length] = '\0';
}

/* Finds the longest row of zeros, of two groups or more; of equal ones the first (RFC 5952). */
static void find_zeros(const uint16_t groups[8], int count, int *start, int *end)
{
	*start = *end = -1;
	for (int first = 0; first < count; first++) {
		int last = first;

		while (last < count && !groups[last])
			last++;
		if (last - first > 1 && last - first > *end - *start) {
			*start = first;
			*end = last;
		}
	}
}

static void line_add_address(struct line *line, const struct in6_addr *address)
{
	bool v4 = address_is_v4(address);
	int count = v4 ? 6 : 8, start, end;
	uint16_t groups[8];

	for (int i = 0; i < 8; i++)
		groups[i] = ntohs(address->s6_addr16[i]);
	find_zeros(groups, count, &start, &end);
	for (int i = 0; i < count; i++) {
		if (i == start) {
			line_add(line, "::");
			i = end - 1;
			continue;
		}
		if (i && i != end)
			line_add(line, ":");
		line_add_number(line, groups[i], 16);
	}
	for (int i = 12; v4 && i < 16; i++) {
		line_add(line, i == 12 ? ":" : ".");
		line_add_number(line, address->s6_addr[i], 10);
	}
}

/* Not inlined: the frame of a caller does not contain its buffer. */
static __attribute__((noinline)) void write_peer_line(int fd, const char *what,
						      const struct in6_addr *host, uint32_t port,
						      const struct in6_addr *local)
{
	char text[176];
	struct line line;

	line_start(&line, text, sizeof(text));
	line_add(&line, "descriptor ");
	line_add_number(&line, (uint32_t)fd, 10);
	line_add(&line, ": ");
	line_add(&line, what);
	line_add(&line, ", peer ");
	line_add_address(&line, host);
	line_add(&line, " port ");
	line_add_number(&line, ntohs((in_port_t)port), 10);
	line_add(&line, ", local address ");
	line_add_address(&line, local);
	line_end(&line);
}

void log_peer(enum log_level level, int fd, const char *what, const struct in6_addr *host,
	      uint32_t port, const struct in6_addr *local)
{
	int e = errno;

	if (!log_is_on(level))
		return;
	if (is_to_be_written(level))
		write_peer_line(fd, what, host, port, local);
	errno = e;
}
