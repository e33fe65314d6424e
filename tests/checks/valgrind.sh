#!/bin/sh
# SPDX-License-Identifier: MIT
# Memcheck over the units and the storms' servers: no error of memory, in the library least of all.
set -eu

build=${abs_top_builddir:?}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
command -v valgrind >/dev/null || {
	echo 'valgrind is not installed'
	exit 77
}
# PKTINFO goes to the kernel with its padding: "uninitialised bytes" there would be ours to clear, so nothing is suppressed.
memcheck="valgrind --quiet --error-exitcode=99 --trace-children=no --log-file=$dir/log"

for unit in "$build"/tests/unit/test_*; do
	case $unit in *.*) continue ;; esac
	: >"$dir/log"
	# shellcheck disable=SC2086 # words
	if $memcheck "$unit" >/dev/null 2>&1; then
		echo "ok - $(basename "$unit")"
	elif [ -s "$dir/log" ]; then
		echo "not ok - $(basename "$unit")"
		cat "$dir/log"
		failed=1
	else
		echo "not ok - $(basename "$unit"): did not pass, without an error of memory"
		failed=1
	fi
done

# Servers that receive and answer in all ways, in threads, handlers and children. Slow, so it takes longer.
for storm in threads cancels signals processes; do
	rm -f "$dir"/log.*
	# The library is there from the start: valgrind can't follow a program that executes itself anew.
	LD_PRELOAD=$build/shim/libreplyfrom.so valgrind --quiet --error-exitcode=99 --log-file="$dir/log.%p" \
		"$build/tests/storm/storm" "${STORM_SECONDS:-5}" "$storm" >"$dir/out" 2>&1 && status=0 || status=$?
	# Killed children leave logs without errors; a wrong answer or an error of memory is a failure.
	if [ "$status" = 0 ] && ! grep -qs '^==[0-9]*== .*\(Invalid\|ninitialised\|points to\|Mismatched\)' "$dir"/log.*; then
		echo "ok - storm of $storm: $(sed -n 's/^ok [0-9] - [a-z]*: //p' "$dir/out")"
	else
		echo "not ok - storm of $storm"
		cat "$dir/out"
		cat "$dir"/log.* | head -n 80
		failed=1
	fi
done
exit $failed
