#!/bin/sh
# SPDX-License-Identifier: MIT
# How much of shim/ the tests reach: the library built with gcov's counters in front of the tests as they are, and the units with
# the pure modules. COVERAGE_LINES=yes shows what was not reached. Whether the tests pass is said, but `make check` is for that.
set -eu

src=${abs_top_srcdir:?}
build=${abs_top_builddir:?}
cc=${CC:-gcc}
gcov=${GCOV:-gcov}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

command -v "$gcov" >/dev/null 2>&1 || skip "$gcov is not installed"
common="-std=gnu11 -g -O0 -D_GNU_SOURCE -include $build/config.h -I$src/shim --coverage -fprofile-update=atomic"
echo 'int main(void) { return 0; }' >"$dir/probe.c"
# shellcheck disable=SC2086 # the flags are words
$cc $common -o "$dir/probe" "$dir/probe.c" 2>/dev/null || skip "$cc has no gcov"
rm -f "$dir"/*probe*

# The build tree as the tests know it, with another library in it.
mkdir "$dir/objects" "$dir/tree" "$dir/tree/shim" "$dir/tree/scripts" "$dir/tree/tools"
ln -s "$build/tests" "$build/config.h" "$dir/tree"
cp "$build"/scripts/replyfrom* "$dir/tree/scripts"
cp "$build"/tools/replyfrom* "$build/tools/libcheck.a" "$dir/tree/tools"
sed 's/{ global:/& _exit; _Exit; execve; execv; execvp;/' "$build/shim/exports.map" >"$dir/exports.map"
cp "$build/shim/exports.map" "$dir/tree/shim"

library() {
	for file in "$src"/shim/*/*.[cS] "$src/tests/tools/flush.c"; do
		object=$(echo "${file#"$src"/}" | tr / - | sed 's/[cS]$/o/')
		# shellcheck disable=SC2086
		$cc $common -fPIC -fvisibility=hidden -ftls-model=initial-exec -c -o "$dir/objects/$object" "$file"
	done
	# shellcheck disable=SC2086
	$cc $common -shared -Wl,-z,nodelete -Wl,--version-script,"$dir/exports.map" \
		-o "$dir/tree/shim/libreplyfrom.so" "$dir"/objects/*.o -ldl
	# Tests that give up privileges count too.
	chmod 755 "$dir" && chmod 777 "$dir/objects"
}

run() {
	title=$1
	shift
	if abs_top_builddir=$dir/tree "$@" >"$dir/log" 2>&1 && ! grep -q '^not ok' "$dir/log"; then
		echo "# $title"
	elif [ $? = 77 ]; then
		echo "# $title: SKIP"
	else
		echo "# $title: did not pass"
		grep -A3 '^not ok' "$dir/log" | head -n 12 | sed 's/^/#   /'
	fi
}

units() {
	for unit in "$src"/tests/unit/test_*.c; do
		name=$(basename "$unit" .c)
		mkdir "$dir/objects/$name"
		# shellcheck disable=SC2086
		$cc $common -pthread -I"$src/tests/unit" -o "$dir/objects/$name/unit" "$unit" "$src/shim/wire/cmsg.c" \
			"$src/shim/peers/peer_table.c" "$src/shim/wire/pktinfo.c" "$src/shim/base/settings.c" -lcmocka 2>/dev/null ||
			{ echo '# units: cmocka is not installed' && break; }
		run "$name" "$dir/objects/$name/unit"
	done
}

library
units
for program in matrix/matrix descriptors/descriptors threads/threads effects/effects effects/calls faults/limits; do
	run "$program" "$build/tests/transparency/$program"
done
run fuzz/differential "$build/tests/fuzz/differential" --count "${COVERAGE_COUNT:-4000}"
run storm/storm "$build/tests/stress/storm/storm" "${STORM_SECONDS:-2}"
run faults/test_faults.sh sh "$src/tests/transparency/faults/test_faults.sh"
for test in preload status; do
	run "cli/test_$test.sh" sh "$src/tests/cli/test_$test.sh"
done
for test in "$src"/tests/net/test_*.py; do
	run "net/$(basename "$test")" "${PYTHON3:-python3}" "$test"
done
"${PYTHON3:-python3}" "$src/tests/tools/report.py" "$gcov" "$dir/objects" "$src" ${COVERAGE_LINES:+--lines}
