// SPDX-License-Identifier: MIT
// Writes log lines without stdio.

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "libc.h"
#include "report.h"

enum { LINE = 512 };

enum log_level report_level = LOG_ERROR;

static bool goes_to_the_network(int fd)
{
	int domain;
	socklen_t length = sizeof(domain);

	return !libc.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) && domain != AF_UNIX;
}

void report_parts(enum log_level level, ...)
{
	static const char prefix[] = "replyfrom: ";
	size_t length = sizeof(prefix) - 1;
	char line[LINE];
	const char *part;
	int e = errno;
	va_list parts;

	if (report_level < level || goes_to_the_network(STDERR_FILENO)) {
		errno = e;
		return;
	}
	memcpy(line, prefix, length);
	va_start(parts, level);
	while ((part = va_arg(parts, const char *)))
		for (; *part && length < sizeof(line) - 1; part++)
			line[length++] = (unsigned char)*part < ' ' || *part == 127 ? '?' : *part;
	va_end(parts);
	line[length++] = '\n';
	while (write(STDERR_FILENO, line, length) < 0 && errno == EINTR)
		;
	errno = e;
}

void report_number(char *text, unsigned long value)
{
	char digits[24];
	int n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	while (n)
		*text++ = digits[--n];
	*text = '\0';
}

void report_peer(enum log_level level, int fd, const char *what, const struct peer *peer,
		 const struct in6_addr *local)
{
	int e = errno;
	char descriptor[12], port[12], host[INET6_ADDRSTRLEN], own[INET6_ADDRSTRLEN];

	if (!report_on(level))
		return;
	report_number(descriptor, (uint32_t)fd);
	report_number(port, ntohs(peer->port));
	inet_ntop(AF_INET6, &peer->host, host, sizeof(host));
	inet_ntop(AF_INET6, local, own, sizeof(own));
	report_line(level, "descriptor ", descriptor, ": ", what, ", peer ", host, " port ", port,
		    ", local address ", own);
	errno = e;
}
