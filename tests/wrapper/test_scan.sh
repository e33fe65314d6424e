#!/bin/sh
# SPDX-License-Identifier: MIT
# --scan: servers on the wildcard address as they are, behind replyfrom, and out of its reach.

. "${abs_top_srcdir:?}/tests/wrapper/lib.sh"

cd "$work" || exit 99
# Binds as its arguments say (4 or 6, any or one address, with or without IP_PKTINFO), says its
# port, and waits for the end of its input.
cat >server.c <<'END'
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int count, char **arguments)
{
	int six = !strcmp(arguments[1], "6"), one = !strcmp(arguments[2], "one"), on = 1;
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 own = { .sin6_family = AF_INET6 };
	socklen_t length = six ? sizeof(own) : sizeof(four);
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	char byte;

	four.sin_addr.s_addr = htonl(one ? INADDR_LOOPBACK : INADDR_ANY);
	if (!six)
		memcpy(&own, &four, sizeof(four));
	if (count > 3)
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	if (bind(fd, (void *)&own, length) || getsockname(fd, (void *)&own, &length))
		return 1;
	if (count > 9) /* a receive call, so that it can be helped */
		recvfrom(fd, &byte, 1, 0, 0, 0);
	printf("%d\n", ntohs(own.sin6_port));
	fflush(stdout);
	return read(0, &byte, 1) != 0;
}
END
# shellcheck disable=SC2086 # CC may have options
$CC -o server server.c || exit 99
mkfifo input output

# scan COMMAND...: starts it, and sets $row to its line in the table, $object to that in JSON
scan() {
	"$@" <input >output &
	server=$!
	exec 3>input 4<output
	read -r port <&4
	run "$replyfrom" --scan
	row=$(printf '%s\n' "$out" | grep ":$port " | tr -s ' ')
	like "--scan: 0 and no word of trouble ($*)" '0 ' "$status $err"
	run "$replyfrom" --scan --json
	object=$(printf '%s\n' "$out" | grep "\"port\": $port, " | sed 's/^ *//; s/,$//; s/]}$//')
	exec 3>&- 4<&-
	wait "$server"
}

scan ./server 4 any
row=${row%, unless*}
same 'a plain server' "0.0.0.0:$port $server server can be helped" "$row"
like 'a plain server: JSON' "{\"address\": \"0.0.0.0\", \"port\": $port, \"pid\": $server, \"program\": \
\"server\", \"state\": \"[hp]e[lr][ph]*\"}" "$object"
scan ./server 6 any
same 'IPv6' "[::]:$port $server server can be helped" "${row%, unless*}"
scan ./server 4 one
same 'a server that binds an address is not listed' ' ' "$row $object"
scan "$replyfrom" ./server 4 any
same 'behind replyfrom' "0.0.0.0:$port $server server is behind replyfrom" "$row"
like 'behind replyfrom: JSON' '*"state": "behind"}' "$object"
scan ./server 4 any pktinfo
case $row in
*'unless it asks itself'*) skip 'a server that asks itself' 'its socket may not be looked into' ;;
*) same 'a server that asks itself' "0.0.0.0:$port $server server asks for the address itself" "$row" ;;
esac
# shellcheck disable=SC2086
if $CC -static -o static server.c 2>/dev/null; then
	scan ./static 6 any
	same 'a static server' "[::]:$port $server static cannot be helped: static" "$row"
	like 'a static server: JSON' '*"state": "static"}' "$object"
else
	unavailable 'a static server' 'the C library cannot be linked statically'
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 4755 server
	scan setpriv --reuid=65534 --regid=65534 --clear-groups ./server 4 any
	same 'a server that gained privileges' \
		"0.0.0.0:$port $server server cannot be helped: gains privileges" "$row"
else
	unavailable 'a server that gained privileges' 'needs root and setpriv'
fi
cp server 'a"b'
scan './a"b' 4 any
like 'a name that would spoil JSON' "*$port*a?b*\"program\": \"a?b\"*" "$row $object"

run "$replyfrom" --scan
like 'the addresses' '*This host has *address*BOUND TO *PROCESS *PROGRAM *SERVER*' "$out"
run "$replyfrom" --scan --json
like 'the addresses: JSON' '{"addresses": \[*"servers": \[*]}' "$out"
if [ -x /usr/bin/python3 ]; then
	run "$replyfrom" --scan --json
	same 'sound JSON' 0 "$(printf '%s' "$out" | /usr/bin/python3 -m json.tool >/dev/null; echo $?)"
fi
run "$replyfrom" --scan more
refused 'an argument too much' '--scan takes no*'
finish
