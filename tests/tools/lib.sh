# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # the checks use these variables
# What the checks share: their results, and the network tests with other libraries and other runners.

src=${abs_top_srcdir:?}
build=${abs_top_builddir:?}
cc=${CC:-gcc}
python=${PYTHON3:-python3}
failed=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# How the library is compiled for a check: flags that come before the sources.
common="-std=gnu11 -g -O1 -fno-omit-frame-pointer -D_GNU_SOURCE -include $build/config.h -I$src/shim -pthread"

# build_library FILE FLAG...: the library, made with more flags.
build_library() {
	library=$1
	shift
	mkdir -p "$(dirname "$library")"
	# shellcheck disable=SC2086 # the flags are words
	$cc $common "$@" -fPIC -shared -fvisibility=hidden -ftls-model=initial-exec \
		-Wl,--version-script,"$build/shim/exports.map" -o "$library" "$src"/shim/*/*.[cS] -ldl
}

# net TITLE TEST RUNNER...: a network test, its helped servers started by RUNNER, which writes what it
# finds to $dir/net/log.PID. Every answer has to be right, and nothing found.
net() {
	title="tests/net/$2, $1"
	script=$src/tests/net/$2
	shift 2
	rm -rf "$dir/net"
	mkdir "$dir/net"
	if ! REPLYFROM_TEST_DEADLINE=60 REPLYFROM_TEST_RUNNER="$*" "$python" "$script" >"$dir/out" 2>&1; then
		echo "not ok - $title"
		grep -v '^ok ' "$dir/out" | head -n 40
		failed=1
	elif cat "$dir/net"/log.* 2>/dev/null | grep -q .; then
		echo "not ok - $title"
		cat "$dir/net"/log.* | head -n 80
		failed=1
	else
		echo "ok - $title: $(grep -c '^ok ' "$dir/out") answers$(sed -n 's/^1\.\.0//p' "$dir/out")"
	fi
}
