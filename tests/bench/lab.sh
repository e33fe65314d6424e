#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a command in a network namespace of its own, with the server's and the clients' addresses.
set -eu

if [ "${1-}" != --inside ]; then
	if [ "$(id -u)" -eq 0 ]; then
		exec unshare --net -- "$0" --inside "$@"
	fi
	exec unshare --map-root-user --net -- "$0" --inside "$@"
fi
shift

# 127.0.0.0/8 is local as it is; one address more, for programs that think a host without any other
# has no IPv4 (AI_ADDRCONFIG). The server's IPv6 addresses 2001:db8::11 to ::18 (in decimal), and
# a whole network of peers.
ip link set lo up
ip address add 192.0.2.1/32 dev lo
for n in b c d e f 10 11 12; do
	ip -6 address add "2001:db8::$n/128" dev lo nodad
done
ip -6 route add local 2001:db8:1::/64 dev lo
if [ -n "${BENCH_PRELOAD-}" ]; then
	exec env LD_PRELOAD="$BENCH_PRELOAD" "$@"
fi
exec "$@"
