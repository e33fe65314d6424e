#!/bin/sh
# SPDX-License-Identifier: MIT
# Memcheck over the units, the storms' servers and those of the network tests: no error of memory, in the library least
# of all. Helgrind and drd over the servers that have threads: no race but those that are meant.
set -eu

. "${abs_top_srcdir:?}/tests/tools/lib.sh"
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
		"$build/tests/stress/storm/storm" "${STORM_SECONDS:-5}" "$storm" >"$dir/out" 2>&1 && status=0 || status=$?
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

# The loader takes the library before what valgrind itself preloads. A server that executes another program, or itself
# anew, is followed.
preload="env LD_PRELOAD=$build/shim/libreplyfrom.so"
for test in calls connect processes threads; do
	# shellcheck disable=SC2086 # words
	net memcheck test_$test.py $preload valgrind --quiet --trace-children=yes --log-file="$dir/net/log.%p"
done

# Drd does not know where it is in functions as short as those of atomics.h unless it is told to look after each access.
precise='--vex-guest-chase=no --vex-iropt-register-updates=allregs-at-mem-access'
if ! build_library "$dir/helgrind.so" -include "$src/tests/tools/atomics.h" ||
	! build_library "$dir/drd.so" -DDETECTOR_DRD -include "$src/tests/tools/atomics.h"; then
	echo 'not ok - the library for helgrind and drd'
	exit 1
fi
for test in processes threads; do
	for tool in helgrind drd; do
		# shellcheck disable=SC2086
		net $tool test_$test.py env LD_PRELOAD="$dir/$tool.so" valgrind --tool=$tool --quiet --trace-children=yes \
			$precise --suppressions="$src/tests/tools/races.supp" --log-file="$dir/net/log.%p"
	done
done
exit $failed
