#!/bin/sh
# SPDX-License-Identifier: MIT
# The units, the storms, the differential fuzzer and the network tests' servers under the address, undefined and thread
# sanitizers.
set -eu

. "${abs_top_srcdir:?}/tests/tools/lib.sh"
seconds=${STORM_SECONDS:-3}
count=${FUZZ_COUNT:-1000}

# A sanitizer's report ends the program with this status; leaks are the kernel's to clean up after a test.
export ASAN_OPTIONS=exitcode=99:detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=exitcode=99:halt_on_error=1:die_after_fork=0

run() {
	title=$1
	shift
	if "$@" >"$dir/log" 2>&1; then
		echo "ok - $title"
	else
		echo "not ok - $title"
		tail -n 60 "$dir/log"
		failed=1
	fi
}

units() {
	for unit in "$src"/tests/unit/test_*.c; do
		name=$(basename "$unit" .c)
		# shellcheck disable=SC2086 # the flags are words
		$cc $common -fsanitize="$1" -fno-sanitize-recover=all -I"$src/tests/unit" -o "$dir/$name" "$unit" \
			"$src/shim/wire/cmsg.c" "$src/shim/peers/local_table.c" "$src/shim/peers/peer_table.c" \
			"$src/shim/wire/pktinfo.c" "$src/shim/base/settings.c" -lcmocka
		run "$name, $1" "$dir/$name"
	done
}

# The library is compiled into the program, in front of libc all the same: so the sanitizer sees both.
storm() {
	# shellcheck disable=SC2086
	$cc $common -fsanitize="$1" -fno-sanitize-recover=all -rdynamic -ftls-model=initial-exec -o "$dir/storm" \
		"$src"/tests/stress/storm/*.c "$src"/tests/lib/preload.c "$src"/tests/lib/side.c \
		"$src"/tests/lib/fortified.c "$src"/tests/lib/loopback.c "$src"/shim/*/*.[cS] -ldl
	if [ "$1" != thread ]; then
		run "storms, $1" "$dir/storm" "$seconds"
		return
	fi
	# Not the storm of vandalism, which is one large race.
	run "storms, $1" "$dir/storm" "$seconds" threads signals processes
	TSAN_OPTIONS=$TSAN_OPTIONS:suppressions=$src/tests/tools/tsan.supp \
		run "storm of cancelled threads, $1" "$dir/storm" "$seconds" cancels
}

# The library itself with the sanitizer in front of a program that has none. The sanitizer's run-time library
# has to come first: LD_PRELOAD="libasan.so libreplyfrom.so". The fuzzer gives bad pointers on purpose, which the
# kernel refuses and the sanitizer would not (intercept_send).
preloaded() {
	build_library "$dir/shim/libreplyfrom.so" -fsanitize=address
	first=$($cc -print-file-name=libasan.so)
	ASAN_OPTIONS=$ASAN_OPTIONS:intercept_send=0 abs_top_builddir=$dir REPLYFROM_TEST_BEFORE=$first \
		run 'differential fuzzer, address, by LD_PRELOAD' "$build/tests/fuzz/differential" --count "$count"

	build_library "$dir/both/libreplyfrom.so" -fsanitize=address,undefined -fno-sanitize-recover=all
	for test in calls connect processes python threads netcat socat; do
		ASAN_OPTIONS=$ASAN_OPTIONS:log_path=$dir/net/log UBSAN_OPTIONS=$UBSAN_OPTIONS:log_path=$dir/net/log \
			net address,undefined test_$test.py env LD_PRELOAD="$first:$dir/both/libreplyfrom.so"
	done
}

units address,undefined
units thread
storm address,undefined
storm thread
preloaded
exit $failed
