#!/bin/sh
# SPDX-License-Identifier: MIT
# The byte targets and random sequences of calls under AFL++, for AFL_SECONDS each. What it finds stays in the build tree.
set -eu

src=${abs_top_srcdir:?}
build=${abs_top_builddir:?}
seconds=${AFL_SECONDS:-60}
targets=${AFL_TARGETS:-control settings calls}
found=$build/tests/fuzz/found
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
number=0

# Nothing asks for the processor's governor, for core files in core_pattern, or for a terminal; the first crash will do.
export AFL_NO_UI=1 AFL_NO_COLOR=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
export AFL_BENCH_UNTIL_CRASH=1
# A hang is what takes as long as it does for libFuzzer (test_bytes.sh); a busy machine makes no hangs.
export AFL_HANG_TMOUT=10000

for tool in afl-fuzz afl-clang-fast clang; do
	command -v $tool >/dev/null 2>&1 || {
		echo "1..0 # SKIP $tool is not installed"
		exit 0
	}
done
flags="-g -O1 -std=gnu11 -D_GNU_SOURCE -include $build/config.h -I$src/shim"

build_bytes() {
	# shellcheck disable=SC2086 # the flags are words
	AFL_USE_ASAN=1 AFL_USE_UBSAN=1 afl-clang-fast $flags -fsanitize=fuzzer -o "$dir/$1.run" \
		"$src/tests/fuzz/bytes_$1.c" "$src/shim/wire/cmsg.c" "$src/shim/wire/pktinfo.c" "$src/shim/base/settings.c"
}

# Only the library is instrumented; AFL++'s own part of it is in the program.
build_calls() {
	mkdir -p "$dir/shim" "$dir/objects" || return
	# shellcheck disable=SC2086
	afl-clang-fast $flags -fPIC -shared -fvisibility=hidden -ftls-model=initial-exec \
		-Wl,--version-script,"$build/shim/exports.map" -o "$dir/shim/libreplyfrom.so" \
		"$src"/shim/*/*.[cS] -ldl || return
	for file in "$src"/tests/fuzz/*.c "$src/tests/lib/loopback.c" "$src/tests/lib/preload.c"; do
		case $file in */differential.c | */bytes_control.c | */bytes_settings.c) continue ;; esac
		# shellcheck disable=SC2086
		clang $flags -c -o "$dir/objects/$(basename "$file" .c).o" "$file" || return
	done
	afl-clang-fast -fsanitize=fuzzer -pthread -o "$dir/calls.run" "$dir"/objects/*.o -ldl
}

build() {
	case $1 in
	calls) build_calls ;;
	*) build_bytes "$1" ;;
	esac
}

figure() {
	sed -n "s/^$2 *: *//p" "$dir/$1.out/default/fuzzer_stats"
}

# What was found and has to be mended: crashes (differences are aborts) and hangs.
keep_found() {
	for file in "$dir/$1.out"/default/crashes/id* "$dir/$1.out"/default/hangs/id*; do
		[ -e "$file" ] || continue
		mkdir -p "$found"
		name=$found/$1-$(cksum <"$file" | cut -d ' ' -f 1)
		cp "$file" "$name"
		echo "# $name"
		[ "$1" != calls ] || "$build/tests/fuzz/differential" --bytes "$name" 2>&1 | sed 's/^/# /'
	done
}

fuzz() {
	abs_top_builddir=$dir afl-fuzz -V "$seconds" -m none -t 5000 -i "$src/tests/fuzz/corpus/$1" \
		-o "$dir/$1.out" -- "$dir/$1.run" >"$dir/$1.log" 2>&1
}

for target in $targets; do
	number=$((number + 1))
	if build "$target" >"$dir/$target.log" 2>&1 && fuzz "$target" &&
		[ "$(figure "$target" execs_done)" -gt 0 ] &&
		[ "$(figure "$target" saved_crashes)" = 0 ] && [ "$(figure "$target" saved_hangs)" = 0 ]; then
		echo "ok $number - $target, $(figure "$target" execs_done) executions, $(figure "$target" edges_found) edges"
	else
		failed=1
		echo "not ok $number - $target"
		tail -n 8 "$dir/$target.log" | sed 's/^/# /'
		keep_found "$target"
	fi
	# A long run shows what it found worth keeping.
	if [ -n "${FUZZ_CORPUS:-}" ]; then
		abs_top_builddir=$dir afl-cmin -m none -t 5000 -i "$dir/$target.out/default/queue" \
			-o "$FUZZ_CORPUS/$target" -- "$dir/$target.run" >/dev/null 2>&1
	fi
done
echo "1..$number"
exit $failed
