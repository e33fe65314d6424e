#!/bin/sh
# SPDX-License-Identifier: MIT
# measure.sh [ROUNDS]: the cost of the BPF engine beside that of a server which does IP_PKTINFO by hand
# (1.000). As root, in a build tree; in a network namespace of its own.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=${abs_top_builddir:-.}
engine=$(CDPATH='' cd -- "$build/bpf" && pwd)/replyfrom-bpf
if [ -z "${MEASURE_INSIDE:-}" ]; then
	MEASURE_INSIDE=yes abs_top_builddir=$build exec unshare -n -- "$0" "$@"
fi
work=$(mktemp -d)
group=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)/measure-$$
mkdir "$group"
sleeper=
attached=
finish() {
	[ -z "$sleeper" ] || kill "$sleeper" || :
	[ -z "$attached" ] || wait "$attached" || :
	rmdir "$group" || :
	rm -r "$work"
}
trap finish EXIT
${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O2 -o "$work/measure" "$here/measure.c"
ip link set lo up
ip -6 route add local 2001:db8:7::/48 dev lo
sleep 1000000 &
sleeper=$!
echo "$sleeper" >"$group/cgroup.procs"
mkfifo "$work/says"
"$engine" attach --log info "$group" 2>"$work/says" &
attached=$!
read -r line <"$work/says"
printf '%s\n' "$line"
for family in 4 6; do
	for peers in 64 50000; do
		"$work/measure" "$family" "$peers" "${1:-400}" "$group"
	done
done
