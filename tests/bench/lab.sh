#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a command in a network namespace of its own, with the server's and the clients' addresses. BENCH_PRELOAD is
# preloaded. BENCH_ENGINE is the second engine: it is attached to a cgroup, whose path the command finds in BENCH_CGROUP.
set -eu

if [ "${1-}" != --inside ]; then
	if [ "$(id -u)" -eq 0 ]; then
		exec unshare --net -- "$0" --inside "$@"
	fi
	exec unshare --map-root-user --net -- "$0" --inside "$@"
fi
shift

# 127.0.0.0/8 is local as it is; one address more, for programs that think a host without any other
# has no IPv4 (AI_ADDRCONFIG). The server's IPv6 addresses 2001:db8::11 to ::18 (in decimal), a
# whole network of peers, and another of server addresses (AnyIP).
ip link set lo up
ip address add 192.0.2.1/32 dev lo
for n in b c d e f 10 11 12; do
	ip -6 address add "2001:db8::$n/128" dev lo nodad
done
ip -6 route add local 2001:db8:1::/64 dev lo
ip -6 route add local 2001:db8:2::/64 dev lo
if [ -n "${BENCH_PRELOAD-}" ]; then
	set -- env LD_PRELOAD="$BENCH_PRELOAD" "$@"
fi
if [ -z "${BENCH_ENGINE-}" ]; then
	exec "$@"
fi

work=$(mktemp -d)
BENCH_CGROUP=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)/replyfrom-bench-$$
export BENCH_CGROUP
attached=
sleeper=
finish() {
	# The engine ends with the last process of its cgroup.
	[ -z "$sleeper" ] || kill "$sleeper" || :
	[ -z "$attached" ] || wait "$attached" || :
	rmdir "$BENCH_CGROUP" "$BENCH_CGROUP.empty" || :
	rm -r "$work"
}
trap finish EXIT
trap 'exit 2' INT TERM
mkdir "$BENCH_CGROUP" "$BENCH_CGROUP.empty"
sleep 1000000 &
sleeper=$!
echo "$sleeper" >"$BENCH_CGROUP/cgroup.procs"
mkfifo "$work/says"
"$BENCH_ENGINE" attach --peers "${BENCH_ENGINE_PEERS:-65536}" --log info "$BENCH_CGROUP" 2>"$work/says" &
attached=$!
exec 3<"$work/says"
read -r line <&3
case $line in
*"helps the sockets"*) ;;
*)
	printf 'bench: %s\n' "$line" >&2
	exit 2
	;;
esac
"$@" 3<&-
