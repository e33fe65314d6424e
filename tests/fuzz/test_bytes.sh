#!/bin/sh
# SPDX-License-Identifier: MIT
# Random bytes for the pure modules, by libFuzzer, for FUZZ_SECONDS each (3 in `make check`).
set -eu

targets='control settings'
src=${abs_top_srcdir:-.}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

command -v clang >/dev/null 2>&1 || skip 'clang is not installed'
flags='-g -O1 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined'
echo 'int LLVMFuzzerTestOneInput(const char *data, unsigned long size);
int LLVMFuzzerTestOneInput(const char *data, unsigned long size) { return !data && size; }' >"$dir/probe.c"
# shellcheck disable=SC2086 # the flags are words
clang $flags -o "$dir/probe" "$dir/probe.c" 2>/dev/null || skip 'clang has no libFuzzer'

number=0
failed=0
for target in $targets; do
	number=$((number + 1))
	cp -r "$src/tests/fuzz/corpus/$target" "$dir/$target"
	# shellcheck disable=SC2086
	if clang $flags -I"$src/shim" -o "$dir/$target.run" "$src/tests/fuzz/bytes_$target.c" \
		"$src/shim/wire/cmsg.c" "$src/shim/wire/pktinfo.c" "$src/shim/base/settings.c" \
		2>"$dir/$target.log" &&
		(cd "$dir" && "./$target.run" -max_len=1024 -print_final_stats=1 -timeout=10 \
			-max_total_time="${FUZZ_SECONDS:-3}" "$target") >>"$dir/$target.log" 2>&1; then
		echo "ok $number - $target, $(sed -n 's/^stat::number_of_executed_units: *//p' \
			"$dir/$target.log") executions"
		# A long run shows what it found worth keeping.
		[ -z "${FUZZ_CORPUS:-}" ] || "$dir/$target.run" -merge=1 "$FUZZ_CORPUS/$target" \
			"$dir/$target" 2>/dev/null
	else
		failed=1
		echo "not ok $number - $target"
		tail -n 40 "$dir/$target.log" | sed 's/^/# /'
	fi
done
echo "1..$number"
exit $failed
